// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {DecoyBench} from "./DecoyBench.sol";

/// @dev Who is paid, and what counts.
contract DecoyMoneyTest is DecoyBench {
    int256 private constant UPDATE = int256(UPDATE_PAY);
    int256 private constant SEAT = int256(PART);
    int256 private constant BLAMED = -int256(PROPOSER_STAKE);
    int256 private constant LIED = -int256(VOTER_STAKE);
    uint16 private constant EXCUSED = type(uint16).max;

    // ------------------------------------------------------------------ updates

    function test_a_decoy_is_paid_and_not_in_the_model() public {
        settled(4, 7, same(opinion(3, 7)), 3);
        assertGains(authors, [UPDATE, UPDATE, UPDATE, 0]);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
        assertEq(federation.pool(), POOL - 3 * UPDATE_PAY - 4 * PART);
        assertEq(federation.head(), MODEL);
    }

    /// @dev Nor if the jury finds it good.
    function test_a_decoy_that_passes_is_paid_and_not_in_the_model() public {
        playShown(4, 7, same(opinion(7, 7)));
        refuses(jurors[0], publishing(MODEL, 7), wrongSelection(7, 3));
        closed(3);
        assertGains(authors, [UPDATE, UPDATE, UPDATE, 0]);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
    }

    /// @dev Half of the jury could have it.
    function test_a_decoy_that_is_not_judged_is_not_paid() public {
        settled(4, 7, four(opinion(3, 7), opinion(3, 7), opinion(3, 3), opinion(3, 3)), 3);
        assertGains(authors, [UPDATE, UPDATE, 0, 0]);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 4 * PART);
    }

    function test_what_is_not_shown_is_neither_in_the_model_nor_paid() public {
        playShown(0, 3, same(opinion(7, 7)));
        refuses(jurors[0], publishing(MODEL, 7), wrongSelection(7, 3));
        closed(3);
        assertGains(authors, [UPDATE, UPDATE, 0, 0]);
        // their ballots are as what passed, not as what counts
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 4 * PART);
    }

    /// @dev Whatever its lot would have been.
    function test_what_is_not_shown_and_clearly_rejected_costs() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 decoys = 0; decoys < 8; decoys += 4) {
            settled(decoys, 3, same(opinion(3, 7)), 3);
            assertGains(authors, [UPDATE, UPDATE, BLAMED, 0]);
            assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 4 * PART + PROPOSER_STAKE);
            vm.revertToState(snapshot);
        }
    }

    /// @dev A bad update that is no decoy costs, shown or not.
    function test_showing_is_no_excuse() public {
        settled(0, 7, same(opinion(3, 7)), 3);
        assertGains(authors, [UPDATE, UPDATE, BLAMED, 0]);
    }

    function test_nothing_shown_is_a_rejected_round() public {
        settled(0, 0, same(opinion(7, 7)), 0);
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(federation.head(), GENESIS);
        assertGains(authors, [int256(0), 0, 0, 0]);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
    }

    /// @dev There is nothing in which ballots are compared.
    function test_a_round_of_decoys_alone_is_rejected_and_pays_their_proposers() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 good = 0; good < 8; good += 7) {
            playShown(7, 7, same(opinion(good, 7)));
            bytes memory mismatch = abi.encodeWithSelector(IFederation.DigestMismatch.selector, MODEL, 0);
            refuses(jurors[0], publishing(MODEL, 0), mismatch);
            closed(0);
            assertOutcome(IFederation.Outcome.Rejected);
            assertEq(federation.head(), GENESIS);
            assertGains(authors, [UPDATE, UPDATE, UPDATE, 0]);
            assertGains(jurors, [int256(0), 0, 0, 0]);
            assertEq(federation.pool(), POOL - 3 * UPDATE_PAY);
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------ seats

    /// @dev It is wrong in one of three, which would be paid if that weren't a decoy.
    function test_whoever_approves_a_failing_decoy_is_excused() public {
        excusesTheLast(four(opinion(3, 7), opinion(3, 7), opinion(3, 7), opinion(7, 7)));
    }

    /// @dev All four are paid for these ballots, and the last isn't if update 2 is a decoy.
    function excusesTheLast(bytes[] memory ballots) private {
        uint256 snapshot = vm.snapshotState();
        settled(0, 7, ballots, 3);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
        vm.revertToState(snapshot);
        settled(4, 7, ballots, 3);
        assertEq(entry(jurors[3]).option, EXCUSED);
        assertGains(jurors, [SEAT, SEAT, SEAT, int256(0)]);
        assertGains(authors, [UPDATE, UPDATE, UPDATE, 0]);
        assertEq(federation.pool(), POOL - 3 * UPDATE_PAY - 3 * PART);
    }

    /// @dev A tie: it fails, and not clearly.
    function test_a_decoy_that_half_approve_fails() public {
        settled(4, 7, four(opinion(7, 7), opinion(7, 7), opinion(3, 7), opinion(3, 7)), 3);
        assertGains(jurors, [int256(0), 0, SEAT, SEAT]);
        assertGains(authors, [UPDATE, UPDATE, UPDATE, 0]);
    }

    /// @dev Neither for who approves it with most, nor for who doesn't.
    function test_a_decoy_that_passes_is_no_trap() public {
        settled(4, 7, four(opinion(7, 7), opinion(7, 7), opinion(7, 7), opinion(3, 7)), 3);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
    }

    /// @dev Being right about one earns nothing: of the two others, one is half.
    function test_ballots_are_not_compared_in_decoys() public {
        excusesTheLast(four(opinion(3, 7), opinion(3, 7), opinion(3, 7), opinion(2, 7)));
    }

    /// @dev Who is wrong in most pays, whatever it says of a decoy.
    function test_a_decoy_excuses_nobody_from_paying() public {
        settled(4, 7, four(opinion(3, 7), opinion(3, 7), opinion(3, 7), opinion(4, 7)), 3);
        assertGains(jurors, [SEAT, SEAT, SEAT, LIED]);
    }

    /// @dev Of what too few could have nobody says anything wrong.
    function test_an_unjudged_decoy_is_no_trap() public {
        settled(4, 7, four(opinion(7, 7), opinion(3, 7), opinion(3, 3), opinion(3, 3)), 3);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
    }

    /// @dev It would be paid if it weren't a decoy: a third of the updates may be lacking.
    function test_whoever_could_not_have_a_failing_decoy_is_excused() public {
        excusesTheLast(four(opinion(3, 7), opinion(3, 7), opinion(3, 7), opinion(3, 3)));
    }

    /// @dev Nobody is held to what the jury doesn't see.
    function test_whoever_could_not_have_a_decoy_that_passes_is_paid() public {
        settled(4, 7, four(opinion(7, 7), opinion(7, 7), opinion(7, 7), opinion(3, 3)), 3);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
    }

    /// @dev An unshown one isn't known.
    function test_an_unshown_decoy_is_no_trap() public {
        settled(4, 3, four(opinion(3, 7), opinion(3, 7), opinion(3, 7), opinion(7, 7)), 3);
        assertGains(jurors, [SEAT, SEAT, SEAT, SEAT]);
        assertGains(authors, [UPDATE, UPDATE, BLAMED, 0]);
    }

    // ------------------------------------------------------------------ rounds

    /// @dev Two models, of which none has a majority.
    function test_an_undecided_round_pays_nobody() public {
        playShown(4, 7, four(opinion(3, 7), opinion(3, 7), opinion(3, 7), opinion(7, 7)));
        for (uint256 i = 0; i < 4; ++i) {
            publish(jurors[i], i < 2 ? MODEL : OTHER, 3);
        }
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertNobodyMoved();
    }

    function test_a_round_that_nobody_publishes_pays_nobody() public {
        playShown(5, 7, same(opinion(2, 7)));
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertNobodyMoved();
    }

    /// @dev Whatever was shown or a decoy before says nothing of the same numbers.
    function test_the_next_round_starts_anew() public {
        settled(7, 7, same(opinion(0, 7)), 0);
        federation.evict(members);
        uint256[9] memory before;
        uint256 pool = federation.pool();
        for (uint256 i = 0; i < 9; ++i) {
            before[i] = balance(members[i]);
        }
        playShown(0, 7, same(opinion(3, 7)));
        publishAll(OTHER, 3);
        IFederation.Round memory r = finish();
        uint256 part = r.proposerReward;
        int256 sum = 0;
        for (uint256 i = 0; i < 9; ++i) {
            sum += int256(balance(members[i])) - int256(before[i]);
        }
        assertEq(sum, int256(part * (2 * 6 + 4)) + BLAMED);
        assertEq(federation.pool() + part * 16, pool + PROPOSER_STAKE);
        assertSolvent();
    }

    /// @dev Booked at once, or when rounds with other decoys are over.
    function test_booking_late_gives_the_same() public {
        redeploy(90);
        fillPool(POOL);
        settled(5, 3, four(opinion(2, 7), opinion(2, 7), opinion(2, 7), opinion(3, 7)), 2);
        assertGains(authors, [UPDATE, UPDATE, BLAMED, 0]);
        assertGains(jurors, [SEAT, SEAT, SEAT, int256(0)]);
        IFederation.Round memory first = federation.roundOf(1);
        int256[90] memory gains;
        for (uint256 i = 0; i < 90; ++i) {
            gains[i] = gain(members[i]);
        }
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 90; ++i) {
            federation.collect(members[i]);
            assertEq(gain(members[i]), gains[i], "at once");
        }
        vm.revertToState(snapshot);
        for (uint256 k = 0; k < 3; ++k) {
            playShown(2 + k, 7, same(opinion(7, 7)));
            publishAll(OTHER, 5 - k);
            finish();
        }
        assertEq(abi.encode(federation.roundOf(1)), abi.encode(first));
        uint256 late = 0;
        for (uint256 i = 0; i < 90; ++i) {
            IFederation.Member memory m = entry(members[i]);
            if (m.round > 1) continue;
            if (m.acts != 0) ++late;
            assertEq(gain(members[i]), gains[i], "foretold");
            federation.collect(members[i]);
            assertEq(gain(members[i]), gains[i], "late");
        }
        assertGt(late, 2, "few were drawn again");
        assertSolvent();
    }

    /// @dev Whatever is planted, shown, judged and published.
    function testFuzz_money_is_conserved_and_a_settled_round_stands(uint256 random) public {
        uint256 size = random % 5;
        bytes[] memory ballots = new bytes[](size);
        uint256[2][3] memory counts; // good, had
        for (uint256 i = 0; i < size; ++i) {
            uint256 had = random >> (3 * i + 32) & 7 | (random >> (i + 128) & 7 == 0 ? 0 : 7);
            uint256 good = random >> (3 * i + 48) & had;
            ballots[i] = opinion(good, had);
            for (uint256 n = 0; n < 3; ++n) {
                counts[n][0] += good >> n & 1;
                counts[n][1] += had >> n & 1;
            }
        }
        (uint256 decoys, uint256 shown) = (random >> 8 & 7, random >> 16 & 7 | (random >> 20 & 3 == 0 ? 0 : 7));
        uint256 selection;
        for (uint256 n = 0; n < 3; ++n) {
            if (counts[n][1] > 2 && counts[n][0] * 2 > size) selection |= 1 << n;
        }
        selection &= shown & ~decoys;
        playBallots(decoys, ballots);
        if (size > 2) {
            showThose(shown);
            pass(IFederation.Phase.Reveal);
        }
        for (uint256 i = 0; i < 4 && size > 2; ++i) {
            if (random >> (i + 64) & 3 == 0) continue;
            bytes32 digest = random >> (2 * i + 96) & 3 == 0 ? OTHER : MODEL;
            publish(jurors[i], selection == 0 ? bytes32(0) : digest, selection);
        }
        IFederation.Round memory r = finish();
        assertSolvent();
        assertUpdatesPaid(r, counts, decoys, shown);
        bool late = random >> 200 & 1 != 0;
        for (uint256 i = 0; i < 9 && !late; ++i) {
            federation.collect(members[i]);
        }
        settledAgain();
        assertEq(abi.encode(federation.roundOf(1)), abi.encode(r), "stands");
        for (uint256 i = 0; i < 9; ++i) {
            federation.collect(members[i]);
        }
        assertSolvent();
    }

    // ------------------------------------------------------------------ words

    /// @dev What each author gains by round `r`, read from the rules.
    function assertUpdatesPaid(IFederation.Round memory r, uint256[2][3] memory counts, uint256 decoys, uint256 shown)
        private
        view
    {
        for (uint256 n = 0; n < 3; ++n) {
            (uint256 good, uint256 had) = (counts[n][0], counts[n][1]);
            bool passes = good * 2 > r.reveals;
            bool judged = had > 2 && (passes || good * 2 <= had);
            bool decoy = (decoys & shown) >> n & 1 != 0;
            int256 expected = 0;
            if (r.outcome != IFederation.Outcome.Undecided && judged) {
                if (shown >> n & 1 != 0 && (decoy || passes)) expected = UPDATE;
                else if (!decoy && (had - good) * 4 >= had * 3) expected = BLAMED;
            }
            assertEq(gain(authors[n]), expected, "an author's");
        }
    }

    /// @dev Up to the end of a planted round that all jurors publish.
    function settled(uint256 decoys, uint256 shown, bytes[] memory ballots, uint256 selection) private {
        playShown(decoys, shown, ballots);
        closed(selection);
    }

    function closed(uint256 selection) private {
        publishAll(selection == 0 ? bytes32(0) : MODEL, selection);
        assertEq(finish().leadingCount, 4);
        assertSolvent();
    }

    /// @dev One more round, with decoys of its own.
    function settledAgain() private {
        playShown(1, 7, same(opinion(6, 7)));
        publishAll(OTHER, 6);
        finish();
    }

    function assertNobodyMoved() private view {
        for (uint256 i = 0; i < 9; ++i) {
            assertEq(balance(members[i]), BOND);
        }
        assertEq(federation.pool(), POOL);
        assertSolvent();
    }
}
