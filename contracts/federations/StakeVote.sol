// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Federation} from "../Federation.sol";
import {Managers} from "../admissions/Managers.sol";
import {Claims} from "../books/Claims.sol";
import {TermsBook} from "../books/TermsBook.sol";
import {Voluntary} from "../duties/Voluntary.sol";
import {Solvency} from "../guards/Solvency.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IStakeVote} from "../interfaces/IStakeVote.sol";
import {RandomPanel} from "../panels/RandomPanel.sol";
import {StakeRedistribution} from "../payouts/StakeRedistribution.sol";
import {BallotPublication} from "../publications/BallotPublication.sol";
import {ClaimedUpdates} from "../subjects/ClaimedUpdates.sol";
import {Endless} from "../tasks/Endless.sol";
import {Attribution} from "../verdicts/Attribution.sol";
import {DigestMajority} from "../verdicts/DigestMajority.sol";

/// @title The stake-voted federation of Dong et al. (arXiv 2307.00543).
contract StakeVote is
    IStakeVote,
    Federation,
    Managers,
    RandomPanel,
    ClaimedUpdates,
    DigestMajority,
    BallotPublication,
    StakeRedistribution,
    Solvency,
    Voluntary,
    Endless,
    TermsBook
{
    constructor(StakeVoteTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Managers(AdmissionTerms(0, t.managers, t.founders, t.newcomers))
        RandomPanel(t.proposers, t.minVoters)
        Claims(ClaimTerms(t.proposers, t.maxSamples, t.maxEpochs))
        Attribution(t.proposers, t.attribution)
        DigestMajority(t.quorumBps)
        StakeRedistribution(t.proposerStake, t.voterStake, t.bond)
        Solvency(t.bond)
    {
        _requireEnoughFounders();
        _keepTerms(abi.encode(t));
    }

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "stake_vote";
    }

    /// @inheritdoc IStakeVote
    function terms() external view returns (StakeVoteTerms memory) {
        _returnTerms();
    }
}
