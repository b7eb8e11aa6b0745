// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {LeafBench} from "./LeafBench.sol";
import {ManagedAttacks} from "./ManagedAttacks.t.sol";
import {NamedAttacks} from "./NamedAttacks.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev See the table in `NamedAttacks.sol`.
contract NamedAttacksStakeJuryTest is StakeJuryBench, NamedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        joinMany(9, BOND);
    }

    function prepare(address who) internal override {}

    function entering(address) internal pure override returns (bytes memory, uint256) {
        return (abi.encodeCall(IFederation.join, (BOND)), BOND);
    }

    function playAccepted() internal override {
        fillPool(POOL);
        playJury(MODEL, ALL);
    }

    function silenceCosts() internal pure override returns (uint256) {
        return VOTER_STAKE;
    }

    /// @dev Half of the jury for an update, half against it: it falls, and takes nobody's stake.
    function test_tie() public {
        toPublish(four(opinion(7, 7), opinion(7, 7), opinion(6, 7), opinion(6, 7)));
        address author = authorOf(0);
        publishAll(MODEL, 6);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(balance(author), BOND);
    }

    /// @dev Two jurors of four decide nothing, and are paid nothing.
    function test_no_quorum() public {
        fillPool(POOL);
        toPublish(copies(opinion(6, 7), 2));
        refusesPhase(publishers()[0], publishing(OTHER, 6), IFederation.Phase.Publish);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), POOL);
    }

    /// @dev Three jurors of four are the jury: they pass what they like, take an honest proposer's stake, and write the
    /// model. The fourth loses its seat where it disagrees in most.
    function test_majority_of_colluders() public {
        fillPool(POOL);
        toPublish(four(opinion(6, 7), opinion(6, 7), opinion(6, 7), opinion(1, 7)));
        address author = authorOf(0);
        address[] memory jurors = voters();
        for (uint256 i = 0; i < 3; ++i) {
            publish(jurors[i], OTHER, 6);
        }
        publish(jurors[3], MODEL, 6);
        finish();
        assertEq(federation.head(), OTHER);
        assertEq(balance(author), BOND - PROPOSER_STAKE);
        assertEq(balance(jurors[3]), BOND - VOTER_STAKE);
        assertEq(balance(jurors[0]), BOND + PART, "which is what an honest seat earns");
    }

    /// @dev Two of four pass nothing, reject nothing clearly, and write nothing.
    function test_half_of_a_jury() public {
        toPublish(four(opinion(6, 7), opinion(6, 7), opinion(7, 7), opinion(7, 7)));
        address author = authorOf(0);
        address[] memory jurors = voters();
        for (uint256 i = 0; i < 4; ++i) {
            publish(jurors[i], i < 2 ? OTHER : MODEL, 6);
        }
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(balance(author), BOND);
    }

    /// @dev Three accounts of twelve cost three bonds and hold a quarter of all seats, as three owners would.
    function test_one_owner_as_many_sybils() public {
        for (uint256 i = 0; i < 3; ++i) {
            joinOne(account(40 + i), BOND);
        }
        uint256 seats;
        for (uint256 k = 0; k < 100; ++k) {
            openAndDraw();
            address[] memory v = voters();
            for (uint256 i = 0; i < v.length; ++i) {
                if (v[i] >= account(40)) ++seats;
            }
            finish();
        }
        assertApproxEqAbs(seats, 100, 30, "a quarter of 400 seats");
    }

    /// @dev Out for what it lost, it gets in neither under its name nor with a larger stake; what is left is its own.
    function test_banned_account_coming_back() public {
        playJury(0, 0);
        address bad = authorOf(0);
        while (!federation.memberOf(bad).out) {
            playJury(0, 0);
        }
        uint256 left = balance(bad);
        federation.evict(one(bad));
        vm.warp(block.timestamp + 1000);
        vm.prank(bad);
        federation.withdraw();
        assertEq(token.balanceOf(bad), left);
        fund(bad, 3 * BOND);
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, bad);
        refuses(bad, abi.encodeCall(IFederation.join, (3 * BOND)), banned);
        refuses(bad, abi.encodeCall(IFederation.deposit, (BOND)), banned);
    }

    /// @dev A juror that publishes another model than most is not paid; one that states other votes is refused.
    function test_publisher_of_something_else() public {
        fillPool(POOL);
        toPublish(copies(ballot(true), 4));
        address[] memory jurors = voters();
        refuses(jurors[0], publishing(MODEL, 3), wrongSelection(3, 7));
        publish(jurors[0], OTHER, 7);
        for (uint256 i = 1; i < 4; ++i) {
            publish(jurors[i], MODEL, 7);
        }
        finish();
        assertEq(federation.head(), MODEL);
        assertEq(balance(jurors[0]), BOND - VOTER_STAKE);
        assertEq(balance(jurors[1]), BOND + PART);
    }
}

contract ManagedAttacksStakeJuryTest is StakeJuryBench, ManagedAttacks {
    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function populate() internal override {
        for (uint256 i = 0; i < 9; ++i) {
            allowed(account(i));
            joinOne(account(i), BOND);
        }
    }

    /// @dev The silent pay here: what managers could do to a juror by keeping it from revealing.
    function test_silence_costs_and_expulsion_does_not() public {
        fillPool(POOL);
        openAndDraw();
        proposeAll();
        address[] memory jurors = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(jurors[i], ballot(true));
        }
        expelled(jurors[0]);
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(jurors[i], ballot(true));
        }
        pass(IFederation.Phase.Reveal);
        for (uint256 i = 0; i < 3; ++i) {
            publish(jurors[i], MODEL, 7);
        }
        finish();
        assertEq(balance(jurors[0]), BOND + PART);
        assertEq(balance(jurors[3]), BOND - VOTER_STAKE);
    }
}
