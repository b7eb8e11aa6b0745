// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev The federation of `Bench`, where attacks that every leaf must stand are tried.
abstract contract StakeVoteBench is LeafBench {
    function deploy() internal virtual override returns (IFederation) {
        return new StakeVote(terms());
    }

    function ballot(bool good) internal pure override returns (bytes memory) {
        return abi.encode(good ? MODEL : REJECT);
    }
}
