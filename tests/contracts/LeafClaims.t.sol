// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {BflcBench} from "./BflcBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev What a proposal claims is held to the terms under every mechanism. `Core.t.sol` has StakeVote,
/// `BladeRounds.t.sol` Blade.
abstract contract LeafClaims is LeafBench {
    function checkClaims(uint256 maxSamples, uint256 maxEpochs) internal {
        openAndDraw();
        address who = proposers()[0];
        refusesSamples(who, 0, maxSamples);
        refusesSamples(who, maxSamples + 1, maxSamples);
        refusesEpochs(who, 0, maxEpochs);
        refusesEpochs(who, maxEpochs + 1, maxEpochs);
        train(who, maxSamples, maxEpochs);
        assertEq(federation.roundOf(1).proposals, 1);
    }

    function refusesSamples(address who, uint256 samples, uint256 most) private {
        bytes memory call = abi.encodeCall(IFederation.propose, (1, digestOf(who, 1), samples, 1));
        refuses(who, call, abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, samples, most));
    }

    function refusesEpochs(address who, uint256 epochs, uint256 most) private {
        bytes memory call = abi.encodeCall(IFederation.propose, (1, digestOf(who, 1), 1, epochs));
        refuses(who, call, abi.encodeWithSelector(IFederation.EpochsOutOfRange.selector, epochs, most));
    }
}

contract VbflClaimsTest is VbflBench, LeafClaims {
    function deploy() internal override(LeafBench, VbflBench) returns (IFederation) {
        return VbflBench.deploy();
    }

    function test_vbfl_claims_are_held_to_the_terms() public {
        redeploy(10);
        checkClaims(vbfl().terms().maxSamples, vbfl().terms().maxEpochs);
    }
}

contract BflcClaimsTest is BflcBench, LeafClaims {
    function deploy() internal override(LeafBench, BflcBench) returns (IFederation) {
        return BflcBench.deploy();
    }

    function test_bflc_claims_are_held_to_the_terms() public {
        redeploy(10);
        checkClaims(bflc().terms().maxSamples, bflc().terms().maxEpochs);
    }
}
