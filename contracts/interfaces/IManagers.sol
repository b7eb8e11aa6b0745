// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Managers, who decide which accounts may join a federation. The terms name them; there may be none.
/// @notice They act by motion. A call with motion number 0 opens a motion, with the caller's aye; the same call with
/// that motion's number adds an aye. With the ayes of more than half of the managers the motion is carried: it takes
/// effect, and is over. A motion that isn't carried is over a week after it was opened. Then no aye counts. No motion
/// is opened while one of the same content is open.
interface IManagers {
    /// @notice A motion as it stands.
    struct Motion {
        bytes32 content; // keccak256(method ++ abi.encode(accounts))
        uint16 ayes; // managers who have moved it
        uint40 end; // from then on no aye counts
        bool carried;
    }

    /// @notice A manager moved `method` with `accounts`: motion `motionNumber`, moved by `ayes` managers so far. It
    /// ends at `end`: at once if this aye carries it.
    event Moved(
        address indexed manager,
        uint256 indexed motionNumber,
        bytes4 method,
        address[] accounts,
        uint256 ayes,
        uint256 end
    );
    /// @notice `account` may join from now on.
    event Allowed(address indexed account);
    /// @notice `account` is barred from the next round on; in phase Open, that is at once.
    event Expelled(address indexed account);

    /// @notice `account` is no manager.
    error NotManager(address account);
    /// @notice Motion `motionNumber` has the same content, and is open until `end`: aye that one.
    error MotionOpen(uint256 motionNumber, uint256 end);
    /// @notice There are `count` motions, numbered from 1.
    error NoSuchMotion(uint256 motionNumber, uint256 count);
    /// @notice Motion `motionNumber` was carried at `end`, or lapsed then.
    error MotionOver(uint256 motionNumber, uint256 end);
    /// @notice Motion `motionNumber` has the content `expected`, and the call `given`.
    error MotionMismatch(uint256 motionNumber, bytes32 expected, bytes32 given);
    /// @notice The manager `account` has moved motion `motionNumber` already.
    error AlreadyMoved(address account, uint256 motionNumber);

    /// @notice Move to let `accounts` join: by motion `motionNumber`, or by a new one if that is 0 and none of the same
    /// content is open.
    function allow(uint256 motionNumber, address[] calldata accounts) external;

    /// @notice Move to bar `accounts` from the next round on, until they are allowed again, or for good once evicted.
    /// They finish the round in progress. `motionNumber` is as in `allow`.
    function expel(uint256 motionNumber, address[] calldata accounts) external;

    function isAllowed(address account) external view returns (bool);
    function isExpelled(address account) external view returns (bool);
    /// @notice The number of motions so far, which is the last one's number.
    function motionCount() external view returns (uint256);
    /// @notice The motion with this number. Its `Moved` events have its method and its accounts.
    function motionOf(uint256 motionNumber) external view returns (Motion memory);
}
