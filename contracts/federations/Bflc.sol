// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {Managers} from "../admissions/Managers.sol";
import {Claims} from "../books/Claims.sol";
import {TermsBook} from "../books/TermsBook.sol";
import {Voluntary} from "../duties/Voluntary.sol";
import {Forgiving} from "../guards/Forgiving.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IBflc} from "../interfaces/IBflc.sol";
import {ElectedCommittee} from "../panels/ElectedCommittee.sol";
import {ProfitByScore} from "../payouts/ProfitByScore.sol";
import {NumberedRecords} from "../publications/NumberedRecords.sol";
import {ProvidedUpdates} from "../subjects/ProvidedUpdates.sol";
import {Endless} from "../tasks/Endless.sol";
import {MedianScore} from "../verdicts/MedianScore.sol";

/// @title The committee federation of Li et al. (arXiv 2004.00773).
/// @dev Policies stand in the order in which their terms are checked.
contract Bflc is
    IBflc,
    Federation,
    Managers,
    ProvidedUpdates,
    NumberedRecords,
    MedianScore,
    ElectedCommittee,
    ProfitByScore,
    Forgiving,
    Voluntary,
    Endless,
    TermsBook
{
    constructor(BflcTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Managers(AdmissionTerms(t.fee, t.managers, t.founders, t.newcomers))
        Claims(ClaimTerms(t.proposers, t.maxSamples, t.maxEpochs))
        NumberedRecords(t)
        MedianScore(t)
        ElectedCommittee(t)
        ProfitByScore(t.profitBps)
    {
        _requireEnoughFounders();
        _keepTerms(abi.encode(t));
    }

    /// @dev The ballots select, what is published decides; that also says how the next committee is found.
    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r) internal override returns (Verdict memory v) {
        v = _verdictOfPublishers(r);
        if (v.outcome == Outcome.Accepted) _recordModel(v.candidate);
        _noteElection(round, r, v.outcome);
    }

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "bflc";
    }

    /// @inheritdoc IBflc
    function terms() external view returns (BflcTerms memory) {
        _returnTerms();
    }
}
