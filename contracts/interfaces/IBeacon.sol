// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title A source of randomness that a federation may use instead of block hashes.
/// @notice The controller of a beacon controls the draws: name it in a consortium's agreement.
interface IBeacon {
    /// @param round the round to be drawn
    /// @param sealBlock the block in which the registry was frozen
    function entropy(uint256 round, uint256 sealBlock) external view returns (bytes32);
}
