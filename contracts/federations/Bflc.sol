// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Federation} from "../Federation.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {ElectedCommittee} from "../panels/ElectedCommittee.sol";
import {ProfitByScore} from "../payouts/ProfitByScore.sol";
import {MajorityPublication} from "../publications/MajorityPublication.sol";
import {NumberedRecords} from "../publications/NumberedRecords.sol";
import {Claims} from "../subjects/Claims.sol";
import {Endless} from "../tasks/Endless.sol";
import {MedianScore} from "../verdicts/MedianScore.sol";

/// @title The committee federation of Li et al. (arXiv 2004.00773).
contract Bflc is IBflc, Endless, ElectedCommittee, ProfitByScore {
    constructor(BflcTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Claims(t.seats, t.maxSamples, t.maxEpochs)
        MajorityPublication(t.schedule.publish)
        MedianScore(t.updates, t.minScore)
        NumberedRecords(t.genesis)
        ElectedCommittee(t)
        ProfitByScore(t.profitBps)
    {}

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "bflc";
    }

    /// @inheritdoc IBflc
    function terms() external view returns (BflcTerms memory) {
        return BflcTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: _genesis,
            bond: bond,
            fee: _fee,
            managers: _managers,
            committee: _committee,
            updates: _updates,
            seats: _mostProposals,
            maxSamples: _maxSamples,
            maxEpochs: _maxEpochs,
            minScore: _minScore,
            election: uint8(_election),
            speedBps: _speedBps,
            profitBps: _profitBps,
            schedule: _schedule()
        });
    }
}
