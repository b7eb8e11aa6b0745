// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./IFederation.sol";
import {IManagers} from "./IManagers.sol";

/// @title A stake-voted federation: random members propose, everybody else votes on the aggregate, the majority's
/// digest is the next model, and outvoted voters pay (Dong et al., arXiv 2307.00543).
interface IStakeVote is IManagers, IFederation {
    /// @notice What a federation is deployed with; none of it ever changes.
    struct StakeVoteTerms {
        address token; // the ERC-20 that stakes are held in; fee-on-transfer and rebasing tokens don't work
        address beacon; // the source of randomness; 0: block hashes
        bytes32 genesis; // digest of the model to start from
        uint256 bond; // least stake to join and to act
        address[] managers; // who admits and expels, by majority; none: anyone may join
        address[] founders; // who are in at once if they join before the first round; if none, whom managers allow
        uint16 newcomers; // most who come in when a round opens; 0: whoever joins is in at once
        uint256 proposerStake; // what a proposer of a rejected round loses
        uint256 voterStake; // what a voter loses that is outvoted, or commits and doesn't reveal
        uint32 proposers; // proposers a round
        uint32 minVoters; // fewest voters to open a round with
        uint16 quorumBps; // share of the voters who must reveal, in hundredths of a percent
        uint32 maxSamples; // most samples that a proposal may claim
        uint32 maxEpochs; // most epochs that a proposal may claim
        bool attribution; // whether only those proposers lose whose updates the rejecting voters name
        Schedule schedule;
    }

    /// @notice The terms of this federation.
    function terms() external view returns (StakeVoteTerms memory);
}
