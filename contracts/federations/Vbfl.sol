// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {Managers} from "../admissions/Managers.sol";
import {Claims} from "../books/Claims.sol";
import {TermsBook} from "../books/TermsBook.sol";
import {Voluntary} from "../duties/Voluntary.sol";
import {KickRounds} from "../guards/KickRounds.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IVbfl} from "../interfaces/IVbfl.sol";
import {Roles} from "../libraries/Flags.sol";
import {WorkerPanel} from "../panels/WorkerPanel.sol";
import {UnitRewards} from "../payouts/UnitRewards.sol";
import {BlockWinner} from "../publications/BlockWinner.sol";
import {MajorityPublication} from "../publications/MajorityPublication.sol";
import {SampleVisits} from "../subjects/SampleVisits.sol";
import {Endless} from "../tasks/Endless.sol";
import {Approvals} from "../verdicts/Approvals.sol";

/// @title The validated federation of Chen et al. (arXiv 2101.03300).
contract Vbfl is
    IVbfl,
    Federation,
    Managers,
    WorkerPanel,
    SampleVisits,
    Approvals,
    BlockWinner,
    UnitRewards,
    KickRounds,
    Voluntary,
    Endless,
    TermsBook
{
    constructor(VbflTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Managers(AdmissionTerms(0, t.managers, t.founders, t.newcomers))
        WorkerPanel(t.proposers, t.validators, t.miners)
        Claims(ClaimTerms(t.proposers, t.maxSamples, t.maxEpochs))
        Approvals(true)
        MajorityPublication(t.schedule.publish)
        BlockWinner(t.powBits)
        UnitRewards(t.unitReward, t.updateUnits)
        KickRounds(t.kickRounds)
    {
        _requireEnoughFounders();
        _keepTerms(abi.encode(t));
    }

    /// @inheritdoc BlockWinner
    function _mayMine(Member memory, Round memory, uint8 roles) internal pure override returns (bool) {
        return roles == Roles.PUBLISHER;
    }

    /// @dev The ballots select, the publications decide, and a miner of the winning digest wins the block.
    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r) internal override returns (Verdict memory v) {
        v = _verdictOfPublishers(r);
        _noteWinner(round, r, v);
    }

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "vbfl";
    }

    /// @inheritdoc IVbfl
    function terms() external view returns (VbflTerms memory) {
        _returnTerms();
    }
}
