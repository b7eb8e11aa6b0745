// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Federation} from "../Federation.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {Everyone} from "../panels/Everyone.sol";
import {Bounty} from "../payouts/Bounty.sol";
import {MajorityPublication} from "../publications/MajorityPublication.sol";
import {Approvals} from "../verdicts/Approvals.sol";

/// @title The task-driven federation of Ma et al. (arXiv 2009.09338).
contract Blade is IBlade, Federation, Everyone, Bounty {
    constructor(BladeTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Everyone(t.winners, t.minWinners)
        Approvals(false)
        MajorityPublication(t.schedule.publish)
        Bounty(t)
    {}

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "blade";
    }

    /// @inheritdoc IBlade
    function terms() external view returns (BladeTerms memory) {
        return BladeTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: _genesis,
            bond: bond,
            publisher: _publisher,
            bounty: _bounty,
            rule: _rule,
            rounds: _taskRounds,
            biddingEnds: _biddingEnds,
            deadline: _deadline,
            winners: _winners,
            minWinners: _minMembers,
            minSamples: _minSamples,
            maxSamples: _maxSamples,
            maxEpochs: _maxEpochs,
            blockBps: _blockBps,
            powBits: _powBits,
            challenge: _challengeSeconds,
            schedule: _schedule()
        });
    }
}
