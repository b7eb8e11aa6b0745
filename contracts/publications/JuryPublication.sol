// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {DecoyBook} from "../books/DecoyBook.sol";
import {JuryBook} from "../books/JuryBook.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Acts} from "../libraries/Flags.sol";
import {MajorityPublication} from "./MajorityPublication.sol";

/// @title Publication by a jury: of those who publish the majority's digest, the jurors who judged as the jury did earn
/// their seats. Those who judged too little, or differ from it a little more than is paid for, are excused.
abstract contract JuryPublication is JuryBook, DecoyBook, MajorityPublication {
    constructor(uint32 seconds_) MajorityPublication(seconds_) {}

    /// @dev An excused juror has option `EXCUSED`, and any other that doesn't earn its seat 0: what they publish counts
    /// nevertheless.
    /// @inheritdoc Axes
    function _publish(uint256 round, Round memory r, Member memory m, uint8 roles, Publication memory p)
        internal
        override(Axes, MajorityPublication)
        returns (uint16 option)
    {
        uint16 known = r.options;
        option = MajorityPublication._publish(round, r, m, roles, p);
        // what an earlier round left
        if (known == 0) _seats[EXCUSED] = 0;
        if (option > known) _seats[option] = 0;
        if (m.acts & Acts.REVEALED == 0) return 0;
        option = _seatOf(round, msg.sender, option);
        if (option != 0) ++_seats[option];
    }

    /// @dev What the option of `juror` becomes that published `option`: `EXCUSED` if its ballot is about less than half
    /// of the updates in which ballots are compared, or about none. Of those that it is about, `option` if it differs
    /// from the jury's verdict in at most a third and rejects every decoy that fails, 0 if it differs in more than
    /// half, and `EXCUSED` between. Who says that it couldn't have a decoy hasn't rejected it: else it would pay to
    /// have few updates, and to approve these untested.
    function _seatOf(uint256 round, address juror, uint16 option) private view returns (uint16) {
        Ballot memory ballot = _ballots[juror];
        Bitmap about = ballot.had.intersection(_compared);
        uint256 count = about.count();
        if (count == 0 || count * 2 < _compared.count()) return EXCUSED;
        uint256 differing = about.intersection(ballot.good.differing(_passed)).count();
        if (differing * 2 > count) return 0;
        Bitmap missed = _decoys[round].without(_passed).without(ballot.had.without(ballot.good));
        return differing * 3 <= count && missed.isEmpty() ? option : EXCUSED;
    }
}
