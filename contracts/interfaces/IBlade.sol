// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IManagers} from "./IManagers.sol";
import {IMined} from "./IMined.sol";

/// @title A task that a publisher pays for and bid winners train: everybody trains, judges and mines, and a proven
/// plagiarist forfeits its deposit (Ma et al., arXiv 2009.09338).
interface IBlade is IManagers, IMined {
    /// @notice The task and what it is deployed with; none of it ever changes.
    struct BladeTerms {
        address token; // the ERC-20 of deposits and bounty; fee-on-transfer and rebasing tokens don't work
        address beacon; // the source of randomness; 0: block hashes
        bytes32 genesis; // digest of the model to start from
        uint256 bond; // the deposit of a bidder, and what a plagiarist forfeits
        address[] managers; // who admits and expels, by majority; none: anyone may bid
        address publisher; // who gets back what the task leaves of the pool
        uint256 bounty; // what the pool must hold before the first round
        bytes32 rule; // name of the aggregation rule, for the clients
        uint32 rounds; // accepted rounds that the bounty is for
        uint40 biddingEnds; // bids are taken before, rounds opened after
        uint40 deadline; // the task is over then, however many rounds were accepted
        uint32 winners; // most members
        uint32 minWinners; // fewest members to open a round with
        uint32 minSamples; // the task's minimum data, for a bid and for a proposal
        uint32 maxSamples; // most samples that a bid or a proposal may claim
        uint32 maxEpochs; // most epochs that a proposal may claim
        uint16 blockBps; // the block winner's share of a round's bounty, in hundredths of a percent
        uint8 powBits; // proof of work that wins a block; 0: the highest stake wins it
        uint32 challenge; // seconds of phase Commit for evidence, before any vote; less than schedule.commit
        Schedule schedule;
    }

    /// @notice An account's last bid.
    struct BidRecord {
        uint32 capability; // samples that it can train on
        uint96 cost; // what it asks, in any unit that all bidders use
        uint40 order; // all bids are numbered from 1
        bytes32 anchor; // its pseudo-noise seed of round n gives this if hashed n times
    }

    /// @notice `account` offers `capability` for `cost`; `anchor` binds the seeds of its pseudo-random noise.
    event Bid(address indexed account, uint256 capability, uint256 cost, bytes32 anchor);
    /// @notice `accuser` holds update `updateNumber` to be a copy of its own: the noise of its `seed` is in it.
    /// @param correlation in hundredths of a percent
    event Accused(
        uint256 indexed round, address indexed accuser, uint256 updateNumber, bytes32 seed, uint256 correlation
    );
    /// @notice The task is over, and `publisher` has back the `amount` that was left.
    event Reclaimed(address indexed publisher, uint256 amount);

    /// @notice It is `time`, and this could be done until `end`.
    error TooLate(uint256 time, uint256 end);
    /// @notice A bid's `cost` can't be 0, nor more than 2^96 - 1.
    error InvalidBid(uint256 capability, uint256 cost);
    /// @notice A bid of `capability` for `cost` is worth no more than any of those that have won.
    error Outbid(uint256 capability, uint256 cost);
    /// @notice The `pool` is less than the `bounty` that was promised.
    error NotFunded(uint256 pool, uint256 bounty);
    /// @notice The task is over: `accepted` models, at `time`.
    error TaskOver(uint256 accepted, uint256 time);
    /// @notice `account` has proposed nothing in `round`.
    error NotProposed(address account, uint256 round);
    /// @notice There is no update `updateNumber` among the `proposals`.
    error NoSuchUpdate(uint256 updateNumber, uint256 proposals);
    /// @notice `seed` doesn't lead to `anchor`.
    error BadSeed(bytes32 seed, bytes32 anchor);

    /// @notice Bid for a place with the bond as deposit; the worst bid leaves where there is no room for it.
    function bid(uint256 capability, uint256 cost, bytes32 anchor) external;

    /// @notice Accuse the proposer of update `updateNumber` of having copied the caller's, before anybody votes.
    function accuse(uint256 round, uint256 updateNumber, bytes32 seed, uint256 correlation) external;

    /// @notice Give the publisher what is left of the pool once the task is over.
    function reclaim() external;

    /// @notice The terms of this federation.
    function terms() external view returns (BladeTerms memory);
    function bidOf(address account) external view returns (BidRecord memory);
}
