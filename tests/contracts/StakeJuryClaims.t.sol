// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {CoalitionBench} from "./CoalitionBench.sol";

/// @dev In `Vbfl` one claim of the most samples takes the pool. Here the same federation, twenty members with a bond of
/// 16 tokens and a pool of 1000, plays by the terms that stand for `vbfl` under the hardened rules.
contract StakeJuryClaimsTest is CoalitionBench {
    uint32 private maxSamples = 1;
    uint32 private maxEpochs = 1;
    address private liar;

    function deploy() internal override returns (IFederation) {
        IStakeJury.StakeJuryTerms memory t = defaultTerms();
        t.voters = 15;
        (t.maxSamples, t.maxEpochs) = (maxSamples, maxEpochs);
        return new StakeJury(t);
    }

    function isEvil(address who) internal view override returns (bool) {
        return who == liar;
    }

    function test_the_most_claimed_is_refused_by_default() public {
        deployForDraw(0);
        joinMany(20, 16 * T);
        openAndDraw();
        liar = proposers()[0];
        bytes memory refusal = abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 2 ** 20, 1);
        refuses(liar, proposing(2 ** 20, 4095), refusal);
        refuses(liar, proposing(1, 4095), abi.encodeWithSelector(IFederation.EpochsOutOfRange.selector, 4095, 1));
    }

    /// @dev Where the terms allow it, it weighs in the model, and earns what all others earn.
    function test_the_most_claimed_earns_no_more() public {
        (maxSamples, maxEpochs) = (2 ** 20, 4095);
        Result memory honest = playOne(false);
        Result memory foul = playOne(true);
        assertDoesNotPay(foul, honest);
        assertEq(foul.coalition, honest.coalition);
        assertEq(foul.others, honest.others);
    }

    /// @dev A round in which all updates pass, and the first of the drawn proposers may claim the most.
    function playOne(bool lies) private returns (Result memory) {
        deployForDraw(0);
        joinMany(20, 16 * T);
        fillPool(1000 * T);
        openAndDraw();
        address[] memory list = proposers();
        liar = list[0];
        for (uint256 i = 0; i < list.length; ++i) {
            bool most = lies && i == 0;
            train(list[i], most ? maxSamples : 1, most ? maxEpochs : 1);
        }
        uint256 all = (1 << list.length) - 1;
        judgeAll(opinion(all, all));
        publishAll(MODEL, all);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        return resultOf(16 * T);
    }
}
