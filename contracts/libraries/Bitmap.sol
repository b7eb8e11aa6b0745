// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title Sets of updates: bit `n` stands for update `n`.
library Bitmap {
    /// @dev The most updates that a set can hold.
    uint256 internal constant SIZE = 256;

    function has(uint256 bitmap, uint256 updateNumber) internal pure returns (bool) {
        return bitmap >> updateNumber & 1 != 0;
    }

    /// @notice Whether the set holds only updates among the first `size`.
    function fits(uint256 bitmap, uint256 size) internal pure returns (bool) {
        return bitmap >> size == 0;
    }

    function count(uint256 bitmap) internal pure returns (uint256 bits) {
        for (; bitmap != 0; bitmap &= bitmap - 1) ++bits;
    }
}
