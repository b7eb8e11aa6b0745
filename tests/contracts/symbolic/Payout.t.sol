// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../../contracts/JuryToken.sol";
import {IFederation} from "../../../contracts/interfaces/IFederation.sol";
import {Acts} from "../../../contracts/libraries/Flags.sol";
import {Subject, subjectTerms} from "./Subject.sol";
import {Test} from "forge-std/Test.sol";

/// @dev What a round's record pays and takes, for any stakes, any pool and any number of heads.
/// @custom:halmos --loop 8
contract PayoutProofs is Test {
    uint256 private constant MAX = type(uint96).max;

    Subject private subject;

    /// @dev Terms with any stakes; the record of a settled round with any counts that a round can have.
    function deploy(uint96 proposerStake, uint96 voterStake, IFederation.Round memory r) private {
        subject = new Subject(subjectTerms(new JuryToken(0, address(0), address(this)), MAX, proposerStake, voterStake));
        vm.assume(r.proposals != 0 && r.leadingCount != 0 && r.leadingOption != 0);
        vm.assume(r.leadingCount <= r.reveals && r.reveals <= r.commits);
        // each proposal was pledged, where any was
        vm.assume(r.pledges == 0 || r.proposals <= r.pledges);
        vm.assume(r.outcome != IFederation.Outcome.None);
    }

    /// @dev Settling makes and loses nothing: the pool after it, with what the heads of the round get, is the pool
    /// before it with what they lose. Together with `check_heads_get_what_settling_says`.
    function check_settling_conserves(
        uint96 proposerStake,
        uint96 voterStake,
        uint128 pool,
        IFederation.Round memory r
    ) public {
        deploy(proposerStake, voterStake, r);
        Subject.Payout memory paid = subject.reward(r, pool);
        // No term has more than 2^160 units, so that nothing wraps around.
        unchecked {
            uint256 lost = uint256(voterStake) * (r.commits - r.leadingCount);
            uint256 gained = paid.proposerReward * r.proposals + paid.voterReward * r.leadingCount;
            if (r.outcome == IFederation.Outcome.Undecided) lost = uint256(voterStake) * (r.commits - r.reveals);
            if (r.outcome == IFederation.Outcome.Rejected) lost += uint256(proposerStake) * r.proposals;
            if (r.pledges != 0) lost += uint256(proposerStake) * (r.pledges - r.proposals);
            assertEq(paid.pool + gained, pool + lost);
        }
        assertLe(paid.proposerReward, MAX);
        assertLe(paid.voterReward, MAX);
        if (r.outcome != IFederation.Outcome.Accepted) assertEq(paid.proposerReward, 0);
        if (r.outcome == IFederation.Outcome.Undecided) assertEq(paid.voterReward, 0);
    }

    /// @dev Each head gets what the round's record says, or loses its stake in the round and nothing beyond it.
    function check_heads_get_what_settling_says(
        uint96 proposerStake,
        uint96 voterStake,
        IFederation.Round memory r,
        IFederation.Member memory m
    ) public {
        deploy(proposerStake, voterStake, r);
        bool rejected = r.outcome == IFederation.Outcome.Rejected;
        bool undecided = r.outcome == IFederation.Outcome.Undecided;
        int256 reward = int256(uint256(r.voterReward));
        m.acts = Acts.PROPOSED;
        assertEq(subject.due(m, r), rejected ? -int256(uint256(proposerStake)) : int256(uint256(r.proposerReward)));
        m.acts = Acts.PLEDGED | Acts.PROPOSED;
        assertEq(subject.due(m, r), rejected ? -int256(uint256(proposerStake)) : int256(uint256(r.proposerReward)));
        m.acts = Acts.PLEDGED;
        assertEq(subject.due(m, r), -int256(uint256(proposerStake)));
        m.acts = Acts.COMMITTED;
        assertEq(subject.due(m, r), -int256(uint256(voterStake)));
        m.acts = Acts.COMMITTED | Acts.REVEALED;
        int256 expected = m.option == r.leadingOption ? reward : -int256(uint256(voterStake));
        assertEq(subject.due(m, r), undecided ? int256(0) : expected);
    }
}
