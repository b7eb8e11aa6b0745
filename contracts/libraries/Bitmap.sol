// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Sets of updates: bit `n` is update `n`'s.
library Bitmap {
    /// @dev The most updates that a set can hold.
    uint256 internal constant SIZE = 256;

    function has(uint256 bitmap, uint256 number) internal pure returns (bool) {
        return bitmap >> number & 1 != 0;
    }

    /// @notice Whether nothing but the first `size` updates is in it.
    function fits(uint256 bitmap, uint256 size) internal pure returns (bool) {
        return bitmap >> size == 0;
    }

    function count(uint256 bitmap) internal pure returns (uint256 bits) {
        for (; bitmap != 0; bitmap &= bitmap - 1) ++bits;
    }
}
