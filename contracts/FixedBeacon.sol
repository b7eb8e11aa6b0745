// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBeacon} from "./interfaces/IBeacon.sol";

/// @title A beacon whose every value is known beforehand: for development chains and tests only.
/// @notice With it the draws of a run depend on nothing but what its members do.
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
