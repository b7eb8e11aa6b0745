// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {RoundBook} from "../RoundBook.sol";
import {Managers} from "../admissions/Managers.sol";
import {Claims} from "../books/Claims.sol";
import {DecoyBook} from "../books/DecoyBook.sol";
import {TermsBook} from "../books/TermsBook.sol";
import {DrawnSeats} from "../duties/DrawnSeats.sol";
import {Solvency} from "../guards/Solvency.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IStakeJury} from "../interfaces/IStakeJury.sol";
import {JuryPanel} from "../panels/JuryPanel.sol";
import {Shares} from "../payouts/Shares.sol";
import {JuryPublication} from "../publications/JuryPublication.sol";
import {DecoyedUpdates} from "../subjects/DecoyedUpdates.sol";
import {Endless} from "../tasks/Endless.sol";
import {OneByOne} from "../verdicts/OneByOne.sol";

/// @title The stake-voted federation under the hardened rules (after Dong et al., arXiv 2307.00543).
contract StakeJury is
    IStakeJury,
    Federation,
    Managers,
    JuryPanel,
    OneByOne,
    DecoyedUpdates,
    JuryPublication,
    Shares,
    Solvency,
    DrawnSeats,
    Endless,
    TermsBook
{
    constructor(StakeJuryTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Managers(AdmissionTerms(t.fee, t.managers, t.founders, t.newcomers))
        JuryPanel(t)
        OneByOne(t.proposers)
        Claims(ClaimTerms(t.proposers, t.maxSamples, t.maxEpochs))
        JuryPublication(t.schedule.publish)
        Shares(t)
        DecoyBook(t.decoyOdds)
        Solvency(t.floor)
        DrawnSeats(t.absentAfter)
    {
        _requireTerm(t.floor <= t.bond, "floor", t.floor);
        _requireEnoughFounders();
        _keepTerms(abi.encode(t));
    }

    /// @inheritdoc DecoyedUpdates
    function _phaseOf(Round memory r) internal view override(RoundBook, DecoyedUpdates) returns (Phase) {
        return DecoyedUpdates._phaseOf(r);
    }

    /// @dev The ballots select, the publications decide.
    /// @inheritdoc Axes
    function _verdict(uint256, Round memory r) internal view override returns (Verdict memory) {
        return _verdictOfPublishers(r);
    }

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "stake_jury";
    }

    /// @inheritdoc IStakeJury
    function terms() external view returns (StakeJuryTerms memory) {
        _returnTerms();
    }
}
