// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bitmap} from "./Bitmap.sol";

/// @title The weight of each update of each round: 32 bits, 8 to a word. They stay, for payouts are booked later.
library Weights {
    uint256 private constant LANES = 8;

    struct Book {
        mapping(uint256 round => mapping(uint256 word => uint256)) words;
    }

    /// @notice Record the weight of update `updateNumber` of `round`, once.
    function set(Book storage book, uint256 round, uint256 updateNumber, uint256 weight) internal {
        book.words[round][updateNumber / LANES] |= weight << (updateNumber % LANES * 32);
    }

    /// @notice The weight of update `updateNumber` of `round`.
    function get(Book storage book, uint256 round, uint256 updateNumber) internal view returns (uint256) {
        return uint32(book.words[round][updateNumber / LANES] >> (updateNumber % LANES * 32));
    }

    /// @notice The total weight of the updates of `round` in the bitmap `selection`.
    function total(Book storage book, uint256 round, Bitmap selection) internal view returns (uint256 sum) {
        uint256 left = Bitmap.unwrap(selection);
        for (uint256 word = 0; left != 0; ++word) {
            uint256 lanes = left & 0xff == 0 ? 0 : book.words[round][word];
            for (uint256 bits = left & 0xff; bits != 0; bits >>= 1) {
                if (bits & 1 != 0) sum += uint32(lanes);
                lanes >>= 32;
            }
            left >>= LANES;
        }
    }
}
