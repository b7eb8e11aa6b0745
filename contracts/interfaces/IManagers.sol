// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Managers, who decide which accounts may join a federation. The terms name them; there may be none.
interface IManagers {
    /// @notice A manager moved `method` with `accounts`: `motion`, the call's hash, moved by `ayes` managers so far.
    event Moved(
        address indexed manager, bytes32 indexed motion, bytes4 method, address[] accounts, uint256 ayes
    );
    /// @notice `account` may join from now on.
    event Allowed(address indexed account);
    /// @notice `account` is barred from the next round on; in phase Open, that is at once.
    event Expelled(address indexed account);

    /// @notice `account` is no manager.
    error NotManager(address account);
    /// @notice The manager `account` has moved `motion` already.
    error AlreadyMoved(address account, bytes32 motion);

    /// @notice Move to let `accounts` join.
    function allow(address[] calldata accounts) external;

    /// @notice Move to bar `accounts` from the next round on, until they are allowed again, or for good once evicted.
    /// They finish the round in progress.
    function expel(address[] calldata accounts) external;

    function isAllowed(address account) external view returns (bool);
    function isExpelled(address account) external view returns (bool);
}
