// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {BidBook} from "../books/BidBook.sol";
import {Claims} from "../books/Claims.sol";
import {MotionBook} from "../books/MotionBook.sol";
import {IBlade} from "../interfaces/IBlade.sol";
import {StakeBook} from "../libraries/StakeBook.sol";

/// @title Admission: the bids of highest value, capability over cost, win a place (Ma et al., arXiv 2009.09338, II-B).
/// If there are managers, only accounts that they allow may bid.
/// @notice An outbid member leaves at once, with its deposit.
abstract contract Auction is Membership, Claims, BidBook, MotionBook {
    using StakeBook for StakeBook.Book;

    uint32 internal immutable _winners;
    uint40 internal immutable _biddingEnds;

    uint40 private _lastOrder;

    constructor(BladeTerms memory t) BidBook(t.minSamples) MotionBook(t.managers) {
        _requireTerm(t.minSamples != 0 && t.minSamples <= t.maxSamples, "minSamples", t.minSamples);
        _winners = t.winners;
        _biddingEnds = t.biddingEnds;
    }

    /// @inheritdoc IBlade
    function bid(uint256 capability, uint256 cost, bytes32 anchor) external nonReentrant {
        _requirePhase(Phase.Open);
        _requireBefore(_biddingEnds);
        Member memory m = _requireNewcomer();
        _requireAllowed(msg.sender);
        _requireSamples(capability, _maxSamples);
        if (cost == 0 || cost > type(uint96).max) revert InvalidBid(capability, cost);
        if (anchor == 0) revert EmptyDigest();
        BidRecord memory given = BidRecord(uint32(capability), uint96(cost), ++_lastOrder, anchor);

        if (memberCount() >= _winners) {
            address worst = _worst();
            if (!_isWorse(bidOf(worst), given)) revert Outbid(capability, cost);
            _release(worst, _book.load(worst), block.timestamp);
        }
        _bids[msg.sender] = given;
        _register(m, bond);
        emit Bid(msg.sender, capability, cost, anchor);
        _pull(bond);
    }

    /// @inheritdoc Axes
    function _admission(address account) internal pure override returns (uint256) {
        revert NotAdmitted(account);
    }

    /// @inheritdoc Axes
    function _barred(address account) internal view override returns (bool) {
        return _isBarred(account);
    }

    /// @inheritdoc Axes
    function _giveWay(Member memory) internal pure override {}

    /// @inheritdoc Axes
    function _closeUp(Member memory) internal pure override {}

    /// @dev Whoever wins a place is in at once.
    /// @inheritdoc Axes
    function _letIn() internal view override returns (uint256 count, uint256 fewest) {
        return (_countInside(), _fewestMembers());
    }

    /// @inheritdoc Axes
    function _countInside() internal view override returns (uint256) {
        return memberCount();
    }

    /// @inheritdoc Axes
    function _waitsFor(Member memory) internal pure override returns (uint256) {
        return 0;
    }

    /// @dev The member with the worst bid.
    function _worst() private view returns (address worst) {
        worst = _book.registry[0];
        for (uint256 i = 1; i < memberCount(); ++i) {
            address other = _book.registry[i];
            if (_isWorse(bidOf(other), bidOf(worst))) worst = other;
        }
    }

    /// @dev Among bids of the same value the later one is worse.
    function _isWorse(BidRecord memory a, BidRecord memory b) private pure returns (bool) {
        uint256 valueA = uint256(a.capability) * b.cost;
        uint256 valueB = uint256(b.capability) * a.cost;
        return valueA < valueB || (valueA == valueB && a.order > b.order);
    }
}
