// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./IFederation.sol";

/// @title A federation under managers, whose committee scores every update and is elected from the providers of the
/// best (Li et al., arXiv 2004.00773).
interface IBflc is IFederation {
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

    /// @notice A manager moved `method` with `accounts`, the motion of that hash, which `ayes` have moved by now.
    event Moved(
        address indexed manager, bytes32 indexed motion, bytes4 method, address[] accounts, uint256 ayes
    );
    /// @notice `account` may join from now on.
    event Allowed(address indexed account);
    /// @notice `account` is kept out from now on.
    event Expelled(address indexed account);
    /// @notice The managers named `accounts` the committee of the next round.
    event CommitteeNamed(address[] accounts);

    /// @notice `account` is no manager.
    error NotManager(address account);
    /// @notice The manager `account` has moved `motion` already.
    error AlreadyMoved(address account, bytes32 motion);
    /// @notice `given` is not `needed`, a committee's size; or the place of one who is nobody or named twice.
    error InvalidCommittee(uint256 given, uint256 needed);

    /// @notice Move to let `accounts` join.
    function allow(address[] calldata accounts) external;

    /// @notice Move to bar `accounts`: they begin nothing more, until they are allowed again, or for good once evicted.
    function expel(address[] calldata accounts) external;

    /// @notice Move that `accounts` be the committee from the next round on.
    function nameCommittee(address[] calldata accounts) external;

    /// @notice The terms of this federation.
    function terms() external view returns (BflcTerms memory);
    /// @notice Number `t * (updates + 1)` is model `t`; those after it are the updates that the next one is made of.
    function recordOf(uint256 recordNumber) external view returns (Record memory);
    /// @notice The number of accepted rounds: the last model's `t`.
    function height() external view returns (uint256);
    function isAllowed(address account) external view returns (bool);
    function isExpelled(address account) external view returns (bool);
}
