// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../interfaces/IFederation.sol";

/// @title A round's phase, as a function of its record and the time.
/// @notice A phase is computed, never stored. Nobody has to move a round forward, and no absent member can hang it.
/// @dev What ends each phase:
///
/// - Open: a call of `open`, by anybody, `schedule.open` seconds after the last settlement or later.
/// - Draw: a call of `draw`, by anybody, from the block after `open` on. After 256 blocks the seal block's hash is
///   lost, and the round goes to Settle, void.
/// - Pledge, Propose, Commit, Reveal: the last act that the round waits for, or the phase's end. Without a single
///   pledge, proposal or commitment, the round goes straight to Settle. Pledge is skipped if it has no length;
///   otherwise only pledged updates can be proposed, and Propose waits for them alone.
/// - Publish: the last publication that the round waits for, or the phase's end. A round has no such phase if it has no
///   publishers, or if too few voters revealed.
/// - Settle: a call of `settle`, by anybody.
///
/// What always holds: the draw fixes the ends, so a phase that ends early leaves its time to the next one. Counts and
/// time only grow, so no round goes back to an earlier phase. The registry changes in Open only.
library RoundClock {
    /// @dev The EVM knows the hashes of this many blocks.
    uint256 internal constant DRAW_BLOCKS = 256;

    function pledgeEnd(IFederation.Round memory r, IFederation.Schedule memory s) internal pure returns (uint256) {
        return uint256(r.drawnAt) + s.pledge;
    }

    function proposeEnd(IFederation.Round memory r, IFederation.Schedule memory s) internal pure returns (uint256) {
        return pledgeEnd(r, s) + s.propose;
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

    /// @notice Whether more than half of the drawn voters revealed. Without that nothing is published.
    /// @dev If nobody publishes, the terms set the quorum: `DigestMajority._verdict`.
    function hasQuorum(IFederation.Round memory r, uint256 voters) internal pure returns (bool) {
        return uint256(r.reveals) * 2 > voters;
    }

    /// @notice The phase at `time` and `blockNumber`.
    /// @param proposers proposals wanted; where updates are pledged, pledges
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
        // a round has members: a record without members is the one before the first round
        if (r.members == 0 || r.outcome != IFederation.Outcome.None) return IFederation.Phase.Open;
        if (r.drawnAt == 0) {
            return blockNumber <= sealBlock + DRAW_BLOCKS ? IFederation.Phase.Draw : IFederation.Phase.Settle;
        }
        if (s.pledge != 0) {
            if (time < pledgeEnd(r, s) && r.pledges < proposers) return IFederation.Phase.Pledge;
            proposers = r.pledges;
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
