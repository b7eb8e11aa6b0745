// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {BlameBook} from "../books/BlameBook.sol";
import {DecoyBook} from "../books/DecoyBook.sol";
import {JuryBook} from "../books/JuryBook.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Bitmap, Bitmaps} from "../libraries/Bitmap.sol";
import {Marks} from "../libraries/Marks.sol";

/// @title Verdict: each update is judged by the jurors who could have it, if those are more than half of the jury.
/// @notice A ballot is the bitmap of the updates that the juror finds good, and the bitmap of those that it could have,
/// which holds the first. An update passes if more than half of all who revealed find it good. It fails if at most half
/// of those who could have it do. Between these it isn't judged: else whoever serves poison to its friends and a few
/// others could pass it against the votes of all the rest. It is clearly rejected, and blamed, if at least three
/// quarters of those who could have it find it bad. A decoy is neither selected nor blamed, and where there may be
/// decoys, only what was shown is selected.
abstract contract OneByOne is JuryBook, DecoyBook, BlameBook, UpdateBook {
    using Marks for Marks.Book;

    uint256 private constant BALLOT = 64;
    /// @dev The share of the ballots on an update that have to be against it for a clear rejection.
    uint256 private constant CLEAR_NUMERATOR = 3;
    uint256 private constant CLEAR_DENOMINATOR = 4;

    Marks.Book private _good;
    Marks.Book private _had;
    mapping(uint256 round => Bitmap) private _rejected;

    /// @param proposers the most proposals of a round
    constructor(uint256 proposers) {
        _requireTerm(proposers <= Bitmaps.SIZE, "proposers", proposers);
    }

    /// @inheritdoc Axes
    function _count(uint256, Round memory r, bytes calldata ballot) internal override returns (uint16) {
        if (ballot.length != BALLOT) revert InvalidBallot(ballot);
        Bitmap good = Bitmap.wrap(uint256(bytes32(ballot)));
        Bitmap had = Bitmap.wrap(uint256(bytes32(ballot[32:])));
        if (!had.fits(r.proposals) || !good.without(had).isEmpty()) revert InvalidBallot(ballot);
        bool first = r.reveals == 0;
        _good.add(good, r.proposals, first);
        _had.add(had, r.proposals, first);
        _ballots[msg.sender] = Ballot(good, had);
        return 0;
    }

    /// @inheritdoc UpdateBook
    function _select(uint256 round, Round memory r) internal override returns (Bitmap selection) {
        Bitmap judged = _had.reaching(r.proposals, Marks.majority(_voters(r)));
        Bitmap rejected = Bitmap.wrap(0);
        for (uint256 n = 0; n < r.proposals; ++n) {
            if (!judged.has(n)) continue;
            (uint256 good, uint256 had) = (_good.count(n), _had.count(n));
            if (good * 2 > r.reveals) selection = selection.with(n);
            else if (good * 2 > had) judged = judged.without(Bitmap.wrap(1 << n));
            else if ((had - good) * CLEAR_DENOMINATOR >= had * CLEAR_NUMERATOR) rejected = rejected.with(n);
        }
        _passed = selection;
        if (_decoyOdds != 0) {
            Bitmap decoys = _decoys[round];
            if (!decoys.isEmpty()) _decoys[round] = decoys.intersection(judged);
            selection = selection.intersection(_shown[round]).without(decoys);
            rejected = rejected.without(decoys);
            judged = judged.without(decoys);
        }
        _compared = judged;
        if (!rejected.isEmpty()) _rejected[round] = rejected;
    }

    /// @inheritdoc BlameBook
    function _isBlamed(uint256 round, uint256 updateNumber) internal view override returns (bool) {
        return _rejected[round].has(updateNumber);
    }

    /// @inheritdoc BlameBook
    function _countBlamed(uint256 round, Round memory) internal view override returns (uint256) {
        return _rejected[round].count();
    }
}
