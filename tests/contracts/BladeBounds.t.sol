// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Blade} from "../../contracts/federations/Blade.sol";
import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {BladeBench} from "./BladeBench.sol";

/// @dev What whoever holds the majority of a task's places can take, by the default terms: never more than the bounty,
/// and the bonds of those it convicts. Until the auction is another, no term keeps it from the places.
contract BladeBoundsTest is BladeBench {
    uint256 private constant T = 1e18;
    uint256 private constant STAKE = 16 * T;
    uint256 private constant PRIZE = 1000 * T;
    uint256 private constant EVIL = 100;

    function deploy() internal override returns (IFederation) {
        IBlade.BladeTerms memory t = bladeTerms();
        (t.bond, t.bounty, t.rounds, t.winners, t.minWinners) = (STAKE, PRIZE, 10, 10, 3);
        (t.minSamples, t.maxSamples, t.maxEpochs) = (1, 1, 1);
        t.deadline = uint40(START + 5_000_000);
        return new Blade(t);
    }

    /// @dev Ten bids at the last second, after ten honest ones at a price of 100 and after the bounty was paid.
    function test_who_takes_all_places_takes_the_bounty_and_no_more() public {
        for (uint256 i = 0; i < 10; ++i) {
            stakeAndBid(account(i), 100);
        }
        fillPool(PRIZE);
        vm.warp(BIDDING_ENDS - 1);
        for (uint256 i = 0; i < 10; ++i) {
            refuses(
                account(EVIL + i),
                abi.encodeCall(IBlade.bid, (60_000, 1, noiseSeed(account(EVIL + i), 0))),
                abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 60_000, 1)
            );
            stakeAndBid(account(EVIL + i), 1);
        }
        for (uint256 i = 0; i < 10; ++i) {
            assertEq(withdrawn(account(i)), STAKE, "whoever is outbid has its bond back at once");
        }
        vm.warp(BIDDING_ENDS);
        for (uint256 i = 0; i < 10; ++i) {
            openAndDraw();
            train(1);
            pastChallenge();
            judgeAll(approving(1023, 0));
            publishAll(OTHER, 1023);
            finish();
        }
        assertEq(federation.head(), OTHER, "the model is theirs");
        vm.warp(block.timestamp + 100);
        for (uint256 i = 0; i < 10; ++i) {
            vm.prank(account(EVIL + i));
            federation.exit();
        }
        vm.warp(block.timestamp + 1000);
        uint256 taken = 0;
        for (uint256 i = 0; i < 10; ++i) {
            taken += withdrawn(account(EVIL + i));
        }
        assertLe(taken, 10 * STAKE + PRIZE);
        assertSolvent();
    }

    /// @dev The publisher owns six of ten members, and convicts the other four.
    function test_a_publisher_with_a_majority_takes_the_bonds_of_the_rest_and_no_more() public {
        for (uint256 i = 0; i < 10; ++i) {
            stakeAndBid(who(i), i < 4 ? 100 : 1);
        }
        fillPool(PRIZE);
        vm.warp(BIDDING_ENDS);
        openAndDraw();
        for (uint256 i = 0; i < 10; ++i) {
            train(who(i), 1, 1);
        }
        for (uint256 number = 0; number < 4; ++number) {
            accuse(who(4), number);
        }
        pastChallenge();
        bytes memory honest = approving(1023, 0);
        bytes memory false_ = approving(0, 15);
        for (uint256 i = 0; i < 10; ++i) {
            commitBallot(who(i), i < 4 ? honest : false_);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < 10; ++i) {
            revealBallot(who(i), i < 4 ? honest : false_);
        }
        for (uint256 i = 4; i < 10; ++i) {
            publish(who(i), 0, 0);
        }
        finish();
        uint256 lost = 0;
        for (uint256 i = 0; i < 4; ++i) {
            lost += STAKE - balance(who(i));
        }
        assertLe(lost, 4 * STAKE);
        vm.warp(START + 5_000_001);
        blade().reclaim();
        assertEq(token.balanceOf(PUBLISHER), PRIZE + lost, "what it paid itself, and their bonds");
        assertSolvent();
    }

    function who(uint256 i) private pure returns (address) {
        return account(i < 4 ? i : EVIL + i);
    }

    function stakeAndBid(address bidder, uint256 cost) private {
        fund(bidder, STAKE);
        vm.prank(bidder);
        blade().bid(1, cost, noiseSeed(bidder, 0));
        members.push(bidder);
    }

    function withdrawn(address bidder) private returns (uint256) {
        vm.prank(bidder);
        federation.withdraw();
        return token.balanceOf(bidder);
    }
}
