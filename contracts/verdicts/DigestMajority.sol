// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Attribution} from "./Attribution.sol";
import {Tally} from "../libraries/Tally.sol";

/// @title Verdict: the digest that more than half of the revealed ballots name.
/// @notice A ballot is the digest of the aggregate that the voter computed and accepts, or 0 to reject. With
/// attribution the blamed updates follow. The majority's digest is the publication: anyone who holds that model can
/// show that it is the accepted one.
abstract contract DigestMajority is Attribution {
    using Tally for Tally.Book;

    uint16 internal immutable _quorumBps;
    Tally.Book private _tally;

    constructor(uint16 quorumBps) {
        _requireTerm(quorumBps <= WHOLE_BPS, "quorumBps", quorumBps);
        _quorumBps = quorumBps;
    }

    /// @inheritdoc Axes
    function _count(uint256 round, Round memory r, bytes calldata ballot) internal override returns (uint16) {
        if (ballot.length != _ballotLength()) revert InvalidBallot(ballot);
        bytes32 digest = bytes32(ballot);
        _countBlame(r, digest, ballot);
        return _tally.add(round, r, digest);
    }

    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r) internal override returns (Verdict memory v) {
        v.outcome = Outcome.Undecided;
        if (r.reveals == 0) return v;
        v.candidate = _tally.leadingDigest;
        v.votesAgainst = _tally.entriesFor(round, 0);
        v.votesFor = r.reveals - v.votesAgainst;
        // the terms' own quorum; with publishers, `RoundClock.hasQuorum` applies instead
        bool quorum = r.reveals * WHOLE_BPS >= _quorumBps * _voters(r);
        if (quorum && uint256(r.leadingCount) * 2 > r.reveals) {
            v.outcome = v.candidate == 0 ? Outcome.Rejected : Outcome.Accepted;
            if (v.candidate == 0) _fixBlame(round, r);
        }
    }
}
