// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IDuty} from "./IDuty.sol";
import {IFederation} from "./IFederation.sol";
import {IManagers} from "./IManagers.sol";

/// @title A stake-voted federation under the hardened rules: random members propose, a drawn jury judges their updates
/// one by one and publishes the model of those that pass, and a round pays a fixed share of the pool (after Dong et
/// al., arXiv 2307.00543).
interface IStakeJury is IManagers, IDuty, IFederation {
    /// @notice What a federation is deployed with; none of it ever changes.
    struct StakeJuryTerms {
        address token; // the ERC-20 that stakes are held in; fee-on-transfer and rebasing tokens don't work
        address beacon; // the source of randomness; 0: block hashes
        bytes32 genesis; // digest of the model to start from
        uint256 bond; // least stake to join
        uint256 fee; // what access costs, above the stake; the pool gets it
        address[] managers; // who admits and expels, by majority; none: anyone may join
        address[] founders; // who are in at once if they join before the first round; if none, whom managers allow
        uint16 newcomers; // most who come in when a round opens; 0: whoever joins is in at once
        uint256 floor; // a member whose stake is below this is banned
        uint256 proposerStake; // what a proposer loses that is clearly rejected, or breaks its pledge
        uint256 voterStake; // what a juror loses that commits, doesn't earn its seat and isn't excused
        uint32 proposers; // proposers a round
        uint32 voters; // most jurors a round; where fewer don't propose, an odd number of these; 0: no limit
        uint32 minVoters; // fewest voters to open a round with
        uint16 updateShares; // parts of a round's pay that an update earns
        uint16 seatShares; // parts of a round's pay that a juror's seat earns
        uint16 profitBps; // share of the pool that a round pays at most, in hundredths of a percent
        uint16 decoyOdds; // one update in so many is a decoy, bad on purpose; 0: none
        uint16 absentAfter; // missed rounds in a row after which a drawn member can be put out; 0: never
        uint32 maxSamples; // most samples that a proposal may claim
        uint32 maxEpochs; // most epochs that a proposal may claim
        Schedule schedule;
    }

    /// @notice `account` hides a chain of secrets, each the hash of the one before, whose end is `anchor`.
    event Anchored(address indexed account, bytes32 anchor);
    /// @notice `proposer` shows the secret that decides whether its update is a decoy.
    event Shown(uint256 indexed round, address indexed proposer, bytes32 secret, bool decoy);

    /// @notice An anchor of zero.
    error EmptyAnchor();
    /// @notice `account` proposed nothing in `round`.
    error NotProposed(address account, uint256 round);
    /// @notice `secret` doesn't lead to `anchor`.
    error BadSecret(bytes32 secret, bytes32 anchor);

    /// @notice Hide a chain of secrets: `end` is its end. Between rounds, while nobody knows the next seed.
    function anchor(bytes32 end) external;

    /// @notice Show the secret whose hash is the caller's anchor, and make it the next anchor. The caller's update in
    /// `round` is a decoy if the hash of the secret and the seed is a multiple of `decoyOdds`.
    function show(uint256 round, bytes32 secret) external;

    /// @notice What the next secret of `account` must lead to.
    function anchorOf(address account) external view returns (bytes32);

    /// @notice The terms of this federation.
    function terms() external view returns (StakeJuryTerms memory);
}
