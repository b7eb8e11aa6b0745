// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {JuryBook} from "../books/JuryBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Acts} from "../libraries/Flags.sol";
import {MajorityPublication} from "./MajorityPublication.sol";

/// @title Publication by a jury: of those who publish the majority's digest, the jurors who judged as the jury did earn
/// their seats.
abstract contract JuryPublication is JuryBook, MajorityPublication {
    constructor(uint32 seconds_) MajorityPublication(seconds_) {}

    /// @dev Whoever doesn't earn its seat has option 0: what it publishes counts nevertheless.
    /// @inheritdoc Axes
    function _publish(uint256 round, Round memory r, Member memory m, uint8 roles, Publication memory p)
        internal
        override(Axes, MajorityPublication)
        returns (uint16 option)
    {
        uint16 known = r.options;
        option = MajorityPublication._publish(round, r, m, roles, p);
        bool earns = m.acts & Acts.REVEALED != 0 && _agrees(p.selection);
        if (option > known) _seats[option] = earns ? 1 : 0;
        else if (earns) ++_seats[option];
        if (!earns) return 0;
    }

    /// @dev Whether the caller's ballot is about at least one judged update, and differs from the jury's `selection` in
    /// no more than half of those that it is about.
    function _agrees(Bitmap selection) private view returns (bool) {
        Ballot memory ballot = _ballots[msg.sender];
        Bitmap about = ballot.had.intersection(_judged);
        uint256 differing = about.intersection(ballot.good.differing(selection)).count();
        return !about.isEmpty() && differing * 2 <= about.count();
    }
}
