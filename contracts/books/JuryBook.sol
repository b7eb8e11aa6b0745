// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @title The ballots of a jury that judges updates one by one, what it judged, and the seats that it is paid for.
/// @dev All of it is about the round in progress, and overwrites what is left of earlier ones.
abstract contract JuryBook is Axes {
    /// @dev The updates that a juror finds good, and those that it could have, which hold the first; two slots.
    struct Ballot {
        Bitmap good;
        Bitmap had;
    }

    /// @dev Of who revealed in the round; of others, an earlier round's.
    mapping(address juror => Ballot) internal _ballots;
    /// @dev The updates in which ballots are compared, once the selection is fixed: those that enough jurors could
    /// have, decoys left out. Whoever rejects everything would be right about these.
    Bitmap internal _compared;
    /// @dev Those that most jurors find good, decoys among them.
    Bitmap internal _passed;
    /// @dev The option of an excused juror. No tally gets to it: of at most 65,535 members, at least one proposes.
    uint16 internal constant EXCUSED = type(uint16).max;
    /// @dev How many seats are paid if this option leads, and how many jurors are excused.
    mapping(uint16 option => uint256) internal _seats;
}
