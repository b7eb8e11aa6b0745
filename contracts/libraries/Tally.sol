// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../interfaces/IFederation.sol";

/// @title The tally of the members' entries in a round, of 32 bytes each.
/// @notice Options are numbered from 1 in the order of first appearance. A count names its round, so nothing has to be
/// cleared between rounds.
library Tally {
    struct Count {
        uint40 round;
        uint16 option;
        uint16 entries;
    }

    struct Book {
        mapping(bytes32 entry => Count) counts;
        bytes32 leadingDigest; // the leading option's entry; means something only where there is one
    }

    /// @notice Count `entry` in `round`, of record `r`, whose `options`, `leadingOption` and `leadingCount` follow.
    /// @dev Nobody is counted twice in a round, so neither numbers nor counts outgrow their fields.
    function add(Book storage book, uint256 round, IFederation.Round memory r, bytes32 entry)
        internal
        returns (uint16 option)
    {
        Count memory count = book.counts[entry];
        if (count.round != round) {
            count = Count({round: uint40(round), option: ++r.options, entries: 0});
        }
        option = count.option;
        if (++count.entries > r.leadingCount) {
            r.leadingCount = count.entries;
            if (r.leadingOption != option) {
                r.leadingOption = option;
                book.leadingDigest = entry;
            }
        }
        book.counts[entry] = count;
    }

    /// @notice How often `entry` was counted in `round`.
    function entriesFor(Book storage book, uint256 round, bytes32 entry) internal view returns (uint256) {
        Count memory count = book.counts[entry];
        return count.round == round ? count.entries : 0;
    }
}
