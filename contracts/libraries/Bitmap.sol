// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @dev A set of a round's updates: bit `n` stands for update `n`. A type of its own, so that no update's number, round
/// or count is taken for a set.
type Bitmap is uint256;

using Bitmaps for Bitmap global;
using {_and as &, _without as -, _equal as ==, _differ as !=} for Bitmap global;

function _and(Bitmap a, Bitmap b) pure returns (Bitmap) {
    return Bitmap.wrap(Bitmap.unwrap(a) & Bitmap.unwrap(b));
}

/// @dev The members of `a` that aren't in `b`.
function _without(Bitmap a, Bitmap b) pure returns (Bitmap) {
    return Bitmap.wrap(Bitmap.unwrap(a) & ~Bitmap.unwrap(b));
}

function _equal(Bitmap a, Bitmap b) pure returns (bool) {
    return Bitmap.unwrap(a) == Bitmap.unwrap(b);
}

function _differ(Bitmap a, Bitmap b) pure returns (bool) {
    return Bitmap.unwrap(a) != Bitmap.unwrap(b);
}

/// @title What sets can do.
library Bitmaps {
    /// @dev The most members that a set can have.
    uint256 internal constant SIZE = 256;

    function isEmpty(Bitmap bitmap) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) == 0;
    }

    function has(Bitmap bitmap, uint256 member) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) >> member & 1 != 0;
    }

    /// @notice The set, with `member` in it.
    function with(Bitmap bitmap, uint256 member) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) | 1 << member);
    }

    /// @notice The members below `limit`.
    function below(Bitmap bitmap, uint256 limit) internal pure returns (Bitmap) {
        return Bitmap.wrap(Bitmap.unwrap(bitmap) & ((1 << limit) - 1));
    }

    /// @notice Whether the set has only members below `size`.
    function fits(Bitmap bitmap, uint256 size) internal pure returns (bool) {
        return Bitmap.unwrap(bitmap) >> size == 0;
    }

    function count(Bitmap bitmap) internal pure returns (uint256 bits) {
        for (uint256 left = Bitmap.unwrap(bitmap); left != 0; left &= left - 1) ++bits;
    }
}
