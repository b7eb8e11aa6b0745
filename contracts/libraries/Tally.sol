// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../interfaces/IFederation.sol";

/// @title The tally of a round's revealed ballots.
/// @notice Options are numbered from 1 as they first appear. A count belongs to the round that it names, so nothing
/// has to be cleared between rounds.
library Tally {
    struct Count {
        uint40 round;
        uint16 option;
        uint32 ballots;
    }

    struct Book {
        mapping(bytes32 ballot => Count) counts;
        bytes32 leading; // the leader's ballot; means something only where a ballot was revealed
    }

    /// @notice Count `ballot` in `round`, of record `r`, whose `options`, `leader` and `lead` follow.
    /// @dev There are numbers for 65,535 different ballots a round; one more is refused.
    function add(Book storage book, uint256 round, IFederation.Round memory r, bytes32 ballot)
        internal
        returns (uint16 option)
    {
        Count memory count = book.counts[ballot];
        if (count.round != round) {
            count = Count({round: uint40(round), option: ++r.options, ballots: 0});
        }
        option = count.option;
        if (++count.ballots > r.lead) {
            r.lead = count.ballots;
            if (r.leader != option) {
                r.leader = option;
                book.leading = ballot;
            }
        }
        book.counts[ballot] = count;
    }

    /// @notice How many ballots of `round` say `ballot`.
    function ballotsFor(Book storage book, uint256 round, bytes32 ballot) internal view returns (uint256) {
        Count memory count = book.counts[ballot];
        return count.round == round ? count.ballots : 0;
    }
}
