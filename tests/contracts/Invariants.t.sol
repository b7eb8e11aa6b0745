// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Handler} from "./Handler.sol";
import {Test} from "forge-std/Test.sol";

/// @dev What holds after any sequence of actions. The handler's own calls never fail; what may fail, `meddle` tries.
/// forge-config: default.invariant.fail-on-revert = true
/// forge-config: ci.invariant.fail-on-revert = true
/// forge-config: deep.invariant.fail-on-revert = true
contract InvariantsTest is Test {
    uint256 private constant BOND = 100;
    uint256 private constant FUNDS = 1000;

    StakeVote private federation;
    JuryToken private token;
    Handler private handler;

    function setUp() public {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        token = new JuryToken(0, address(0), address(this));
        FixedBeacon beacon = new FixedBeacon("invariants");
        federation = new StakeVote(
            IStakeVote.StakeVoteTerms({
                token: address(token),
                beacon: address(beacon),
                genesis: keccak256("genesis"),
                bond: BOND,
                proposerStake: 37,
                voterStake: 23,
                seats: 2,
                minVoters: 3,
                quorumBps: 5000,
                maxSamples: 100,
                schedule: IFederation.Schedule({
                    open: 10, propose: 100, commit: 100, reveal: 100, publish: 0, unbonding: 300
                })
            })
        );
        handler = new Handler(federation, token);
        token.mint(address(handler), FUNDS);
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            token.mint(handler.accountAt(i), FUNDS);
        }
        targetContract(address(handler));
    }

    /// @dev One campaign for all of them, so that it can be a long one; the message of a failure names what broke.
    function invariant_all_hold() public {
        solvency();
        tokens_are_neither_made_nor_lost();
        settled_rounds_never_change();
        banned_accounts_never_act_again();
        one_act_a_round_and_member();
        phases_only_go_forward();
        head_changes_only_when_accepted();
        registry_is_a_list_without_gaps_or_doubles();
        registry_is_frozen_during_a_round();
        members_can_afford_to_act();
        counts_of_a_round_agree();
    }

    /// @dev Every stake with what is due, and the pool, are covered by the balance, to the unit but for donations.
    function solvency() private view {
        assertEq(token.balanceOf(address(federation)), owed() + handler.donated(), "solvency");
    }

    /// @dev At the end of each run: booking all dues changes nothing of what is owed, and everybody can leave with it.
    function afterInvariant() public {
        uint256 before = owed();
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            // refused where the account is a stranger or acted in the round in play
            try federation.collect(handler.accountAt(i)) {} catch {}
        }
        assertEq(owed(), before, "solvency survives collecting everything");
        if (federation.phase() != IFederation.Phase.Open) return;
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            address account = handler.accountAt(i);
            if (federation.seatOf(account).member.standing == IFederation.Standing.Member) {
                vm.prank(account);
                federation.exit();
            }
            address[] memory list = new address[](1);
            list[0] = account;
            federation.evict(list);
        }
        vm.warp(block.timestamp + 300);
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            vm.prank(handler.accountAt(i));
            try federation.withdraw() {} catch {}
            assertEq(federation.seatOf(handler.accountAt(i)).member.stake, 0, "everybody can leave with what it has");
        }
        uint256 rest = federation.pool() + handler.donated();
        assertEq(token.balanceOf(address(federation)), rest, "everybody can leave with what it has");
    }

    function tokens_are_neither_made_nor_lost() private view {
        uint256 sum = token.balanceOf(address(federation)) + token.balanceOf(address(handler));
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            sum += token.balanceOf(handler.accountAt(i));
        }
        assertEq(sum, token.totalSupply(), "tokens are neither made nor lost");
        assertEq(sum, FUNDS * (handler.ACCOUNTS() + 1), "tokens are neither made nor lost");
    }

    function settled_rounds_never_change() private view {
        uint256 rounds = federation.status().round;
        for (uint256 i = 1; i <= rounds; ++i) {
            IFederation.Round memory r = federation.roundOf(i);
            if (r.outcome == IFederation.Outcome.None) {
                assertEq(i, rounds, "only the current round is open");
            } else {
                assertEq(keccak256(abi.encode(r)), handler.settledRecord(i), "settled rounds never change");
            }
        }
    }

    /// @dev Nor is anything paid to it: its stake doesn't grow, it takes out at most what it had left.
    function banned_accounts_never_act_again() private view {
        assertEq(handler.bannedActed(), 0, "banned accounts never act again");
    }

    function one_act_a_round_and_member() private view {
        assertEq(handler.actedTwice(), 0, "one act a round and member");
        assertEq(handler.collectedTwice(), 0, "one act a round and member");
    }

    function phases_only_go_forward() private view {
        assertEq(handler.phaseWentBack(), 0, "phases only go forward");
    }

    function head_changes_only_when_accepted() private view {
        assertEq(federation.head(), handler.expectedHead(), "head changes only when accepted");
    }

    function registry_is_a_list_without_gaps_or_doubles() private view {
        IFederation.Seat[] memory seats = federation.seats(0, type(uint256).max);
        assertEq(seats.length, federation.memberCount(), "registry is a list without gaps or doubles");
        for (uint256 i = 0; i < seats.length; ++i) {
            assertEq(seats[i].member.index, i + 1, "registry is a list without gaps or doubles");
            assertTrue(
                seats[i].member.standing == IFederation.Standing.Member
                    || seats[i].member.standing == IFederation.Standing.Banned
            );
        }
        uint256 registered = 0;
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            if (federation.seatOf(handler.accountAt(i)).member.index != 0) ++registered;
        }
        assertEq(registered, seats.length, "registry is a list without gaps or doubles");
    }

    /// @dev During a round the registry is what was frozen, and its members' positions are all different.
    function registry_is_frozen_during_a_round() private view {
        IFederation.Status memory s = federation.status();
        if (s.phase == IFederation.Phase.Open) return;
        assertEq(s.record.members, s.members, "registry is frozen during a round");
        if (s.record.drawnAt == 0) return;
        IFederation.Seat[] memory seats = federation.seats(0, type(uint256).max);
        bool[] memory taken = new bool[](seats.length);
        uint256 proposers = 0;
        for (uint256 i = 0; i < seats.length; ++i) {
            assertFalse(taken[seats[i].position], "registry is frozen during a round");
            taken[seats[i].position] = true;
            if (seats[i].role == IFederation.Role.Proposer) ++proposers;
        }
        assertEq(proposers, 2, "registry is frozen during a round");
    }

    /// @dev A member who isn't banned and has nothing at stake in a round holds the bond.
    function members_can_afford_to_act() private view {
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            IFederation.Member memory m = federation.seatOf(handler.accountAt(i)).member;
            if (m.standing == IFederation.Standing.Member) assertGe(m.stake, BOND, "members can afford to act");
            if (m.standing == IFederation.Standing.Stranger) assertEq(m.stake, 0, "members can afford to act");
        }
    }

    function counts_of_a_round_agree() private view {
        IFederation.Round memory r = federation.status().record;
        assertLe(r.proposals, 2, "counts of a round agree");
        assertLe(r.reveals, r.commits, "counts of a round agree");
        assertLe(r.lead, r.reveals, "counts of a round agree");
        assertLe(r.options, r.reveals, "counts of a round agree");
        assertLe(r.leader, r.options, "counts of a round agree");
        if (r.members != 0) assertLe(r.commits, r.members - 2, "counts of a round agree");
    }

    function owed() private view returns (uint256 sum) {
        sum = federation.pool();
        for (uint256 i = 0; i < handler.ACCOUNTS(); ++i) {
            address account = handler.accountAt(i);
            sum += federation.seatOf(account).balance;
        }
        // a round in play holds nothing apart from its members' stakes
    }
}
