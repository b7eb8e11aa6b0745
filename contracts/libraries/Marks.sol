// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bitmap} from "./Bitmap.sol";

/// @title How many of a round's bitmaps have each bit: counts of 16 bits, 16 to a word.
/// @notice The first bitmap of a round overwrites the counts of the round before, so nothing is cleared.
library Marks {
    uint256 private constant LANES = 16;

    struct Book {
        mapping(uint256 word => uint256) counts;
    }

    /// @notice Count `bitmap`, of `size` bits; `first` says whether it is the round's first.
    function add(Book storage book, Bitmap bitmap, uint256 size, bool first) internal {
        for (uint256 word = 0; word * LANES < size; ++word) {
            uint256 lanes = _spread(uint16(Bitmap.unwrap(bitmap) >> (word * LANES)));
            if (first) book.counts[word] = lanes;
            else if (lanes != 0) book.counts[word] += lanes;
        }
    }

    /// @notice The least number that is more than half of `bitmaps`.
    function majority(uint256 bitmaps) internal pure returns (uint256) {
        return bitmaps / 2 + 1;
    }

    /// @notice How many bitmaps of the round have this bit.
    function count(Book storage book, uint256 bit) internal view returns (uint256) {
        return uint16(book.counts[bit / LANES] >> (bit % LANES * 16));
    }

    /// @notice The bitmap of those bits, out of `size`, that at least `least` bitmaps of the round have.
    function reaching(Book storage book, uint256 size, uint256 least) internal view returns (Bitmap bitmap) {
        uint256 lanes = 0;
        for (uint256 bit = 0; bit < size; ++bit) {
            if (bit % LANES == 0) lanes = book.counts[bit / LANES];
            if (uint16(lanes) >= least) bitmap = bitmap.with(bit);
            lanes >>= 16;
        }
    }

    /// @dev Move each of 16 bits to the lowest bit of a lane of 16.
    function _spread(uint16 bits) private pure returns (uint256 lanes) {
        for (uint256 bit = 0; bit < LANES; ++bit) {
            lanes |= (uint256(bits) >> bit & 1) << (bit * 16);
        }
    }
}
