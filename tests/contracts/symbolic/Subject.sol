// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../../contracts/JuryToken.sol";
import {StakeVote} from "../../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../../contracts/interfaces/IStakeVote.sol";

/// @dev The federation whose proofs these are, with its policies' hooks open to be called.
contract Subject is StakeVote {
    constructor(IStakeVote.StakeVoteTerms memory t) StakeVote(t) {}

    function reward(Round memory r, uint256 pool_) external view returns (Payout memory) {
        return _reward(1, r, pool_);
    }

    function due(Member memory m, Round memory r) external view returns (int256) {
        return _due(address(0), m, r);
    }
}

function subjectTerms(JuryToken token, uint256 bond, uint256 proposerStake, uint256 voterStake)
    pure
    returns (IStakeVote.StakeVoteTerms memory)
{
    return IStakeVote.StakeVoteTerms({
        token: address(token),
        beacon: address(0),
        genesis: keccak256("genesis"),
        bond: bond,
        managers: new address[](0),
        founders: new address[](0),
        newcomers: 0,
        proposerStake: proposerStake,
        voterStake: voterStake,
        proposers: 2,
        minVoters: 3,
        quorumBps: 5000,
        maxSamples: 1000,
        maxEpochs: 10,
        attribution: false,
        schedule: IFederation.Schedule({
            open: 50, pledge: 0, propose: 100, commit: 100, reveal: 100, publish: 0, unbonding: 1000
        })
    });
}
