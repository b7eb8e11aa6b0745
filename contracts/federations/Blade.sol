// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Federation} from "../Federation.sol";
import {Auction} from "../admissions/Auction.sol";
import {Claims} from "../books/Claims.sol";
import {TermsBook} from "../books/TermsBook.sol";
import {Voluntary} from "../duties/Voluntary.sol";
import {Plagiarism} from "../guards/Plagiarism.sol";
import {IFederation} from "../interfaces/IFederation.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {Everyone} from "../panels/Everyone.sol";
import {Bounty} from "../payouts/Bounty.sol";
import {BlockWinner} from "../publications/BlockWinner.sol";
import {MajorityPublication} from "../publications/MajorityPublication.sol";
import {BidSamples} from "../subjects/BidSamples.sol";
import {PublishedTask} from "../tasks/PublishedTask.sol";
import {Approvals} from "../verdicts/Approvals.sol";
import {ApprovalsOfOriginals} from "../verdicts/ApprovalsOfOriginals.sol";

/// @title The task-driven federation of Ma et al. (arXiv 2009.09338).
/// @dev Policies are listed in the order in which their terms are checked.
contract Blade is
    IBlade,
    Federation,
    Everyone,
    BidSamples,
    PublishedTask,
    ApprovalsOfOriginals,
    BlockWinner,
    Auction,
    Plagiarism,
    Bounty,
    Voluntary,
    TermsBook
{
    constructor(BladeTerms memory t)
        Federation(CoreTerms(t.token, t.beacon, t.genesis, t.bond, t.schedule))
        Everyone(t.winners, t.minWinners)
        Claims(ClaimTerms(t.winners, t.maxSamples, t.maxEpochs))
        PublishedTask(t)
        Approvals(false)
        MajorityPublication(t.schedule.publish)
        BlockWinner(t.powBits)
        Auction(t)
        Plagiarism(t)
        Bounty(t.blockBps)
    {
        _keepTerms(abi.encode(t));
    }

    /// @dev A convict wins no block.
    /// @inheritdoc BlockWinner
    function _mayMine(Member memory m, Round memory r, uint8) internal view override returns (bool) {
        return !_isConvicted(m, r);
    }

    /// @dev The ballots select, the publications decide, and a miner of the winning digest wins the block.
    /// @inheritdoc Axes
    function _verdict(uint256 round, Round memory r) internal override returns (Verdict memory v) {
        v = _verdictOfPublishers(r);
        _noteWinner(round, r, v);
    }

    /// @inheritdoc IFederation
    function mechanism() external pure returns (string memory) {
        return "blade";
    }

    /// @inheritdoc IBlade
    function terms() external view returns (BladeTerms memory) {
        _returnTerms();
    }
}
