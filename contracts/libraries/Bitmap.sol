// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @dev A set of numbers below 256: bit `n` stands for update `n` of a round, or for the manager at place `n`. Its own
/// type, so that the compiler refuses a count or a number where a set is meant. Calls, events, errors and ballots carry
/// the plain word.
type Bitmap is uint256;

using Bitmaps for Bitmap global;

/// @title Questions to a `Bitmap`, and sets made of others.
library Bitmaps {
    /// @dev The most members that a set can have.
    uint256 internal constant SIZE = 256;

    function isEmpty(Bitmap bitmap) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) == 0;
    }

    function equals(Bitmap bitmap, Bitmap other) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) == Bitmap.unwrap(other);
    }

    function has(Bitmap bitmap, uint256 number) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) >> number & 1 != 0;
    }

    /// @notice Whether every member is below `limit`.
    function fits(Bitmap bitmap, uint256 limit) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) >> limit == 0;
    }

    /// @notice Whether every number below `limit` is a member, and no other.
    function fills(Bitmap bitmap, uint256 limit) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) == ~(type(uint256).max << limit);
    }

    /// @notice The number of members.
    function count(Bitmap bitmap) internal pure returns (uint256 members) {
        for (uint256 left = Bitmap.unwrap(bitmap); left != 0; left &= left - 1) ++members;
    }

    /// @notice The members, and `number`.
    function with(Bitmap bitmap, uint256 number) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) | 1 << number);
    }

    /// @notice The members that `other` doesn't have.
    function without(Bitmap bitmap, Bitmap other) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) & ~Bitmap.unwrap(other));
    }

    /// @notice The members that `other` has too.
    function intersection(Bitmap bitmap, Bitmap other) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) & Bitmap.unwrap(other));
    }

    /// @notice The members that only one of the two has.
    function differing(Bitmap bitmap, Bitmap other) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) ^ Bitmap.unwrap(other));
    }

    /// @notice The members below `limit`.
    function below(Bitmap bitmap, uint256 limit) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) & ~(type(uint256).max << limit));
    }
}
