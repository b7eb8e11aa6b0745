// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {BallotAttacks} from "./BallotAttacks.sol";
import {LeafBench} from "./LeafBench.sol";
import {NamedAttacks} from "./NamedAttacks.sol";
import {StakeVoteBench} from "./StakeVoteBench.sol";

/// @dev See the table in `NamedAttacks.sol`; what `Attacks.t.sol` has is not repeated.
contract NamedAttacksStakeVoteTest is StakeVoteBench, NamedAttacks {
    uint256 private slash = VOTER_STAKE;

    function setUp() public override(LeafBench, BallotAttacks) {
        super.setUp();
    }

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        if (slash != VOTER_STAKE) (t.proposerStake, t.voterStake) = (slash, slash);
    }

    function populate() internal override {
        joinMany(7, BOND); // two propose, five vote
    }

    function prepare(address who) internal override {}

    function entering(address) internal pure override returns (bytes memory, uint256) {
        return (abi.encodeCall(IFederation.join, (BOND)), BOND);
    }

    function silenceCosts() internal pure override returns (uint256) {
        return VOTER_STAKE;
    }

    function playAccepted() internal override {
        playRound(4, 1, 0);
    }

    /// @dev Three of five voters write the model, and take 30 from each of the others: 20 each. This is what is trusted.
    function test_majority_of_colluders() public {
        openAndDraw();
        proposeAll();
        address[] memory v = voters();
        vote(ballotsOf(2, 0, 3));
        federation.settle();
        assertEq(federation.head(), OTHER);
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(balance(v[i]), i < 2 ? BOND - VOTER_STAKE : BOND + 2 * VOTER_STAKE / 3);
        }
    }

    /// @dev Four accounts cost four bonds, and are drawn as often as four owners are; each loses on its own.
    function test_one_owner_as_many_sybils() public {
        for (uint256 i = 0; i < 4; ++i) {
            joinOne(account(40 + i), BOND);
        }
        uint256 seats;
        for (uint256 k = 0; k < 110; ++k) {
            openAndDraw();
            address[] memory p = proposers();
            for (uint256 i = 0; i < p.length; ++i) {
                if (p[i] >= account(40)) ++seats;
            }
            finish();
        }
        assertApproxEqAbs(seats, 80, 25, "4 of 11 of 220 seats");
        openAndDraw();
        proposeAll();
        address[] memory v = voters();
        uint256 sybils;
        for (uint256 i = 0; i < v.length; ++i) {
            if (v[i] >= account(40)) ++sybils;
            commit(v[i], v[i] >= account(40) ? OTHER : MODEL);
        }
        for (uint256 i = 0; i < v.length; ++i) {
            reveal(v[i], v[i] >= account(40) ? OTHER : MODEL);
        }
        federation.settle();
        assertEq(federation.head(), MODEL);
        uint256 held;
        for (uint256 i = 0; i < 4; ++i) {
            held += balance(account(40 + i));
        }
        assertEq(held, 4 * BOND - sybils * VOTER_STAKE);
    }

    /// @dev The least slash there is: it costs 1, and whoever holds no more than the bond its membership.
    function test_slash_of_one_unit() public {
        slash = 1;
        again();
        playRound(4, 1, 0);
        (address loser, uint256 least) = poorest();
        assertEq(least, BOND - 1);
        (, uint256 most) = richest0();
        assertEq(most, BOND, "a quarter of a unit is dust");
        assertEq(federation.pool(), 1);
        federation.collect(loser);
        assertEq(standing(loser), uint256(IFederation.Standing.Banned));
        assertSolvent();
    }

    /// @dev The largest: all of the bond goes to the majority, and nothing is left to withdraw.
    function test_slash_of_everything() public {
        slash = BOND;
        again();
        playRound(4, 1, 0);
        (address loser, uint256 least) = poorest();
        assertEq(least, 0);
        (, uint256 most) = richest0();
        assertEq(most, BOND + BOND / 4);
        federation.evict(one(loser));
        vm.warp(block.timestamp + 1000);
        refuses(
            loser,
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeWithSelector(IFederation.NothingToWithdraw.selector, loser)
        );
        assertSolvent();
    }

    /// @dev The same in a rejected round, from the proposers: their bonds make the pool.
    function test_slash_of_every_proposer() public {
        slash = BOND;
        again();
        playRound(0, 5, 0);
        assertEq(federation.pool(), 2 * BOND);
        assertSolvent();
    }

    function poorest() private view returns (address who, uint256 least) {
        least = type(uint256).max;
        for (uint256 i = 0; i < members.length; ++i) {
            if (balance(members[i]) < least) (who, least) = (members[i], balance(members[i]));
        }
    }

    function richest0() private view returns (address who, uint256 most) {
        for (uint256 i = 0; i < members.length; ++i) {
            if (balance(members[i]) > most) (who, most) = (members[i], balance(members[i]));
        }
    }
}
