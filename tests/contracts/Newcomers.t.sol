// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {Flood} from "./Flood.sol";
import {StakeVoteBench} from "./StakeVoteBench.sol";

/// @dev Who waits, who comes in, and how the registry keeps its order when somebody leaves.
contract NewcomersTest is StakeVoteBench {
    uint256 private constant TOKEN = 1e18;

    /// @dev Members 0 to 4 are founders; two come in with a round.
    function setUp() public override {
        for (uint256 i = 0; i < 5; ++i) {
            founders.push(account(i));
        }
        newcomers = 2;
        super.setUp();
        joinMany(5, BOND);
    }

    // ------------------------------------------------------------------ who waits, and for which round

    function test_founders_are_in_at_once_before_the_first_round_alone() public {
        assertEq(waits(4), 0);
        joinOne(account(5), BOND);
        skipRound();
        leave(4);
        vm.warp(block.timestamp + 1000);
        vm.prank(account(4));
        federation.withdraw();
        joinOne(account(4), BOND);
        assertEq(waits(4), 3);
    }

    function test_who_joins_waits_for_a_whole_round() public {
        joinOne(account(5), BOND);
        assertEq(waits(5), 2, "before the first round, too");
        openAndDraw();
        assertEq(federation.roundOf(1).members, 5);
        assertEq(federation.memberOf(account(5)).roles, 0);
        assertEq(federation.status().voters, 3, "nobody waits for who waits");
        settleNothing();
        assertEq(waits(5), 2);
        joinOne(account(6), BOND);
        assertEq(waits(6), 3);
        openAndDraw();
        assertEq(federation.roundOf(2).members, 6);
        assertEq(waits(5), 0);
        assertTrue(federation.memberOf(account(5)).roles != 0);
        assertEq(federation.memberOf(account(6)).roles, 0);
    }

    function test_no_more_come_in_than_the_limit() public {
        for (uint256 i = 5; i < 11; ++i) {
            joinOne(account(i), BOND);
        }
        skipRound();
        for (uint256 round = 2; round < 5; ++round) {
            for (uint256 i = 5; i < 11; ++i) {
                uint256 turn = 2 + (i - 5) / 2;
                assertEq(waits(i), turn < round ? 0 : turn);
            }
            skipRound();
            assertEq(federation.roundOf(round).members, 5 + 2 * (round - 1));
        }
    }

    function test_the_latest_wait_even_if_nobody_else_does() public {
        skipRound();
        joinOne(account(5), BOND);
        joinOne(account(6), BOND);
        joinOne(account(7), BOND);
        assertEq(waits(5), 3);
        assertEq(waits(6), 3);
        assertEq(waits(7), 3, "at the earliest: two come in with it");
        skipRound();
        assertEq(waits(7), 4);
    }

    // ------------------------------------------------------------------ what who waits can and can't do

    function test_who_waits_has_no_part() public {
        joinOne(account(5), BOND);
        openAndDraw();
        refuses(account(5), proposing(1, 1), wrongRole(account(5), 0, Roles.PROPOSER));
        proposeAll();
        refuses(account(5), abi.encodeCall(IFederation.commit, (1, "hidden")), wrongRole(account(5), 0, Roles.VOTER));
    }

    function test_who_waits_leaves_with_its_stake_and_deposits_in_vain() public {
        joinOne(account(5), BOND);
        fund(account(5), BOND);
        vm.startPrank(account(5));
        federation.deposit(BOND);
        assertEq(waits(5), 2);
        federation.claim();
        federation.exit();
        vm.warp(block.timestamp + 1000);
        federation.withdraw();
        assertEq(token.balanceOf(account(5)), 2 * BOND);
        assertEq(federation.memberCount(), 5);
    }

    function test_enough_must_be_in() public {
        leave(0);
        joinOne(account(5), BOND);
        joinOne(account(6), BOND);
        bytes memory few = abi.encodeWithSelector(IFederation.TooFewMembers.selector, 4, 5);
        refuses(account(1), abi.encodeCall(IFederation.open, ()), few);
    }

    function test_who_comes_in_counts_for_its_round() public {
        joinOne(account(5), BOND);
        skipRound();
        leave(0);
        openAndDraw();
        assertEq(federation.roundOf(2).members, 5);
        assertTrue(federation.memberOf(account(5)).roles != 0);
    }

    // ------------------------------------------------------------------ leaving each zone

    /// @dev Five are in, 5 to 8 may come in next, 9 to 11 are too new.
    function fillZones() private {
        for (uint256 i = 5; i < 9; ++i) {
            joinOne(account(i), BOND);
        }
        skipRound();
        for (uint256 i = 9; i < 12; ++i) {
            joinOne(account(i), BOND);
        }
        assertOrder("0 1 2 3 4 5 6 7 8 9 a b");
    }

    function test_leaving_those_who_are_in() public {
        fillZones();
        leave(1);
        assertOrder("0 4 2 3 8 5 6 7 b 9 a");
        openAndDraw();
        assertEq(federation.roundOf(2).members, 6, "four, and two who came in");
        assertEq(waits(8), 0);
        assertEq(waits(5), 0);
        assertEq(waits(6), 3);
    }

    function test_the_last_who_is_in_leaves() public {
        fillZones();
        leave(4);
        assertOrder("0 1 2 3 8 5 6 7 b 9 a");
    }

    function test_leaving_those_who_are_next() public {
        fillZones();
        leave(6);
        assertOrder("0 1 2 3 4 5 8 7 b 9 a");
        assertEq(waits(8), 2);
        assertEq(waits(11), 3, "still too new");
    }

    function test_leaving_the_latest() public {
        fillZones();
        leave(9);
        assertOrder("0 1 2 3 4 5 6 7 8 b a");
        leave(10);
        assertOrder("0 1 2 3 4 5 6 7 8 b");
    }

    function test_leaving_an_only_one() public {
        joinOne(account(5), BOND);
        leave(5);
        assertOrder("0 1 2 3 4");
        joinOne(account(6), BOND);
        skipRound();
        leave(6);
        assertOrder("0 1 2 3 4");
        skipRound();
        assertEq(federation.roundOf(2).members, 5);
    }

    function test_a_founder_passes_those_who_wait() public {
        leave(3);
        joinOne(account(5), BOND);
        joinOne(account(6), BOND);
        vm.warp(block.timestamp + 1000);
        vm.prank(account(3));
        federation.withdraw();
        joinOne(account(3), BOND);
        assertOrder("0 1 2 4 3 6 5");
        assertEq(waits(3), 0);
    }

    // ------------------------------------------------------------------ founders

    function test_a_founder_that_comes_late_passes_all_zones() public {
        founders.push(account(11));
        deployAnew();
        joinMany(5, BOND);
        joinOne(account(5), BOND);
        joinOne(account(6), BOND);
        skipRound();
        joinOne(account(7), BOND);
        joinOne(account(8), BOND);
        assertOrder("0 1 2 3 4 5 6 7 8");
        joinOne(account(11), BOND);
        assertOrder("0 1 2 3 4 b 6 5 8 7");
        assertEq(waits(11), 0);
        skipRound();
        assertEq(federation.roundOf(2).members, 8, "and two more, as ever");
        comeBack(11);
        assertEq(waits(11), 4, "once");
    }

    function test_a_founder_that_left_before_the_first_round_comes_back_before_it() public {
        comeBack(4);
        assertEq(waits(4), 0);
        leave(4);
        skipTo(1000);
        vm.prank(account(4));
        federation.withdraw();
        joinOne(account(5), BOND);
        bytes memory few = abi.encodeWithSelector(IFederation.TooFewMembers.selector, 4, 5);
        refuses(account(1), abi.encodeCall(IFederation.open, ()), few);
    }

    function test_most_founders_must_be_there_for_the_first_round() public {
        for (uint256 i = 5; i < 9; ++i) {
            founders.push(account(i));
        }
        deployAnew();
        joinMany(4, BOND);
        joinOne(account(10), BOND);
        bytes memory few = abi.encodeWithSelector(IFederation.TooFewMembers.selector, 4, 7);
        refuses(account(1), abi.encodeCall(IFederation.open, ()), few);
        skipTo(1e6);
        refuses(account(1), abi.encodeCall(IFederation.open, ()), few);
        for (uint256 i = 4; i < 7; ++i) {
            joinOne(account(i), BOND);
        }
        skipRound();
        assertEq(federation.roundOf(1).members, 7);
        assertEq(waits(10), 2);
    }

    /// @dev Founders who never come put it off once, and nobody comes in in their place.
    function test_the_first_round_is_put_off_once_for_founders_who_are_missing() public {
        for (uint256 i = 5; i < 9; ++i) {
            founders.push(account(i));
        }
        deployAnew();
        joinMany(6, BOND);
        joinOne(account(10), BOND);
        uint256 until = postpone(1);
        assertEq(waits(10), 2);
        vm.warp(until);
        federation.open();
        assertEq(federation.roundOf(1).members, 6);
        assertEq(waits(10), 2);
    }

    function test_where_nobody_is_named_the_first_are_founders() public {
        delete founders;
        delete members;
        federation = deploy();
        joinMany(6, BOND);
        assertEq(waits(5), 0);
        skipRound();
        assertEq(federation.roundOf(1).members, 6);
        joinOne(account(6), BOND);
        assertEq(waits(6), 3);
    }

    // ------------------------------------------------------------------ a federation that lacks members

    function test_a_round_lets_in_as_many_as_it_lacks() public {
        for (uint256 i = 5; i < 12; ++i) {
            joinOne(account(i), BOND);
        }
        skipRound();
        for (uint256 i = 0; i < 4; ++i) {
            leave(i);
        }
        assertEq(federation.members(0, 99)[4].waitsFor, 2, "the fifth makes it five");
        assertEq(federation.members(0, 99)[5].waitsFor, 3);
        assertEq(federation.members(0, 99)[7].waitsFor, 4);
        skipRound();
        assertEq(federation.roundOf(2).members, 5);
        skipRound();
        assertEq(federation.roundOf(3).members, 7);
    }

    function test_a_round_is_postponed_for_the_latest() public {
        skipRound();
        leave(0);
        leave(1);
        joinOne(account(5), BOND);
        skipTo(50);
        bytes memory few = abi.encodeWithSelector(IFederation.TooFewMembers.selector, 3, 5);
        refuses(account(2), abi.encodeCall(IFederation.open, ()), few);
        joinOne(account(6), BOND);
        joinOne(account(7), BOND);
        assertEq(waits(6), 2, "they are needed");
        assertEq(waits(7), 3);

        uint256 until = postpone(2);
        assertEq(waits(6), 2);
        vm.warp(until);
        federation.open();
        assertEq(federation.roundOf(2).members, 5);
        assertEq(waits(7), 3);
    }

    /// @dev Let `open` put `round` off, and see that it opens no earlier than `until`.
    function postpone(uint256 round) private returns (uint256 until) {
        until = block.timestamp + 1000;
        vm.expectEmit(address(federation));
        emit IFederation.Postponed(round, until);
        federation.open();
        assertEq(federation.status().round, round - 1);
        assertEq(uint256(federation.status().phase), uint256(IFederation.Phase.Open));
        assertEq(federation.status().restUntil, until);
        bytes memory early = abi.encodeWithSelector(IFederation.TooEarly.selector, block.timestamp, until);
        refuses(account(2), abi.encodeCall(IFederation.open, ()), early);
    }

    function deployAnew() private {
        delete members;
        federation = deploy();
    }

    function comeBack(uint256 i) private {
        leave(i);
        skipTo(1000);
        vm.prank(account(i));
        federation.withdraw();
        joinOne(account(i), BOND);
    }

    function skipTo(uint256 later) private {
        vm.warp(block.timestamp + later);
    }

    // ------------------------------------------------------------------ with managers

    function test_managers_vouch_for_the_first_where_nobody_is_named() public {
        delete founders;
        delete members;
        managers = [ADA];
        federation = deploy();
        for (uint256 i = 0; i < 6; ++i) {
            allowed(account(i));
        }
        joinMany(5, BOND);
        assertEq(waits(4), 0);
        skipRound();
        joinOne(account(5), BOND);
        assertEq(waits(5), 3, "after it, they let in and the limit holds");
        vm.prank(ADA);
        IManagers(address(federation)).expel(0, one(account(5)));
        federation.evict(one(account(5)));
        assertEq(standing(account(5)), uint256(IFederation.Standing.Banned));
        assertEq(federation.memberCount(), 5);
    }

    // ------------------------------------------------------------------ terms

    function test_terms_about_newcomers() public {
        expectInvalid("founders", 4); // too few to open the first round
        founders.pop();
        deploy();
        founders.push(account(2));
        expectInvalid("founders", 4); // at this place
        deploy();
        founders[4] = address(0);
        expectInvalid("founders", 4);
        deploy();
        newcomers = 0;
        expectInvalid("founders", 5); // nobody waits
        deploy();
        delete founders;
        newcomers = 1;
        deploy();
        managers = [ADA];
        deploy();
    }

    // ------------------------------------------------------------------ a flood

    /// @dev Forty join and open in one transaction, ten honest members are there. Nobody who joined has a part in that
    /// round. The honest are paid for it, and leave when it is over, before any of the forty came in: they lose nothing,
    /// and the forty gain nothing.
    function test_flood_and_open_at_once() public {
        Flood flood = founded();
        flood.pour(federation, token, 16 * TOKEN, 40);
        assertEq(federation.roundOf(1).members, 10);
        vm.roll(block.number + 1);
        federation.draw();
        for (uint256 i = 0; i < 40; ++i) {
            assertEq(federation.memberOf(address(flood.puppets(i))).roles, 0);
            bytes memory data = abi.encodeCall(IFederation.propose, (1, OTHER, 1, 1));
            assertFalse(flood.act(i, address(federation), data));
        }
        proposeAll();
        vote(ballotsOf(6, 0, 0));
        federation.settle();
        assertEq(federation.head(), MODEL);
        for (uint256 i = 0; i < 10; ++i) {
            leave(i);
        }
        vm.warp(block.timestamp + 1000);
        federation.open();
        assertEq(federation.roundOf(2).members, 7, "they may play alone");
        assertEq(wealthOf(10), 260 * TOKEN, "the honest have the pool");
        assertEq(wealthOf(flood), 640 * TOKEN, "and the flood what it brought");
    }

    /// @dev As long as honest members stay they are the majority for rounds to come: two of forty come in with each.
    function test_a_flood_is_a_minority_for_a_while() public {
        Flood flood = founded();
        flood.pour(federation, token, 16 * TOKEN, 40);
        vm.roll(block.number + 1);
        federation.draw();
        settleNothing();
        for (uint256 round = 2; round < 6; ++round) {
            openAndDraw();
            settleNothing();
            uint256 strangers = federation.roundOf(round).members - 10;
            assertEq(strangers, 2 * (round - 1));
            assertLt(strangers, 10);
        }
    }

    /// @dev The terms of a deployment by default, ten honest members, a hundred tokens, and who will flood them.
    function founded() private returns (Flood flood) {
        delete founders;
        delete members;
        for (uint256 i = 0; i < 10; ++i) {
            founders.push(account(i));
        }
        IStakeVote.StakeVoteTerms memory t = terms();
        (t.bond, t.proposerStake, t.voterStake) = (16 * TOKEN, 16 * TOKEN, 8 * TOKEN);
        (t.proposers, t.minVoters) = (4, 3);
        federation = new StakeVote(t);
        joinMany(10, 16 * TOKEN);
        fund(address(this), 100 * TOKEN);
        federation.fund(100 * TOKEN);
        flood = new Flood();
        token.mint(address(flood), 640 * TOKEN);
    }

    // ------------------------------------------------------------------ words

    function waits(uint256 i) private view returns (uint256) {
        return federation.memberOf(account(i)).waitsFor;
    }

    function leave(uint256 i) private {
        vm.prank(account(i));
        federation.exit();
    }

    function settleNothing() private {
        pass(IFederation.Phase.Propose);
        federation.settle();
    }

    function wealthOf(uint256 count) private view returns (uint256 sum) {
        for (uint256 i = 0; i < count; ++i) {
            sum += balance(account(i)) + token.balanceOf(account(i));
        }
    }

    function wealthOf(Flood flood) private view returns (uint256 sum) {
        for (uint256 i = 0; i < 40; ++i) {
            sum += balance(address(flood.puppets(i))) + token.balanceOf(address(flood.puppets(i)));
        }
    }

    /// @dev The registry's order, of accounts by their numbers, a letter each; and everybody knows its place.
    function assertOrder(string memory expected) private view {
        IFederation.MemberView[] memory list = federation.members(0, 99);
        bytes memory order = new bytes(list.length * 2 - 1);
        for (uint256 i = 0; i < list.length; ++i) {
            order[2 * i] = bytes("0123456789abcdef")[uint160(list[i].account) - uint160(account(0))];
            if (i != 0) order[2 * i - 1] = " ";
            assertEq(list[i].record.index, i + 1, "place");
        }
        assertEq(string(order), expected);
    }
}
