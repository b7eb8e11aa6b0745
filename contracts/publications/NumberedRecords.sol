// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Weights} from "../libraries/Weights.sol";
import {MedianScore} from "../verdicts/MedianScore.sol";
import {MajorityPublication} from "./MajorityPublication.sol";

/// @title Publication with records addressed by number: model `t` is `t (k + 1)`, the `k` updates that the next model
/// is made of come after it (Li et al., arXiv 2004.00773, III-A).
/// @notice A round that isn't accepted leaves records of updates that the next one overwrites.
abstract contract NumberedRecords is IBflc, MajorityPublication, MedianScore {
    using Bitmap for uint256;
    using Weights for Weights.Book;

    /// @inheritdoc IBflc
    uint256 public height;
    mapping(uint256 number => Record) private _records;
    /// @dev The proposals of the round in progress, by number; those of earlier rounds are overwritten.
    mapping(uint256 number => Record) private _pending;

    constructor(bytes32 genesis) {
        _records[0].digest = genesis;
    }

    /// @inheritdoc IBflc
    function recordOf(uint256 number) external view returns (Record memory) {
        return _records[number];
    }

    /// @inheritdoc Axes
    function _admit(uint256, Round memory r, bytes32 digest, uint256 samples, uint256 epochs)
        internal
        virtual
        override
    {
        _checkClaims(samples, epochs);
        _pending[r.proposals] = Record(digest, msg.sender, 0);
    }

    /// @inheritdoc Axes
    function _publish(uint256 round, Round memory r, Member memory m, uint8 roles, Publication memory p)
        internal
        override(Axes, MajorityPublication)
        returns (uint16)
    {
        // the publication's own checks come first: what it selects is the round's selection
        uint16 option = MajorityPublication._publish(round, r, m, roles, p);
        if (r.publications == 0) _recordUpdates(round, p.selection);
        return option;
    }

    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r)
        internal
        virtual
        override(Axes, MajorityPublication)
        returns (Verdict memory v)
    {
        v = MajorityPublication._verdict(round, r);
        if (v.outcome == Outcome.Accepted) _records[++height * (_updates + 1)].digest = v.candidate;
    }

    function _recordUpdates(uint256 round, uint256 selection) private {
        uint256 number = height * (_updates + 1);
        for (uint256 n = 0; selection >> n != 0; ++n) {
            if (!selection.has(n)) continue;
            Record memory update = _pending[n];
            update.score = uint16(_weights.get(round, n));
            _records[++number] = update;
        }
    }
}
