// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IManagers} from "./IManagers.sol";
import {IMined} from "./IMined.sol";

/// @title A federation of proposers, validators and miners, drawn anew each round: validators vote on every update, the
/// miner with the highest stake wins the block, and a worker rejected too often is blacklisted (Chen et al., arXiv
/// 2101.03300).
interface IVbfl is IManagers, IMined {
    /// @notice What a federation is deployed with; none of it ever changes.
    struct VbflTerms {
        address token; // the ERC-20 that stakes are held in; fee-on-transfer and rebasing tokens don't work
        address beacon; // the source of randomness; 0: block hashes
        bytes32 genesis; // digest of the model to start from
        uint256 bond; // least stake to join and to act
        address[] managers; // who admits and expels, by majority; none: anyone may join
        address[] founders; // who are in at once if they join before the first round; if none, whom managers allow
        uint16 newcomers; // most who come in when a round opens; 0: whoever joins is in at once
        uint256 unitReward; // the paper's r, for a sample visited, a signature verified or a vote cast
        uint32 updateUnits; // units that a selected update earns, whatever it claims; 0: samples times epochs
        uint32 proposers; // proposers a round, fewer where members are few
        uint32 validators; // voters a round
        uint32 miners; // publishers a round, beside the validators, who check them
        uint32 maxSamples; // most samples that a proposal may claim
        uint32 maxEpochs; // most epochs that a proposal may claim
        uint16 kickRounds; // rejected updates in a row that ban a worker
        uint8 powBits; // proof of work that wins a block; 0: the highest stake wins it
        Schedule schedule;
    }

    /// @notice The terms of this federation.
    function terms() external view returns (VbflTerms memory);
}
