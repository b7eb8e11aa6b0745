// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {DecoyBench} from "./DecoyBench.sol";

/// @dev Anchoring and showing secrets, and what waits for that.
contract DecoysTest is DecoyBench {
    function test_the_odds_are_kept() public view {
        assertEq(jury().terms().decoyOdds, ODDS);
        assertEq(abi.encode(jury().terms()), abi.encode(juryTerms()));
    }

    // ------------------------------------------------------------------ anchor

    function test_a_member_anchors_between_rounds_as_often_as_it_likes() public {
        assertEq(jury().anchorOf(members[0]), 0);
        bytes32[2] memory ends = [bytes32("end"), "another end"];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(federation));
            emit IStakeJury.Anchored(members[0], ends[i]);
            vm.prank(members[0]);
            jury().anchor(ends[i]);
            assertEq(jury().anchorOf(members[0]), ends[i]);
            assertEq(jury().anchorOf(members[1]), 0, "its own");
        }
        assertEq(entry(members[0]).acts, 0, "no act");
    }

    function test_nobody_anchors_during_a_round() public {
        federation.open();
        refusesAnchor(IFederation.Phase.Draw);
        vm.roll(block.number + 1);
        federation.draw();
        (authors, jurors) = (proposers(), voters());
        refusesAnchor(IFederation.Phase.Propose);
        proposeAll();
        refusesAnchor(IFederation.Phase.Commit);
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        refusesAnchor(IFederation.Phase.Reveal);
        for (uint256 i = 0; i < 4; ++i) {
            revealBallot(jurors[i], ballot(true));
        }
        pass(IFederation.Phase.Reveal);
        refusesAnchor(IFederation.Phase.Publish);
        publishAll(0, 0);
        refusesAnchor(IFederation.Phase.Settle);
        federation.settle();
        anchor(members[0], "after it");
    }

    function test_members_alone_anchor_and_not_nothing() public {
        address stranger = account(50);
        refuses(stranger, anchoring(0), notMember(stranger, IFederation.Standing.Stranger));
        refuses(members[0], anchoring(0), abi.encodeWithSelector(IStakeJury.EmptyAnchor.selector));
        anchor(members[0], "a secret");
        refuses(members[0], anchoring(0), abi.encodeWithSelector(IStakeJury.EmptyAnchor.selector));
        vm.prank(members[0]);
        federation.exit();
        refuses(members[0], anchoring("end"), notMember(members[0], IFederation.Standing.Leaving));
        assertEq(jury().anchorOf(members[0]), hashOf("a secret"), "who leaves has it when it comes back");
    }

    function test_a_banned_account_does_not_anchor() public {
        floor = BOND;
        redeploy(9);
        playShown(0, 6, same(opinion(6, 7)));
        publishAll(MODEL, 6);
        finish();
        address out = authors[0];
        federation.collect(out);
        refuses(out, anchoring(0), abi.encodeWithSelector(IFederation.AccountBanned.selector, out));
    }

    /// @dev A new member anchors in the phase in which it joined, for the round that may draw it.
    function test_a_new_member_anchors_at_once() public {
        joinOne(account(9), BOND);
        anchor(account(9), "a secret");
    }

    // ------------------------------------------------------------------ show

    function test_a_proposer_shows_its_secret() public {
        plant(2);
        proposeAll();
        pass(IFederation.Phase.Propose);
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        for (uint256 n = 0; n < 3; ++n) {
            bytes32 secret = secretOf[authors[n]];
            IFederation.Member memory before = entry(authors[n]);
            vm.expectEmit(address(federation));
            emit IStakeJury.Shown(round(), authors[n], secret, n == 1);
            show(authors[n]);
            assertEq(jury().anchorOf(authors[n]), secret, "the next one leads to it");
            before.acts |= Acts.SHOWN;
            assertEq(abi.encode(entry(authors[n])), abi.encode(before), "and nothing else of its record");
        }
    }

    function test_nobody_shows_before_the_ballots_are_fixed_or_after() public {
        plant(7);
        address who = authors[0];
        bytes memory data = showing(secretOf[who]);
        refusesPhase(who, data, IFederation.Phase.Reveal); // Propose
        proposeAll();
        refusesPhase(who, data, IFederation.Phase.Reveal); // Commit
        for (uint256 i = 0; i < 3; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        refusesPhase(who, data, IFederation.Phase.Reveal);
        pass(IFederation.Phase.Commit);
        uint256 snapshot = vm.snapshotState();
        show(who);
        vm.revertToState(snapshot);
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(jurors[i], ballot(true));
        }
        vm.warp(federation.status().revealEnd - 1);
        snapshot = vm.snapshotState();
        show(who);
        vm.revertToState(snapshot);
        vm.warp(federation.status().revealEnd);
        refusesPhase(who, data, IFederation.Phase.Reveal); // Publish
        pass(IFederation.Phase.Publish);
        refusesPhase(who, data, IFederation.Phase.Reveal); // Settle
        federation.settle();
        refusesPhase(who, data, IFederation.Phase.Reveal); // Open
    }

    /// @dev Each wrong in everything that is checked after it.
    function test_what_is_wrong_with_a_secret_is_said_in_order() public {
        plant(0);
        proposeAll();
        (address who, address juror, address stranger) = (authors[0], jurors[0], account(50));
        uint256 number = round();
        bytes memory later = abi.encodeCall(IStakeJury.show, (number + 1, "x"));
        refuses(stranger, later, abi.encodeWithSelector(IFederation.WrongRound.selector, number + 1, number));
        refusesPhase(stranger, showing("x"), IFederation.Phase.Reveal);
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        refuses(stranger, showing("x"), notMember(stranger, IFederation.Standing.Stranger));
        refuses(juror, showing("x"), notProposed(juror));
        refuses(who, showing("x"), badSecret(who, "x"));
        refuses(who, showing(hashOf(secretOf[who])), badSecret(who, hashOf(secretOf[who])));
        show(who);
        uint8 acts = Acts.PROPOSED | Acts.SHOWN;
        refuses(who, showing("x"), abi.encodeWithSelector(IFederation.AlreadyActed.selector, who, number, acts));
    }

    /// @dev Who proposed in an earlier round, and showed in it, is a juror now, or drawn and late.
    function test_the_acts_of_an_earlier_round_count_for_nothing() public {
        playShown(0, 7, same(ballot(true)));
        publishAll(MODEL, 7);
        finish();
        address[] memory earlier = authors;
        plant(0);
        propose(authors[0]);
        pass(IFederation.Phase.Propose);
        commitBallot(jurors[0], opinion(1, 1));
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < 3; ++i) {
            if (earlier[i] != authors[0]) refuses(earlier[i], showing(secretOf[earlier[i]]), notProposed(earlier[i]));
        }
        refuses(authors[1], showing(secretOf[authors[1]]), notProposed(authors[1]));
        show(authors[0]);
    }

    function test_secrets_are_shown_one_after_the_other() public {
        (mostProposers, mostVoters) = (8, 1);
        minVoters = 1;
        redeploy(9);
        bytes32[4] memory chain;
        chain[0] = "the first";
        for (uint256 i = 1; i < 4; ++i) {
            chain[i] = hashOf(chain[i - 1]);
        }
        for (uint256 i = 0; i < 9; ++i) {
            anchor(members[i], chain[2]);
        }
        address who = members[0];
        uint256 left = 3;
        while (left != 0) {
            openAndDraw();
            proposeAll();
            judgeUntilReveal(opinion(255, 255));
            if (federation.memberOf(who).position < 8) {
                --left;
                for (uint256 i = 0; i < 4; ++i) {
                    if (i != left) refuses(who, showing(chain[i]), badSecret(who, chain[i]));
                }
                secretOf[who] = chain[left];
                show(who);
            }
            finish();
        }
    }

    // ------------------------------------------------------------------ lots

    /// @dev With one chain for all members all lots are the same.
    function testFuzz_a_lot_is_the_secrets_and_the_seeds(bytes32 secret, uint16 odds) public {
        decoyOdds = odds < 2 ? 2 : odds;
        if (odds % 2 == 0) decoyOdds = 2 + odds % 3; // else there would be few decoys
        redeploy(9);
        for (uint256 i = 0; i < 9; ++i) {
            anchor(members[i], secret);
        }
        openAndDraw();
        proposeAll();
        authors = proposers();
        judgeUntilReveal(ballot(true));
        bool decoy = lotOf(secret, federation.status().seed, decoyOdds);
        for (uint256 n = 0; n < 3; ++n) {
            vm.expectEmit(address(federation));
            emit IStakeJury.Shown(1, authors[n], secret, decoy);
            show(authors[n]);
        }
        address juror = voters()[0];
        publish(juror, decoy ? bytes32(0) : MODEL, decoy ? 0 : 7);
    }

    /// @dev Where nothing is a decoy, nothing waits, and what isn't shown counts as well; who shows, shows no decoy.
    function test_without_odds_there_are_no_decoys() public {
        decoyOdds = 0;
        redeploy(9);
        for (uint256 i = 0; i < 9; ++i) {
            anchor(members[i], bytes32(i));
        }
        openAndDraw();
        proposeAll();
        address who = proposers()[0];
        judgeUntilReveal(ballot(true));
        inPhase(IFederation.Phase.Publish);
        refusesPhase(who, showing(secretOf[who]), IFederation.Phase.Reveal);
        publishAll(MODEL, 7);
        finish();
        openAndDraw();
        proposeAll();
        who = proposers()[0];
        jurors = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        vm.expectEmit(address(federation));
        emit IStakeJury.Shown(2, who, secretOf[who], false);
        show(who);
        for (uint256 i = 0; i < 4; ++i) {
            revealBallot(jurors[i], ballot(true));
        }
        publishAll(OTHER, 7);
        finish();
        assertEq(federation.head(), OTHER);
    }

    // ------------------------------------------------------------------ the phase

    function test_reveal_waits_for_all_secrets() public {
        playBallots(2, same(opinion(5, 7)));
        for (uint256 n = 0; n < 3; ++n) {
            inPhase(IFederation.Phase.Reveal);
            assertEq(uint256(federation.status().phase), uint256(IFederation.Phase.Reveal));
            refusesPhase(jurors[0], publishing(MODEL, 5), IFederation.Phase.Publish);
            show(authors[n]);
        }
        inPhase(IFederation.Phase.Publish);
        assertEq(uint256(federation.status().phase), uint256(IFederation.Phase.Publish));
        publish(jurors[0], MODEL, 5);
    }

    /// @dev And for all ballots that were committed, as always.
    function test_reveal_waits_for_ballots_when_all_is_shown() public {
        plant(0);
        proposeAll();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(jurors[i], ballot(true));
        }
        showThose(7);
        inPhase(IFederation.Phase.Reveal);
        revealBallot(jurors[3], ballot(true));
        inPhase(IFederation.Phase.Publish);
    }

    function test_reveal_waits_no_longer_than_its_time() public {
        playBallots(0, same(ballot(true)));
        vm.warp(federation.status().revealEnd - 1);
        inPhase(IFederation.Phase.Reveal);
        vm.warp(federation.status().revealEnd);
        inPhase(IFederation.Phase.Publish);
        vm.warp(federation.status().publishEnd);
        inPhase(IFederation.Phase.Settle);
    }

    /// @dev Nothing will be published: there is nothing to wait for.
    function test_nothing_waits_without_a_quorum() public {
        bytes[] memory two = copies(ballot(true), 2);
        playBallots(0, two);
        inPhase(IFederation.Phase.Settle);
        refusesPhase(authors[0], showing(secretOf[authors[0]]), IFederation.Phase.Reveal);
        federation.settle();
        assertOutcome(IFederation.Outcome.Undecided);
    }

    /// @dev What was shown in another round is no help.
    function test_each_round_waits_for_its_own() public {
        playShown(0, 7, same(ballot(true)));
        publishAll(MODEL, 7);
        finish();
        playBallots(0, same(ballot(true)));
        inPhase(IFederation.Phase.Reveal);
        showThose(7);
        inPhase(IFederation.Phase.Publish);
    }

    /// @dev The first and the last bit, and every second update a decoy.
    function test_as_many_updates_as_there_can_be() public {
        (mostProposers, mostVoters) = (256, 3);
        redeploy(259);
        uint256 all = type(uint256).max;
        uint256 decoys = all / 3; // 0101…
        playBallots(decoys, copies(opinion(~decoys, all), 3));
        showThose(all >> 1);
        inPhase(IFederation.Phase.Reveal);
        show(authors[255]);
        inPhase(IFederation.Phase.Publish);
        refuses(jurors[0], publishing(MODEL, all), wrongSelection(all, ~decoys));
        publishAll(MODEL, ~decoys);
        uint256 pool = federation.pool();
        uint256 part = finish().proposerReward;
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.pool(), pool - part * (256 * 6 + 3), "all are paid");
    }

    // ------------------------------------------------------------------ words

    function judgeUntilReveal(bytes memory each) private {
        address[] memory list = voters();
        for (uint256 i = 0; i < list.length; ++i) {
            commitBallot(list[i], each);
        }
        for (uint256 i = 0; i < list.length; ++i) {
            revealBallot(list[i], each);
        }
    }

    function refusesAnchor(IFederation.Phase current) private {
        inPhase(current);
        refusesPhase(members[0], anchoring("end"), IFederation.Phase.Open);
    }
}

/// @dev Managers expel somebody who has a secret to show.
contract ManagedDecoysTest is DecoyBench {
    function setUp() public override {
        managers = [ADA, BOB, CAT];
        super.setUp();
    }

    function populate() internal override {
        for (uint256 i = 0; i < 9; ++i) {
            allowed(account(i));
            joinOne(account(i), BOND);
        }
    }

    function test_the_expelled_show_in_their_last_round_and_anchor_no_more() public {
        playBallots(4, same(opinion(3, 7)));
        expelled(authors[2]);
        showThose(7);
        publishAll(MODEL, 3);
        finish();
        assertEq(balance(authors[2]), BOND + UPDATE_PAY);
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, authors[2]);
        refuses(authors[2], anchoring(0), banned);
        refuses(authors[2], anchoring("end"), banned);
    }
}
