// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title What a federation adds in which a drawn seat is a duty.
interface IDuty {
    /// @notice `account` was drawn for `round` and did nothing in it, the last of `missed` such rounds in a row.
    event Missed(uint256 indexed round, address indexed account, uint256 missed);

    /// @notice Report those of `accounts` that were drawn to propose or to vote in `round`, and did nothing in it until
    /// the ballots were committed; skip the others.
    function report(uint256 round, address[] calldata accounts) external;
}
