// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {BlameBook} from "../books/BlameBook.sol";
import {DecoyBook} from "../books/DecoyBook.sol";
import {JuryBook} from "../books/JuryBook.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {IStakeJury} from "../interfaces/IStakeJury.sol";
import {Acts} from "../libraries/Flags.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Payout: a share of the pool, in parts: some for each update that counts or is a decoy, some for each seat
/// that is earned.
/// @notice A part is worth the same however many are earned, and what isn't earned stays in the pool: nobody gains by
/// what another loses. A clearly rejected proposer pays, and one that pledges and doesn't propose; so does a juror that
/// commits, doesn't earn its seat and isn't excused. Nobody pays for another.
abstract contract Shares is JuryBook, DecoyBook, BlameBook, UpdateBook {
    uint96 internal immutable _proposerStake;
    uint96 internal immutable _voterStake;
    uint16 internal immutable _updateShares;
    uint16 internal immutable _seatShares;
    uint16 internal immutable _profitBps;

    constructor(IStakeJury.StakeJuryTerms memory t) {
        // whoever isn't banned can pay
        _requireTerm(t.proposerStake <= t.floor, "proposerStake", t.proposerStake);
        _requireTerm(t.voterStake <= t.floor, "voterStake", t.voterStake);
        _requireTerm(t.updateShares != 0, "updateShares", 0);
        _requireTerm(t.seatShares != 0, "seatShares", 0);
        _requireTerm(t.profitBps <= WHOLE_BPS, "profitBps", t.profitBps);
        // they fit: the floor is at most the bond, which the leaf and the core check
        _proposerStake = uint96(t.proposerStake);
        _voterStake = uint96(t.voterStake);
        _updateShares = t.updateShares;
        _seatShares = t.seatShares;
        _profitBps = t.profitBps;
    }

    /// @dev The part is reported as the proposers' reward. It is computed from the places drawn, so it doesn't depend
    /// on who fills them.
    /// @inheritdoc Axes
    function _reward(uint256 round, Round memory r, uint256 pool) internal view override returns (Payout memory p) {
        p.pool = pool + uint256(_proposerStake) * _brokenPledges(r);
        if (r.outcome == Outcome.Undecided) {
            p.pool += uint256(_voterStake) * (r.commits - r.reveals);
            return p;
        }
        uint256 seats = _seats[r.leadingOption];
        uint256 parts = _proposers(r) * _updateShares + _voters(r) * _seatShares;
        // an update's pay fits a record
        p.proposerReward = Math.min(pool * _profitBps / WHOLE_BPS / parts, StakeBook.MAX_STAKE / _updateShares);
        p.pool -= p.proposerReward
        * ((_selection(round).count() + _decoys[round].count()) * _updateShares + seats * _seatShares);
        uint256 lost = r.commits - seats - _seats[EXCUSED];
        p.pool += uint256(_proposerStake) * _countBlamed(round, r) + uint256(_voterStake) * lost;
    }

    /// @inheritdoc Axes
    function _due(address, Member memory m, Round memory r) internal view override returns (int256) {
        bool decided = r.outcome != Outcome.Undecided;
        uint256 part = r.proposerReward;
        if (m.acts & Acts.PROPOSED != 0) {
            if (!decided) return 0;
            if (_isSelected(m) || _decoys[m.round].has(m.updateNumber)) return int256(part * _updateShares);
            return _isBlamed(m.round, m.updateNumber) ? -int256(uint256(_proposerStake)) : int256(0);
        }
        if (m.acts & Acts.PLEDGED != 0) return -int256(uint256(_proposerStake));
        if (m.acts & Acts.COMMITTED == 0) return 0;
        if (decided) {
            // an option of an earlier round says nothing
            uint16 seat = m.acts & Acts.PUBLISHED != 0 ? m.option : 0;
            if (seat == r.leadingOption) return int256(part * _seatShares);
            if (seat == EXCUSED) return 0;
        } else if (m.acts & Acts.REVEALED != 0) {
            return 0;
        }
        return -int256(uint256(_voterStake));
    }
}
