// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {GasBench} from "./GasBench.sol";

/// @dev What settling a rejected round costs where blame is attributed: it looks at each of the round's updates.
/// forge-config: default.isolate = true
contract GasAttributionTest is GasBench {
    uint256 private constant VOTES = 5;
    uint256 private constant NOISE = 100;

    uint32 private mostProposers = 10;
    bool private attribution = true;

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        (t.proposers, t.quorumBps, t.attribution) = (mostProposers, 0, attribution);
    }

    function test_gas_of_settling() public {
        uint256 few = settling(10 + VOTES, 10);
        assertApproxEqAbs(settling(100, 10), few, NOISE, "with a hundred members");
        assertApproxEqAbs(settling(1000, 10), few, NOISE, "with a thousand members");
        note("settle_10", few);
        note("settle_64", settling(64 + VOTES, 64));
        note("settle_256", settling(256 + VOTES, 256));
        compare("attribution_", "_updates");
    }

    function test_gas_of_settling_without_attribution() public {
        attribution = false;
        assertApproxEqAbs(settling(256 + VOTES, 256), settling(10 + VOTES, 10), NOISE, "without, it looks at none");
    }

    /// @dev Some vote, and all of them name every update.
    function settling(uint256 size, uint256 updates) private returns (uint256) {
        mostProposers = uint32(updates);
        federation = IFederation(create("StakeVote", abi.encode(terms())));
        delete members;
        joinMany(size, BOND);
        openAndDraw();
        proposeAll();
        bytes32 all = bytes32(type(uint256).max >> (256 - updates));
        bytes memory ballot = attribution ? abi.encode(REJECT, all) : abi.encode(REJECT);
        address[] memory list = voters();
        for (uint256 i = 0; i < VOTES; ++i) {
            commitBallot(list[i], ballot);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < VOTES; ++i) {
            revealBallot(list[i], ballot);
        }
        pass(IFederation.Phase.Reveal);
        uint256 used = act(account(0), abi.encodeCall(IFederation.settle, ()));
        assertEq(federation.pool(), PROPOSER_STAKE * updates, "all are blamed");
        return used;
    }
}
