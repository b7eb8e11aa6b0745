// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {DecoyBench} from "./DecoyBench.sol";

/// @dev Who wants to know or to choose what is a decoy, or to hide behind it. See the table in `NamedAttacks.sol`.
contract DecoyAttacksTest is DecoyBench {
    /// @dev A lot could be chosen if an anchor could follow the seed, which the seal block's hash decides before anybody
    /// draws.
    function test_a_lot_is_not_known_before_it_is_anchored() public {
        federation.open();
        bytes memory other = anchoring(hashOf("a better one"));
        refusesPhase(members[0], other, IFederation.Phase.Open);
        vm.roll(block.number + 1);
        refusesPhase(members[0], other, IFederation.Phase.Open);
        federation.draw();
        refusesPhase(proposers()[0], other, IFederation.Phase.Open);
        // a round that nobody draws is void, and its seed with it
        finish();
        vm.warp(federation.status().restUntil);
        federation.open();
        vm.roll(block.number + 257);
        refusesPhase(members[0], other, IFederation.Phase.Open);
        federation.settle();
        anchor(members[0], "a better one");
    }

    /// @dev It can't be said to have been another's.
    function test_anothers_secret_is_shown() public {
        playBallots(1, same(opinion(6, 7)));
        (address decoy, address poisoner) = (authors[0], authors[1]);
        bytes32 seen = secretOf[decoy];
        // seen in the pool of transactions, or after it was mined
        refuses(poisoner, showing(seen), badSecret(poisoner, seen));
        show(decoy);
        refuses(poisoner, showing(seen), badSecret(poisoner, seen));
        refuses(jurors[0], showing(seen), notProposed(jurors[0]));
    }

    /// @dev Who anchors another's end has its lots, whatever they are, and learns them when all do.
    function test_a_copied_anchor_is_a_lot_that_nobody_chose() public {
        bytes32 end = hashOf("a secret");
        anchor(members[0], "a secret");
        for (uint256 i = 1; i < 9; ++i) {
            vm.prank(members[i]);
            jury().anchor(end);
            secretOf[members[i]] = "a secret";
        }
        openAndDraw();
        proposeAll();
        (authors, jurors) = (proposers(), voters());
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        bool decoy = lotOf("a secret", federation.status().seed, ODDS);
        for (uint256 n = 0; n < 3; ++n) {
            vm.expectEmit(address(federation));
            emit IStakeJury.Shown(1, authors[n], "a secret", decoy);
            show(authors[n]);
        }
        // and then it is at its end: only the owner knows what comes next
        bytes32 guess = hashOf(end);
        assertEq(jury().anchorOf(authors[1]), "a secret");
        refuses(
            authors[1],
            showing(guess),
            abi.encodeWithSelector(IFederation.AlreadyActed.selector, authors[1], 1, Acts.PROPOSED | Acts.SHOWN)
        );
    }

    function test_a_secret_is_shown_twice() public {
        playBallots(1, same(opinion(6, 7)));
        show(authors[0]);
        uint8 acts = Acts.PROPOSED | Acts.SHOWN;
        bytes memory again = abi.encodeWithSelector(IFederation.AlreadyActed.selector, authors[0], round(), acts);
        refuses(authors[0], showing(secretOf[authors[0]]), again);
        showThose(6);
        publishAll(MODEL, 6);
        finish();
        assertEq(balance(authors[0]), BOND + UPDATE_PAY, "paid once");
        // nor in another round: by then it is the anchor
        playBallots(0, same(ballot(true)));
        for (uint256 n = 0; n < 3; ++n) {
            bytes32 shown = jury().anchorOf(authors[n]);
            refuses(authors[n], showing(shown), badSecret(authors[n], shown));
        }
    }

    /// @dev Poison by who isn't drawn for a decoy: no secret makes one of it, and silence doesn't either.
    function test_poison_passes_for_no_decoy() public {
        playBallots(0, same(opinion(6, 7)));
        address poisoner = authors[0];
        for (uint256 i = 0; i < 20; ++i) {
            refuses(poisoner, showing(bytes32(i)), badSecret(poisoner, bytes32(i)));
        }
        showThose(6);
        uint256 snapshot = vm.snapshotState();
        for (uint256 k = 0; k < 2; ++k) {
            if (k == 1) show(poisoner);
            pass(IFederation.Phase.Reveal);
            publishAll(MODEL, 6);
            finish();
            assertEq(balance(poisoner), BOND - PROPOSER_STAKE);
            vm.revertToState(snapshot);
        }
    }

    /// @dev Poison by who is: a jury of its friends passes it, and it isn't in the model. If it isn't shown either.
    function test_a_decoy_is_no_way_into_the_model() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 shown = 6; shown < 8; ++shown) {
            playShown(1, shown, same(ballot(true)));
            refuses(jurors[0], publishing(OTHER, 7), wrongSelection(7, 6));
            publishAll(MODEL, 6);
            finish();
            assertEq(balance(authors[0]), shown == 7 ? BOND + UPDATE_PAY : BOND, "paid if it was shown");
            vm.revertToState(snapshot);
        }
    }

    /// @dev Jurors who approve untested, of a jury that tests: what they would be paid without decoys, and aren't with.
    function test_approving_untested() public {
        bytes[] memory ballots = four(opinion(5, 7), opinion(5, 7), opinion(5, 7), opinion(7, 7));
        playShown(2, 7, ballots);
        publishAll(MODEL, 5);
        finish();
        assertEq(balance(jurors[0]), BOND + PART);
        assertEq(balance(jurors[3]), BOND);
    }

    /// @dev Nor does it help to say that one could have half of the updates, and to approve these.
    function test_approving_half_untested() public {
        bytes[] memory ballots = four(opinion(5, 7), opinion(5, 7), opinion(5, 7), opinion(5, 5));
        uint256 snapshot = vm.snapshotState();
        for (uint256 decoys = 0; decoys <= 2; decoys += 2) {
            playShown(decoys, 7, ballots);
            publishAll(MODEL, 5);
            finish();
            assertEq(balance(jurors[0]), BOND + PART);
            assertEq(balance(jurors[3]), decoys == 0 ? BOND + PART : BOND);
            vm.revertToState(snapshot);
        }
    }

    /// @dev All that silence gains is a wait, and its own update is lost.
    function test_silence_hangs_no_round() public {
        playBallots(0, same(ballot(true)));
        showThose(3);
        uint256 end = federation.status().revealEnd;
        inPhase(IFederation.Phase.Reveal);
        vm.warp(end);
        publishAll(MODEL, 3);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(balance(authors[2]), BOND);
    }
}
