// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {BflcBench} from "./BflcBench.sol";

/// @dev Without a race: places are drawn, the best count, and among equals lots decide.
/// forge-config: default.fuzz.runs = 64
/// forge-config: ci.fuzz.runs = 500
contract BflcDrawnTest is BflcBench {
    uint8 private constant JUROR = Roles.VOTER | Roles.PUBLISHER;

    function setUp() public override {
        (race, mostProposers) = (false, 5);
        super.setUp();
        admitMany(14);
    }

    // ------------------------------------------------------------------ places: who committees are

    function test_a_drawn_committee_leaves_exactly_the_next_positions() public {
        openAndDraw();
        assertEq(federation.status().proposers, 5);
        assertPlaces(3);
    }

    /// @dev Whom managers name may have any position: as many more are drawn as may sit.
    function test_named_members_take_no_place_from_others() public {
        for (uint256 i = 0; i < 6; ++i) {
            address[] memory list = firstThree();
            (list[0], list[1]) = (account(2 * i), account(2 * i + 1));
            list[2] = account(13);
            named(list);
            openAndDraw();
            assertEq(federation.status().proposers, 8);
            uint256 seated = assertPlaces(3);
            assertGe(8 - seated, 5, "as many as are drawn beside a drawn committee");
            finish();
        }
    }

    function test_an_elected_committee_is_like_a_named_one() public {
        playAccepted();
        openAndDraw();
        assertEq(federation.status().proposers, 8);
        assertPlaces(3);
    }

    /// @dev The seat of an elected member that left stays empty, and another member may have its position.
    function test_a_member_that_left_cuts_nobody_off() public {
        for (uint256 size = 8; size <= 14; ++size) {
            redeploy(size);
            playAccepted();
            uint256 snapshot = vm.snapshotState();
            openAndDraw();
            address gone = voters()[0];
            vm.revertToState(snapshot);
            vm.prank(gone);
            federation.exit();
            openAndDraw();
            assertEq(voters().length, 2);
            assertEq(federation.status().proposers, size - 1 < 8 ? size - 1 : 8);
            assertPlaces(2);
        }
    }

    /// @dev Named strangers leave all seats empty: every member of a small federation proposes.
    function test_a_committee_of_strangers_cuts_nobody_off() public {
        for (uint256 size = 7; size <= 10; ++size) {
            redeploy(size);
            address[] memory list = firstThree();
            (list[0], list[1], list[2]) = (account(30), account(31), account(32));
            named(list);
            openAndDraw();
            assertEq(proposers().length, size < 8 ? size : 8);
            assertPlaces(0);
        }
    }

    /// @dev Who is expelled has no part, and its place stays empty; the others propose until the time is over.
    function test_an_expelled_member_cuts_nobody_off() public {
        playAccepted();
        uint256 snapshot = vm.snapshotState();
        openAndDraw();
        address[2] memory bad = [voters()[0], proposers()[0]];
        vm.revertToState(snapshot);
        for (uint256 i = 0; i < 2; ++i) {
            snapshot = vm.snapshotState();
            expelled(bad[i]);
            openAndDraw();
            bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, bad[i]);
            refuses(bad[i], proposing(1, 1), banned);
            assertPlaces(i == 0 ? 2 : 3);
            vm.revertToState(snapshot);
        }
    }

    function test_a_federation_with_fewer_others_than_places() public {
        redeploy(7);
        openAndDraw();
        assertEq(federation.status().proposers, 4, "all others propose");
        assertPlaces(3);
        finish();
        named(firstThree());
        openAndDraw();
        assertPlaces(3);
        assertEq(proposers().length, 4);
    }

    /// @dev Any mix of what happens to committees, in federations of any size.
    function testFuzz_whoever_is_drawn_may_propose_and_nobody_else(uint256 random) public {
        redeploy(7 + random % 12);
        for (uint256 i = 0; i < 5; ++i) {
            random = uint256(keccak256(abi.encode(random)));
            if (random % 3 == 0) named(anyThree(random >> 8));
            if (federation.memberCount() > 7 && random % 5 == 0) {
                address gone = members[(random >> 16) % members.length];
                if (entry(gone).index != 0) {
                    vm.prank(gone);
                    federation.exit();
                }
            }
            openAndDraw();
            assertPlaces(voters().length);
            if (voters().length < 2 || random % 4 == 0) {
                finish();
                continue;
            }
            judgeAll(equal(federation.status().record.proposals, 9000));
            publishAll(MODEL, best());
            finish();
        }
    }

    // ------------------------------------------------------------------ the best count

    function test_the_last_are_selected_if_they_are_the_best() public {
        address[] memory p = toPublish(scores(6000, 5000, 8000, 9000, 7000));
        refuses(publishers()[0], publishing(MODEL, 15), wrongSelection(15, 29));
        publishAll(MODEL, 29);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        openAndDraw();
        assertEq(federation.memberOf(p[3]).roles, JUROR);
        assertEq(federation.memberOf(p[2]).roles, JUROR);
        assertEq(federation.memberOf(p[4]).roles, JUROR);
        assertTrue(federation.memberOf(p[0]).roles & Roles.VOTER == 0);
    }

    function test_the_best_of_too_few_are_nothing() public {
        toPublish(scores(4999, 4999, 10000, 10000, 10000));
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
    }

    /// @dev One round, played in two orders: the same accounts are selected, paid and elected.
    function testFuzz_the_order_of_proposals_changes_nothing(uint256 random) public {
        fillPool(1_000_000);
        skipRounds(random % 4); // other seeds
        openAndDraw();
        address[] memory p = proposers();
        uint256 snapshot = vm.snapshotState();
        bytes32 inOrder = playIn(p, random);
        vm.revertToState(snapshot);
        bytes32 mixed = playIn(shuffled(p, random), random);
        assertEq(inOrder, mixed);
    }

    /// @dev Among equals it isn't always the first.
    function test_ties_go_by_lot() public {
        uint256 differing;
        for (uint256 i = 0; i < 12; ++i) {
            toPublish(scores(9000, 9000, 9000, 9000, 9000));
            uint256 selection = best();
            if (selection != 15) ++differing;
            publishAll(MODEL, selection);
            finish();
            assertOutcome(IFederation.Outcome.Accepted);
        }
        assertGt(differing, 6);
    }

    // ------------------------------------------------------------------ elections

    /// @dev The highest lots of the electing round are elected, and rejections don't draw lots again.
    function test_rejections_do_not_draw_lots_again() public {
        address[] memory p = toPublish(scores(9000, 9000, 9000, 9000, 9000));
        address[] memory ranked = byLot(p);
        publishAll(MODEL, best());
        finish();
        for (uint256 i = 0; i < 6; ++i) {
            openAndDraw();
            for (uint256 n = 0; n < 5; ++n) {
                assertEq(federation.memberOf(ranked[n]).roles & Roles.VOTER != 0, n < 3, "by lot");
            }
            proposeAll();
            pass(IFederation.Phase.Propose);
            judgeAll(equal(federation.status().record.proposals, 0));
            publishAll(0, 0);
            finish();
            assertOutcome(IFederation.Outcome.Rejected);
        }
    }

    /// @dev While the next round's updates are being published, the committee is still the one elected before.
    function test_the_next_selection_does_not_move_those_who_sit() public {
        playAccepted();
        toPublish(scores(5000, 6000, 7000, 8000, 9000));
        address[] memory jury = publishers();
        for (uint256 i = 0; i < 3; ++i) {
            publish(jury[i], OTHER, 30);
            assertEq(voters().length, 3);
        }
        finish();
        assertEq(federation.head(), OTHER);
    }

    function test_random_elections_need_no_race() public {
        election = 1;
        redeploy(14);
        for (uint256 i = 0; i < 4; ++i) {
            playAccepted();
            openAndDraw();
            assertEq(voters().length, 3);
            assertPlaces(3);
            finish();
        }
    }

    // ------------------------------------------------------------------ words

    /// @dev Who has which role, and that all who are drawn may propose, one after the other, the last of them in the
    /// last second; nobody else may. How many positions of those drawn have members that sit.
    function assertPlaces(uint256 sitting) private returns (uint256 seated) {
        uint256 places = uint256(mostProposers) + committee;
        uint256 sit = 0;
        uint256 left = 0; // who are drawn
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.MemberView memory m = federation.memberOf(members[i]);
            if (m.record.index == 0 || m.out) continue;
            bool sits = m.roles & Roles.VOTER != 0;
            if (sits) ++sit;
            if (sits && m.position < places) ++seated;
            if (sits) assertEq(m.roles, JUROR);
            else assertEq(m.roles, m.position < places ? Roles.PROPOSER : 0, "drawn");
            if (m.roles == Roles.PROPOSER) ++left;
            else refuses(members[i], proposing(1, 1), wrongRole(members[i], m.roles, Roles.PROPOSER));
        }
        assertEq(sit, sitting, "who sits");
        address[] memory list = proposers();
        assertEq(list.length, left);
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(phase(), uint256(IFederation.Phase.Propose), "cut off");
            if (i + 1 == list.length) vm.warp(federation.status().proposeEnd - 1);
            propose(list[i]);
        }
        pass(IFederation.Phase.Propose);
    }

    /// @dev The updates of the round in progress with the highest lots, as if all scores were equal.
    function best() private view returns (uint256 selection) {
        address[] memory ranked = byLot(providers());
        if (ranked.length < updates) return 0;
        for (uint256 i = 0; i < updates; ++i) {
            selection |= 1 << entry(ranked[i]).updateNumber;
        }
    }

    function providers() private view returns (address[] memory list) {
        list = new address[](federation.status().record.proposals);
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.Member memory m = entry(members[i]);
            if (m.round == round() && m.acts & Acts.PROPOSED != 0) list[m.updateNumber] = members[i];
        }
    }

    function byLot(address[] memory list) private view returns (address[] memory ranked) {
        ranked = new address[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 higher = 0;
            for (uint256 n = 0; n < list.length; ++n) {
                if (lotOf(list[n]) > lotOf(list[i])) ++higher;
            }
            ranked[higher] = list[i];
        }
    }

    /// @dev Play the drawn round with proposals in this order and scores by account; whom it selected and elected, and
    /// what everybody has.
    function playIn(address[] memory order, uint256 random) private returns (bytes32) {
        bytes memory each = "";
        for (uint256 i = 0; i < order.length; ++i) {
            propose(order[i]);
            // few different scores, so that lots decide
            each = abi.encodePacked(each, uint16(8000 + uint256(keccak256(abi.encode(random, order[i]))) % 3));
        }
        judgeAll(each);
        publishAll(MODEL, chosen(each));
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        openAndDraw();
        bytes memory all = "";
        for (uint256 i = 0; i < members.length; ++i) {
            all = abi.encodePacked(all, balance(members[i]), federation.memberOf(members[i]).roles);
        }
        return keccak256(all);
    }

    /// @dev The best by these scores.
    function chosen(bytes memory each) private view returns (uint256 selection) {
        address[] memory list = providers();
        for (uint256 n = 0; n < list.length; ++n) {
            uint256 better = 0;
            for (uint256 other = 0; other < list.length; ++other) {
                (uint256 own, uint256 its) = (scoreIn(each, n), scoreIn(each, other));
                if (its > own || (its == own && lotOf(list[other]) > lotOf(list[n]))) ++better;
            }
            if (better < updates) selection |= 1 << n;
        }
    }

    function scoreIn(bytes memory each, uint256 number) private pure returns (uint256) {
        return uint256(uint8(each[2 * number])) << 8 | uint8(each[2 * number + 1]);
    }

    function shuffled(address[] memory list, uint256 random) private pure returns (address[] memory other) {
        other = new address[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            other[i] = list[i];
        }
        for (uint256 i = other.length - 1; i != 0; --i) {
            uint256 with = uint256(keccak256(abi.encode(random, i))) % (i + 1);
            (other[i], other[with]) = (other[with], other[i]);
        }
    }

    function equal(uint256 proposals, uint16 score) private pure returns (bytes memory each) {
        for (uint256 n = 0; n < proposals; ++n) {
            each = abi.encodePacked(each, score);
        }
    }

    function anyThree(uint256 random) private view returns (address[] memory list) {
        list = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            list[i] = members[(random % 7 + i) % members.length];
        }
    }

    function playAccepted() private {
        playBflc(scores(9000, 8000, 7000, 6000, 5000), MODEL, 15);
        assertOutcome(IFederation.Outcome.Accepted);
    }

    function skipRounds(uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            skipRound();
        }
    }

    function fillPool(uint256 amount) private {
        fund(address(this), amount);
        federation.fund(amount);
    }
}

/// @dev Seven of 40 members conspire and act before all others, by the terms that a deployment has by default.
contract BflcRacersTest is BflcBench {
    uint256 private constant RACERS = 7;
    uint256 private constant SIZE = 40;
    uint256 private constant ROUNDS = 20;

    /// @dev The providers of the round in progress, by number.
    address[] private _providers;

    function setUp() public override {
        (race, committee, updates, mostProposers, minScore, profitBps) = (false, 4, 6, 12, 2000, 1000);
        super.setUp();
        admitMany(SIZE); // the first of them conspire
        address[] memory honest = new address[](4);
        for (uint256 i = 0; i < 4; ++i) {
            honest[i] = account(RACERS + i);
        }
        named(honest);
        fund(address(this), 1e9);
        federation.fund(1e9);
    }

    /// @dev Whose updates are a bit worse earns less than others, though it comes first; its jurors help their friends.
    function test_racers_earn_no_more_than_others() public {
        for (uint256 i = 0; i < ROUNDS; ++i) {
            playRound(true, 6000, 9000);
            assertOutcome(IFederation.Outcome.Accepted);
            assertTrue(federation.head() == modelOf(MODEL), "the honest jurors' model");
        }
        assertLe(gainOf(0, RACERS) * (SIZE - RACERS), gainOf(RACERS, SIZE) * RACERS);
    }

    /// @dev Whose updates are as good as others' has the same in the end, to the last token, first or last.
    function test_who_is_as_good_has_the_same_first_or_last() public {
        uint256 snapshot = vm.snapshotState();
        uint256[] memory first = playAll(true);
        vm.revertToState(snapshot);
        uint256[] memory last = playAll(false);
        assertEq(first, last);
    }

    /// @dev Garbage in front of all others keeps them from no model while enough of those drawn are honest.
    function test_garbage_in_front_keeps_nobody_from_a_model() public {
        uint256 models = 0;
        for (uint256 i = 0; i < ROUNDS; ++i) {
            playRound(true, 0, 9000);
            if (outcome() == uint256(IFederation.Outcome.Accepted)) ++models;
            assertTrue(federation.head() == modelOf(MODEL), "the honest members' model");
        }
        assertEq(models, ROUNDS);
        assertEq(gainOf(0, RACERS), 0);
    }

    // ------------------------------------------------------------------ words

    function playAll(bool racersFirst) private returns (uint256[] memory gains) {
        for (uint256 i = 0; i < ROUNDS; ++i) {
            playRound(racersFirst, 9000, 9000);
        }
        gains = new uint256[](SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            gains[i] = balance(account(i)) - BOND;
        }
    }

    /// @dev A round in which honest jurors give the racers' updates and all others these scores. Racers who sit give
    /// their own the highest, if theirs are worse.
    function playRound(bool racersFirst, uint16 theirs, uint16 others) private {
        openAndDraw();
        delete _providers;
        for (uint256 i = 0; i < SIZE; ++i) {
            address who = account(racersFirst ? i : (i + RACERS) % SIZE);
            if (federation.memberOf(who).roles & Roles.PROPOSER == 0) continue;
            propose(who);
            _providers.push(who);
        }
        pass(IFederation.Phase.Propose);
        address[] memory jury = voters();
        bytes[] memory ballots = new bytes[](jury.length);
        for (uint256 i = 0; i < jury.length; ++i) {
            bool conspires = isRacer(jury[i]) && theirs != others;
            ballots[i] = conspires ? ballotOf(10000, 2000) : ballotOf(theirs, others);
        }
        judge(ballots);
        uint256 selection = chosen(ballots);
        jury = publishers();
        for (uint256 i = 0; i < jury.length; ++i) {
            bytes32 digest = isRacer(jury[i]) ? OTHER : MODEL;
            publish(jury[i], selection == 0 ? bytes32(0) : modelOf(theirs == others ? MODEL : digest), selection);
        }
        finish();
    }

    function modelOf(bytes32 whose) private view returns (bytes32) {
        return keccak256(abi.encode(whose, round()));
    }

    function isRacer(address who) private pure returns (bool) {
        return who < account(RACERS);
    }

    function ballotOf(uint16 theirs, uint16 others) private view returns (bytes memory each) {
        for (uint256 n = 0; n < _providers.length; ++n) {
            each = abi.encodePacked(each, isRacer(_providers[n]) ? theirs : others);
        }
    }

    /// @dev The best by the lower middle of these ballots' scores.
    function chosen(bytes[] memory ballots) private view returns (uint256 selection) {
        uint256 proposals = _providers.length;
        uint256[] memory ranks = new uint256[](proposals);
        uint256 passed = 0;
        for (uint256 n = 0; n < proposals; ++n) {
            uint256 median = medianOf(ballots, n);
            if (median < minScore) continue;
            ranks[n] = median << 240 | lotOf(_providers[n]) >> 16;
            ++passed;
        }
        if (passed < updates) return 0;
        for (uint256 n = 0; n < proposals; ++n) {
            uint256 better = 0;
            for (uint256 other = 0; other < proposals; ++other) {
                if (ranks[other] > ranks[n]) ++better;
            }
            if (better < updates) selection |= 1 << n;
        }
    }

    function medianOf(bytes[] memory ballots, uint256 number) private pure returns (uint256 median) {
        median = type(uint256).max;
        for (uint256 i = 0; i < ballots.length; ++i) {
            uint256 own = scoreIn(ballots[i], number);
            uint256 notAbove = 0;
            for (uint256 j = 0; j < ballots.length; ++j) {
                if (scoreIn(ballots[j], number) <= own) ++notAbove;
            }
            if (notAbove * 2 >= ballots.length && own < median) median = own;
        }
    }

    function scoreIn(bytes memory each, uint256 number) private pure returns (uint256) {
        return uint256(uint8(each[2 * number])) << 8 | uint8(each[2 * number + 1]);
    }

    function gainOf(uint256 from, uint256 to) private view returns (uint256 sum) {
        for (uint256 i = from; i < to; ++i) {
            sum += balance(account(i)) - BOND;
        }
    }
}
