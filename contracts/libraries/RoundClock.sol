// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../interfaces/IFederation.sol";

/// @title A round's phase, as a function of its record and the time.
/// @notice Ends are fixed by the draw: what ends early leaves its time to the next phase.
library RoundClock {
    /// @dev How far back the EVM knows block hashes.
    uint256 internal constant DRAW_BLOCKS = 256;

    function proposeEnd(IFederation.Round memory r, IFederation.Schedule memory s) internal pure returns (uint256) {
        return uint256(r.drawnAt) + s.propose;
    }

    function commitEnd(IFederation.Round memory r, IFederation.Schedule memory s) internal pure returns (uint256) {
        return proposeEnd(r, s) + s.commit;
    }

    function revealEnd(IFederation.Round memory r, IFederation.Schedule memory s) internal pure returns (uint256) {
        return commitEnd(r, s) + s.reveal;
    }

    function publishEnd(IFederation.Round memory r, IFederation.Schedule memory s) internal pure returns (uint256) {
        return revealEnd(r, s) + s.publish;
    }

    /// @notice Whether more than half of the drawn voters revealed: without them there is nothing to publish.
    /// @dev Where nobody publishes, the terms set the quorum: `DigestMajority._verdict`.
    function hasQuorum(IFederation.Round memory r, uint256 voters) internal pure returns (bool) {
        return uint256(r.reveals) * 2 > voters;
    }

    /// @notice The phase at `time` and `blockNumber`.
    /// @param proposers proposals wanted
    /// @param voters commitments wanted
    /// @param publishers publications wanted
    /// @param sealBlock only looked at before the draw
    function phase(
        IFederation.Round memory r,
        IFederation.Schedule memory s,
        uint256 proposers,
        uint256 voters,
        uint256 publishers,
        uint256 sealBlock,
        uint256 time,
        uint256 blockNumber
    ) internal pure returns (IFederation.Phase) {
        // no round has no members; the record before the first round is such a one
        if (r.members == 0 || r.outcome != IFederation.Outcome.None) return IFederation.Phase.Open;
        if (r.drawnAt == 0) {
            return blockNumber <= sealBlock + DRAW_BLOCKS ? IFederation.Phase.Draw : IFederation.Phase.Settle;
        }
        if (time < proposeEnd(r, s) && r.proposals < proposers) return IFederation.Phase.Propose;
        if (r.proposals == 0) return IFederation.Phase.Settle;
        if (time < commitEnd(r, s) && r.commits < voters) return IFederation.Phase.Commit;
        if (r.commits == 0) return IFederation.Phase.Settle;
        if (time < revealEnd(r, s) && r.reveals < r.commits) return IFederation.Phase.Reveal;
        bool awaited = hasQuorum(r, voters) && r.publications < publishers;
        return awaited && time < publishEnd(r, s) ? IFederation.Phase.Publish : IFederation.Phase.Settle;
    }
}
