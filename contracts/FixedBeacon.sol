// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBeacon} from "./interfaces/IBeacon.sol";

/// @title A beacon whose values are all known in advance: for development chains and tests only.
/// @notice With it the draws of a run depend only on its members' acts.
contract FixedBeacon is IBeacon {
    bytes32 public immutable value;

    constructor(bytes32 value_) {
        value = value_;
    }

    /// @inheritdoc IBeacon
    function entropy(uint256 round, uint256) external view returns (bytes32) {
        return keccak256(abi.encode(value, round));
    }
}
