// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Managers, who say whom a federation lets in. The terms name them; a federation may have none.
interface IManagers {
    /// @notice A manager moved `method` with `accounts`, the motion of that hash, which `ayes` have moved by now.
    event Moved(
        address indexed manager, bytes32 indexed motion, bytes4 method, address[] accounts, uint256 ayes
    );
    /// @notice `account` may join from now on.
    event Allowed(address indexed account);
    /// @notice `account` is kept out from the next round on, and in phase Open at once.
    event Expelled(address indexed account);

    /// @notice `account` is no manager.
    error NotManager(address account);
    /// @notice The manager `account` has moved `motion` already.
    error AlreadyMoved(address account, bytes32 motion);

    /// @notice Move to let `accounts` join.
    function allow(address[] calldata accounts) external;

    /// @notice Move to bar `accounts`: from the next round on they begin nothing more, until they are allowed again, or
    /// for good once evicted. What they have begun in the round in progress they finish.
    function expel(address[] calldata accounts) external;

    function isAllowed(address account) external view returns (bool);
    function isExpelled(address account) external view returns (bool);
}
