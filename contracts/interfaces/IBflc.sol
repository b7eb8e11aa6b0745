// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./IFederation.sol";
import {IManagers} from "./IManagers.sol";

/// @title A federation under managers, whose committee scores every update and is elected from the providers of the
/// best (Li et al., arXiv 2004.00773).
interface IBflc is IManagers, IFederation {
    /// @notice How a committee is elected from the providers of the selected updates.
    enum Election {
        Score, // the highest scores
        Random,
        Factors // the highest of score and speed, weighted
    }

    /// @notice What a federation is deployed with; none of it ever changes.
    struct BflcTerms {
        address token; // the ERC-20 that stakes are held in; fee-on-transfer and rebasing tokens don't work
        address beacon; // the source of randomness; 0: block hashes
        bytes32 genesis; // digest of the model to start from
        uint256 bond; // least stake to join and to act
        uint256 fee; // what access costs, above the stake; the pool gets it
        address[] managers; // who admits and expels, by majority
        address[] founders; // who are in at once if they join before the first round; if none, whom managers allow
        uint16 newcomers; // most who come in when a round opens; 0: whoever joins is in at once
        uint32 committee; // members who score
        uint32 updates; // the paper's k: updates that make a model
        uint32 proposers; // most proposals a round
        uint32 maxSamples; // most samples that a proposal may claim
        uint32 maxEpochs; // most epochs that a proposal may claim
        uint16 minScore; // least median with which an update passes, in hundredths of a percent
        uint8 election; // an `Election`
        uint16 speedBps; // weight of speed in an election by factors, in hundredths of a percent
        uint16 profitBps; // share of the pool that an accepted round pays out, likewise
        Schedule schedule;
    }

    /// @notice A model or an update on record; two storage slots.
    struct Record {
        bytes32 digest;
        address uploader; // 0: a model
        uint16 score;
    }

    /// @notice The managers named `accounts` the committee of the next round.
    event CommitteeNamed(address[] accounts);

    /// @notice `given` is not `needed`, a committee's size; or the place of one who is nobody or named twice.
    error InvalidCommittee(uint256 given, uint256 needed);

    /// @notice Move that `accounts` be the committee from the next round on. `motionNumber` is as in `allow`.
    function nameCommittee(uint256 motionNumber, address[] calldata accounts) external;

    /// @notice The terms of this federation.
    function terms() external view returns (BflcTerms memory);
    /// @notice Number `t * (updates + 1)` is model `t`; those after it are the updates that the next one is made of.
    function recordOf(uint256 recordNumber) external view returns (Record memory);
    /// @notice The number of accepted rounds: the last model's `t`.
    function height() external view returns (uint256);
}
