// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {IDuty} from "../interfaces/IDuty.sol";
import {Roles} from "../libraries/Flags.sol";
import {RoundClock} from "../libraries/RoundClock.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Duty: whoever is drawn to propose or to vote, round after round, and does nothing can be put out: its whole
/// stake unbonds, and it may join again as any newcomer.
/// @notice Nobody acts for those who are absent, so anybody may report them, while the round can tell. Whoever does
/// something in a round hasn't missed it, and starts anew. No round is missed in which no more than half of the
/// drawn voters reveal: whoever is there alone puts nobody out.
abstract contract DrawnSeats is IDuty, Membership {
    using StakeBook for StakeBook.Book;

    /// @dev What an account is reported for; one slot.
    struct Absence {
        uint40 round; // the last one missed
        uint40 actedIn; // the account's record then: whoever has acted since starts anew
        uint16 count; // rounds in a row; more than fit here count as many
    }

    /// @dev Missed rounds in a row after which a member can be put out; 0: never.
    uint16 private immutable _absentAfter;

    mapping(address account => Absence) private _absences;
    /// @dev The round after which somebody was put out last; 0: nobody was.
    uint40 private _lastPutOut;

    constructor(uint16 absentAfter) {
        _absentAfter = absentAfter;
    }

    /// @inheritdoc IDuty
    function report(uint256 round, address[] calldata accounts) external {
        Round memory r = _requireCurrent(round);
        Phase current = _phaseOf(r);
        if (current < Phase.Reveal || !RoundClock.hasQuorum(r, _voters(r))) revert WrongPhase(current, Phase.Reveal);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            Member memory m = _book.load(account);
            (, uint8 roles) = _partOf(r, account, m);
            (uint16 count, uint40 last) = _missed(account, m);
            if (roles & (Roles.PROPOSER | Roles.VOTER) == 0 || m.round == round || last == round) continue;
            count = count == type(uint16).max ? count : count + 1;
            _absences[account] = Absence(uint40(round), m.round, count);
            emit Missed(round, account, count);
        }
    }

    /// @inheritdoc Axes
    function _missed(address account, Member memory m) internal view override returns (uint16 count, uint40 round) {
        Absence memory absence = _absences[account];
        if (absence.actedIn == m.round) (count, round) = (absence.count, absence.round);
    }

    /// @dev One a round, so that an outage of many doesn't make a majority of a few overnight; and nobody as long as no
    /// more are in than the federation needs, or it would stand still.
    /// @inheritdoc Axes
    function _isAbsent(address account, Member memory m) internal view override returns (bool) {
        (uint16 count,) = _missed(account, m);
        bool often = _absentAfter != 0 && count >= _absentAfter;
        return often && _lastPutOut != _current.round && _countInside() > _fewestMembers();
    }

    /// @inheritdoc Axes
    function _putOut(address account) internal override {
        delete _absences[account];
        _lastPutOut = _current.round;
    }
}
