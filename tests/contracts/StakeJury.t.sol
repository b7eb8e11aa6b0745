// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev Who proposes and who sits; what is judged, passes and is clearly rejected; whose seat is paid, and who is excused.
contract StakeJuryTest is StakeJuryBench {
    uint256 private constant EXCUSED = type(uint16).max;

    address[] private proposed;
    address[] private jurors;

    function setUp() public override {
        super.setUp();
        joinMany(9, BOND);
        fillPool(POOL);
    }

    // ------------------------------------------------------------------ panel

    function test_the_rest_rests() public {
        openAndDraw();
        for (uint256 i = 0; i < 9; ++i) {
            IFederation.MemberView memory member = federation.memberOf(account(i));
            uint8 expected =
                member.position < 3 ? Roles.PROPOSER : member.position < 7 ? Roles.VOTER | Roles.PUBLISHER : 0;
            assertEq(member.roles, expected);
            if (expected == 0) refuses(account(i), proposing(1, 1), wrongRole(account(i), 0, Roles.PROPOSER));
        }
        assertPanel(3, 4);
    }

    function test_without_a_limit_an_odd_number_of_all_others_sit() public {
        mostVoters = 0;
        redeploy(9);
        openAndDraw();
        assertPanel(3, 5);
        assertEq(voters().length, 5);
        assertEq(publishers().length, 5);
    }

    /// @dev One of four that don't propose rests, though the terms say six.
    function test_few_members_make_a_small_jury() public {
        mostVoters = 6;
        for (uint256 count = 6; count < 8; ++count) {
            redeploy(count);
            openAndDraw();
            assertPanel(3, 3);
            assertEq(voters().length, 3);
        }
    }

    function test_a_jury_below_the_fewest_does_not_open() public {
        redeploy(5);
        vm.expectRevert(abi.encodeWithSelector(IFederation.TooFewMembers.selector, 5, 6));
        federation.open();
        joinOne(account(5), BOND);
        federation.open();
    }

    // ------------------------------------------------------------------ ballots

    function test_ballots_that_say_nothing_are_refused() public {
        openAndDraw();
        proposeAll();
        address voter = voters()[0];
        refusesBallot(voter, "");
        refusesBallot(voter, abi.encode(ALL));
        refusesBallot(voter, abi.encodePacked(bytes32(0), bytes31(0)));
        refusesBallot(voter, abi.encodePacked(bytes32(0), bytes32(0), bytes1(0)));
        refusesBallot(voter, opinion(0, 8)); // there is no update 3
        refusesBallot(voter, opinion(8, 8));
        refusesBallot(voter, opinion(0, type(uint256).max));
        refusesBallot(voter, opinion(1, 6)); // good, and couldn't have it
        refusesBallot(voter, opinion(7, 3));
        refusesBallot(voter, opinion(1, 0));
    }

    // ------------------------------------------------------------------ judged, passed, clearly rejected

    /// @dev Two of four could have update 2: it isn't judged, however good or bad those find it, and costs nothing.
    function test_half_of_the_jury_is_too_few_to_judge() public {
        toPublish(four(opinion(7, 7), opinion(7, 7), opinion(3, 3), opinion(3, 3)));
        publishAll(MODEL, 3);
        address unjudged = authorOf(2);
        finish();
        assertEq(balance(unjudged), BOND);
        startAnew();
        toPublish(four(opinion(3, 7), opinion(3, 7), opinion(3, 3), opinion(3, 3)));
        publishAll(OTHER, 3);
        unjudged = authorOf(2);
        uint256 before = balance(unjudged);
        finish();
        assertEq(balance(unjudged), before);
        assertSolvent();
    }

    /// @dev More than half of the drawn: who stays away makes updates harder to judge, not easier.
    function test_the_jury_counts_as_drawn() public {
        bytes[] memory three = copies(opinion(7, 7), 3);
        three[2] = opinion(3, 3);
        toPublish(three); // update 2: two of the three who came, of four
        publishAll(MODEL, 3);
        assertEq(finish().leadingCount, 4);
    }

    function test_of_three_who_could_have_it_three_let_it_pass() public {
        toPublish(four(opinion(7, 7), opinion(7, 7), opinion(7, 7), opinion(3, 3)));
        publishAll(MODEL, 7);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    /// @dev Two of four votes are no majority, though most of those who could have it are for it: it isn't judged. So it
    /// costs nothing, and whoever was alone against it is as right as the others.
    function test_of_three_who_could_have_it_two_decide_nothing() public {
        toPublish(four(opinion(7, 7), opinion(7, 7), opinion(3, 7), opinion(3, 3)));
        publishAll(MODEL, 3);
        address neither = authorOf(2);
        address[] memory seated = voters();
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(balance(neither), BOND);
        for (uint256 i = 1; i < 4; ++i) {
            assertEq(balance(seated[i]), balance(seated[0]));
        }
        assertSolvent();
    }

    /// @dev A tie doesn't pass, and costs nothing.
    function test_a_tie_falls_and_costs_nothing() public {
        toPublish(four(opinion(7, 7), opinion(7, 7), opinion(3, 7), opinion(3, 7)));
        publishAll(MODEL, 3);
        address fallen = authorOf(2);
        finish();
        assertEq(balance(fallen), BOND);
        assertSolvent();
    }

    /// @dev Two of three against it: 8 is below 9.
    function test_two_thirds_are_not_clear() public {
        toPublish(four(opinion(7, 7), opinion(3, 7), opinion(3, 7), opinion(3, 3)));
        publishAll(MODEL, 3);
        address fallen = authorOf(2);
        finish();
        assertEq(balance(fallen), BOND);
    }

    function test_three_quarters_are_clear() public {
        toPublish(four(opinion(7, 7), opinion(3, 7), opinion(3, 7), opinion(3, 7)));
        publishAll(MODEL, 3);
        address rejected = authorOf(2);
        IFederation.Round memory r = finish();
        assertEq(r.proposerReward, PART);
        assertEq(balance(rejected), BOND - PROPOSER_STAKE);
        // the one who found it good is the jury's in two of three
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 4 * PART + PROPOSER_STAKE);
        assertSolvent();
    }

    /// @dev More updates than a word of counts holds, and counts that an earlier round left behind.
    function test_many_updates_in_rounds_that_follow_each_other() public {
        (mostProposers, mostVoters) = (40, 4);
        redeploy(44);
        fillPool(POOL);
        uint256 all = (1 << 40) - 1;
        uint256[3] memory selections = [all, 1 << 16 | 1 << 39 | 1, all ^ 1];
        bytes32[3] memory digests = [MODEL, OTHER, MODEL];
        for (uint256 i = 0; i < 3; ++i) {
            toPublish(copies(opinion(selections[i], all), 4));
            publishAll(digests[i], selections[i]);
            finish();
            assertEq(federation.head(), digests[i]);
            federation.evict(members);
            while (federation.memberCount() < 44) joinOne(account(members.length), BOND);
        }
        assertSolvent();
    }

    // ------------------------------------------------------------------ publications

    function test_nothing_but_the_jurys_selection_is_published() public {
        toPublish(four(opinion(3, 7), opinion(3, 7), opinion(1, 1), opinion(1, 1)));
        address juror = voters()[0];
        refuses(juror, publishing(MODEL, 3), wrongSelection(3, 1));
        refuses(juror, publishing(MODEL, 0), wrongSelection(0, 1));
        refuses(juror, publishing(0, 1), abi.encodeWithSelector(IFederation.DigestMismatch.selector, 0, 1));
        publish(juror, MODEL, 1);
        refuses(voters()[1], publishing(MODEL, 3), wrongSelection(3, 1));
    }

    /// @dev A seat is paid if at most a third of what it is about is wrong, of three judged updates one; excused if at most
    /// half is, of two judged updates one; else its juror pays.
    function test_a_seat_is_paid_for_a_ballot_like_the_jurys() public {
        (bytes memory jury_, uint256 had) = (opinion(3, 7), 7);
        toPublish(four(jury_, jury_, jury_, opinion(2, had))); // wrong in one of three
        assertSeats(3, 1, 1);
        toPublish(four(jury_, jury_, jury_, opinion(6, had))); // wrong in two of three
        assertSeats(3, 0, 1);
        toPublish(four(jury_, jury_, jury_, opinion(2, 3))); // wrong in one of two
        assertSeats(3, EXCUSED, 1);
        toPublish(four(jury_, jury_, jury_, opinion(0, 3))); // wrong in two of two
        assertSeats(3, 0, 1);
        toPublish(four(jury_, jury_, jury_, opinion(4, 7))); // wrong in all
        assertSeats(3, 0, 1);
    }

    /// @dev What isn't judged is no measure: of update 2 there are two opinions in four.
    function test_what_is_not_judged_is_no_measure() public {
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(7, 7), opinion(1, 7)));
        assertSeats(3, EXCUSED, 1); // wrong in one of the two judged
    }

    // ------------------------------------------------------------------ excuses

    function test_a_juror_that_had_nothing_is_excused() public {
        toPublish(four(ballot(true), ballot(true), ballot(true), opinion(0, 0)));
        assertSeats(7, EXCUSED, 1);
    }

    /// @dev Of three judged updates one is too little, right or wrong; of two it is enough.
    function test_a_juror_that_had_little_is_excused() public {
        (bytes memory jury_, uint256 had) = (opinion(3, 7), 7);
        toPublish(four(jury_, jury_, jury_, opinion(1, 1)));
        assertSeats(3, EXCUSED, 1);
        toPublish(four(jury_, jury_, jury_, opinion(0, 1)));
        assertSeats(3, EXCUSED, 1);
        toPublish(four(jury_, jury_, opinion(3, had), opinion(3, 3)));
        assertSeats(3, 1, 1);
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(1, 1))); // of two judged updates one
        assertSeats(3, 1, 1);
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(0, 1)));
        assertSeats(3, 0, 1);
    }

    /// @dev What it had was not judged, whether it found it good or bad.
    function test_a_juror_that_had_nothing_judged_is_excused() public {
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(4, 4)));
        assertSeats(3, EXCUSED, 1);
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(0, 4)));
        assertSeats(3, EXCUSED, 1);
    }

    /// @dev All proposers together serve their updates to half of the jury each: nothing is judged, nothing passes, and
    /// nobody is paid or pays.
    function test_where_nothing_is_judged_nobody_is_paid_and_nobody_pays() public {
        toPublish(four(opinion(3, 3), opinion(0, 1), opinion(4, 6), opinion(4, 4)));
        publishAll(0, 0);
        jurors = voters();
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        for (uint256 i = 0; i < 9; ++i) {
            assertEq(balance(members[i]), BOND);
        }
        assertEq(federation.pool(), POOL);
        assertSolvent();
    }

    /// @dev It may not be able to compute the model of updates that it couldn't have.
    function test_whoever_is_excused_may_publish_anything() public {
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(4, 4)));
        jurors = voters();
        for (uint256 i = 0; i < 4; ++i) {
            publish(jurors[i], i < 3 ? MODEL : OTHER, 3);
        }
        assertEq(finish().leadingCount, 3);
        assertEq(balance(jurors[3]), BOND);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 3 * PART);
        assertSolvent();
    }

    /// @dev No excuse for who publishes nothing, nor for who reveals nothing.
    function test_an_excuse_takes_a_ballot_and_a_publication() public {
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(4, 4)));
        jurors = voters();
        for (uint256 i = 0; i < 3; ++i) {
            publish(jurors[i], MODEL, 3);
        }
        finish();
        assertEq(balance(jurors[3]), BOND - VOTER_STAKE);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 3 * PART + VOTER_STAKE);
        startAnew();
        openAndDraw();
        proposeAll();
        jurors = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], opinion(3, 3));
        }
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(jurors[i], opinion(3, 3));
        }
        pass(IFederation.Phase.Reveal);
        publishAll(MODEL, 3);
        assertEq(entry(jurors[3]).option, 0);
        finish();
        assertEq(balance(jurors[3]), BOND - VOTER_STAKE);
        assertEq(federation.pool(), POOL - 2 * UPDATE_PAY - 3 * PART + VOTER_STAKE);
        assertSolvent();
    }

    /// @dev Whom an earlier round excused says nothing: not how many, nor to a juror that this time reveals nothing.
    function test_excuses_start_anew_each_round() public {
        mostProposers = 1;
        redeploy(5);
        fillPool(POOL);
        toPublish(copies(opinion(0, 0), 4));
        publishAll(0, 0);
        finish();
        assertEq(federation.pool(), POOL);
        openAndDraw();
        proposeAll();
        jurors = voters();
        uint256 silent = entry(jurors[0]).option == EXCUSED ? 0 : 1; // at most one has proposed
        assertEq(entry(jurors[silent]).option, EXCUSED);
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], opinion(1, 1));
        }
        for (uint256 i = 0; i < 4; ++i) {
            if (i != silent) revealBallot(jurors[i], opinion(1, 1));
        }
        pass(IFederation.Phase.Reveal);
        for (uint256 i = 0; i < 4; ++i) {
            if (i != silent) publish(jurors[i], MODEL, 1);
        }
        uint256 part = finish().proposerReward;
        assertEq(balance(jurors[silent]), BOND - VOTER_STAKE);
        assertEq(federation.pool(), POOL - 9 * part + VOTER_STAKE);
        assertSolvent();
    }

    /// @dev In an undecided round nobody who reveals pays, and nothing else changes.
    function test_an_undecided_round_needs_no_excuses() public {
        toPublish(four(opinion(3, 3), opinion(3, 3), opinion(3, 3), opinion(4, 4)));
        jurors = voters();
        publish(jurors[3], MODEL, 3);
        publish(jurors[0], OTHER, 3);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(balance(jurors[3]), BOND);
        assertEq(federation.pool(), POOL);
        assertSolvent();
    }

    // ------------------------------------------------------------------ who else isn't paid

    /// @dev Nothing passes: the head stays, and the jury is paid for having judged.
    function test_an_empty_selection_pays_the_jury() public {
        jurors = toPublishAll(ballot(false));
        proposed = proposers();
        publishAll(0, 0);
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(federation.head(), GENESIS);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(balance(jurors[i]), BOND + PART);
        }
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(proposed[i]), BOND - PROPOSER_STAKE);
        }
        assertEq(federation.pool(), POOL - 4 * PART + 3 * PROPOSER_STAKE);
        assertSolvent();
    }

    /// @dev Who never committed publishes, for the tally: it gains and loses nothing.
    function test_who_did_not_commit_gains_and_loses_nothing() public {
        toPublish(copies(ballot(true), 3));
        address late = voters()[3];
        publishAll(MODEL, 7);
        assertEq(entry(late).acts, Acts.PUBLISHED);
        assertEq(entry(late).option, 0);
        assertEq(finish().leadingCount, 4);
        assertEq(balance(late), BOND);
        assertEq(federation.pool(), POOL - 3 * UPDATE_PAY - 3 * PART);
        assertSolvent();
    }

    /// @dev Who committed and didn't reveal loses, whatever it publishes, and whatever it published before.
    function test_who_does_not_reveal_loses() public {
        playJury(MODEL, 7);
        openAndDraw();
        proposeAll();
        jurors = voters();
        uint256[4] memory before;
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
            before[i] = balance(jurors[i]);
        }
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(jurors[i], ballot(true));
        }
        pass(IFederation.Phase.Reveal);
        for (uint256 i = 0; i < 3; ++i) {
            publish(jurors[i], OTHER, 7);
        }
        uint256 snapshot = vm.snapshotState();
        finish();
        assertEq(federation.head(), OTHER);
        assertEq(balance(jurors[3]), before[3] - VOTER_STAKE);
        assertGt(balance(jurors[0]), before[0]);
        assertSolvent();
        vm.revertToState(snapshot);
        publish(jurors[3], OTHER, 7);
        finish();
        assertEq(balance(jurors[3]), before[3] - VOTER_STAKE);
        assertSolvent();
    }

    /// @dev Another digest than most published is a seat not earned.
    function test_another_digest_earns_no_seat() public {
        jurors = toPublishAll(ballot(true));
        publish(jurors[0], OTHER, 7);
        for (uint256 i = 1; i < 4; ++i) {
            publish(jurors[i], MODEL, 7);
        }
        finish();
        assertEq(federation.head(), MODEL);
        assertEq(balance(jurors[0]), BOND - VOTER_STAKE);
        assertEq(balance(jurors[1]), BOND + PART);
        assertEq(federation.pool(), POOL - 3 * UPDATE_PAY - 3 * PART + VOTER_STAKE);
        assertSolvent();
    }

    /// @dev The first publication of a digest may be one that isn't paid: seats of an earlier round don't count.
    function test_seats_start_anew_each_round() public {
        playJury(MODEL, 7);
        toPublish(four(opinion(0, 7), ballot(true), ballot(true), ballot(true)));
        uint256 pool = federation.pool();
        publishAll(OTHER, 7);
        IFederation.Round memory r = finish();
        assertEq(federation.pool(), pool - (3 * 6 + 3) * uint256(r.proposerReward) + VOTER_STAKE);
        assertSolvent();
    }

    // ------------------------------------------------------------------ undecided

    function test_an_undecided_round_costs_silence_alone() public {
        openAndDraw();
        proposeAll();
        jurors = voters();
        for (uint256 i = 0; i < 3; ++i) {
            commitBallot(jurors[i], ballot(false));
        }
        pass(IFederation.Phase.Commit);
        revealBallot(jurors[0], ballot(false));
        revealBallot(jurors[1], ballot(false));
        pass(IFederation.Phase.Reveal);
        assertEq(phase(), uint256(IFederation.Phase.Settle), "half is no quorum");
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(balance(jurors[0]), BOND);
        assertEq(balance(jurors[2]), BOND - VOTER_STAKE);
        assertEq(balance(jurors[3]), BOND);
        assertEq(federation.pool(), POOL + VOTER_STAKE);
        assertSolvent();
    }

    /// @dev Half publish one model, half another: nobody is paid, nobody loses.
    function test_without_a_majority_nobody_is_paid() public {
        jurors = toPublishAll(opinion(3, 7));
        proposed = proposers();
        for (uint256 i = 0; i < 4; ++i) {
            publish(jurors[i], i < 2 ? MODEL : OTHER, 3);
        }
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(proposed[i]), BOND);
            assertEq(balance(jurors[i]), BOND);
        }
        assertEq(federation.pool(), POOL);
    }

    // ------------------------------------------------------------------ words

    function assertPanel(uint256 proposing_, uint256 sitting) private view {
        IFederation.Status memory s = federation.status();
        assertEq(s.proposers, proposing_);
        assertEq(s.voters, sitting);
        assertEq(s.publishers, sitting);
    }

    /// @dev All jurors are of one mind; who they are, in the order of the draw.
    function toPublishAll(bytes memory each) private returns (address[] memory) {
        toPublish(copies(each, 4));
        return voters();
    }

    /// @dev All publish; the last juror's option becomes `last`, the other three's `others`. Then another federation starts.
    function assertSeats(uint256 selection, uint256 last, uint256 others) private {
        jurors = voters();
        publishAll(MODEL, selection);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(entry(jurors[i]).option, i < 3 ? others : last, "option");
        }
        uint256 snapshot = vm.snapshotState();
        IFederation.Round memory r = finish();
        assertEq(r.leadingCount, 4, "what they publish counts");
        for (uint256 i = 0; i < 4; ++i) {
            uint256 seat = i < 3 ? others : last;
            uint256 left = seat == EXCUSED ? BOND : seat == 0 ? BOND - VOTER_STAKE : BOND + PART;
            assertEq(balance(jurors[i]), left, "seat");
        }
        assertSolvent();
        vm.revertToState(snapshot);
        startAnew();
    }

    /// @dev A federation like the first, whose round is left as it is.
    function startAnew() private {
        redeploy(9);
        fillPool(POOL);
    }
}
