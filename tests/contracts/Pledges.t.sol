// SPDX-License-Identifier: Apache-2.0
// solhint-disable one-contract-per-file
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {BflcBench} from "./BflcBench.sol";
import {BladeBench} from "./BladeBench.sol";
import {PledgeBench} from "./PledgeBench.sol";
import {StakeVoteBench} from "./StakeVoteBench.sol";
import {VbflBench} from "./VbflBench.sol";

/// @dev A broken pledge costs what a rejected update costs, whatever the round comes to.
contract PledgesStakeVoteTest is PledgeBench, StakeVoteBench {
    uint256 private constant STAKE = 10 * BOND;

    function start() internal override {
        joinMany(6, STAKE);
        fund(address(this), 1000);
        federation.fund(1000);
    }

    /// @dev Both pledge, and the first proposes.
    function breakOne() private returns (address kept, address broke) {
        start();
        address[] memory list = pledgeAll();
        train(list[0], SAMPLES, EPOCHS);
        pass(IFederation.Phase.Propose);
        return (list[0], list[1]);
    }

    function test_a_broken_pledge_costs_in_an_accepted_round() public {
        (address kept, address broke) = breakOne();
        vote(ballotsOf(4, 0, 0));
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(balance(kept), STAKE + 1000, "the pool of before");
        costs(broke, PROPOSER_STAKE);
    }

    function test_a_broken_pledge_costs_in_a_rejected_round() public {
        (address kept, address broke) = breakOne();
        vote(ballotsOf(0, 4, 0));
        finish();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(balance(kept), STAKE - PROPOSER_STAKE);
        costs(broke, 1000 + 2 * PROPOSER_STAKE);
    }

    function test_a_broken_pledge_costs_in_an_undecided_round() public {
        (address kept, address broke) = breakOne();
        vote(ballotsOf(2, 2, 0));
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(balance(kept), STAKE);
        costs(broke, 1000 + PROPOSER_STAKE);
    }

    function test_a_broken_pledge_costs_where_nobody_proposes() public {
        start();
        address[] memory list = pledgeAll();
        pass(IFederation.Phase.Propose);
        inPhase(IFederation.Phase.Settle);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        costs(list[0], 1000 + 2 * PROPOSER_STAKE);
        costs(list[1], 1000 + 2 * PROPOSER_STAKE);
    }

    function costs(address broke, uint256 pool) private {
        assertEq(balance(broke), STAKE - PROPOSER_STAKE, "a stake");
        assertEq(federation.pool(), pool, "the pool");
        assertSolvent();
        federation.collect(broke);
        assertEq(entry(broke).stake, STAKE - PROPOSER_STAKE, "as foretold");
        assertSolvent();
    }

    /// @dev The poor can't afford it.
    function test_who_can_not_pay_for_a_broken_pledge_is_out() public {
        joinMany(6, BOND);
        address[] memory list = pledgeAll();
        train(list[0], SAMPLES, EPOCHS);
        pass(IFederation.Phase.Propose);
        finish();
        assertTrue(federation.memberOf(list[1]).out);
        assertFalse(federation.memberOf(list[0]).out);
    }

    function test_unbonding_covers_the_pledges_too() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.schedule.unbonding = 400;
        new StakeVote(t);
        t.schedule.unbonding = 399;
        expectInvalid("unbonding", 399);
        new StakeVote(t);
    }

    /// @dev Where the schedule has no such phase, nobody pledges.
    function test_without_the_phase_nobody_pledges() public {
        pledgeSeconds = 0;
        federation = deploy();
        start();
        openAndDraw();
        address[] memory list = awaited();
        refusesPhase(list[0], pledging("word"), IFederation.Phase.Pledge);
        train(list[0], SAMPLES, EPOCHS);
        IFederation.Status memory s = federation.status();
        assertEq(s.pledgeEnd, s.record.drawnAt);
        assertEq(s.proposeEnd, s.pledgeEnd + 100);
    }
}

/// @dev A broken pledge is a strike, as a rejected update is.
contract PledgesVbflTest is PledgeBench, VbflBench {
    function start() internal override {
        joinMany(8, BOND);
        fillPool(1e6);
    }

    function test_a_broken_pledge_is_a_strike() public {
        kickRounds = 1;
        federation = deploy();
        start();
        address[] memory list = pledgeAll();
        trainAll(list, 2);
        pass(IFederation.Phase.Propose);
        judgeAll(abi.encode(uint256(3)));
        publishAll(MODEL, 3);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertTrue(federation.memberOf(list[2]).out, "broke its pledge");
        assertFalse(federation.memberOf(list[0]).out || federation.memberOf(list[1]).out, "the others");
        assertEq(balance(list[2]), BOND);
        assertSolvent();
    }

    /// @dev An update of an earlier round that passed is no excuse.
    function test_an_earlier_update_excuses_no_broken_pledge() public {
        kickRounds = 1;
        mostProposers = 2;
        federation = deploy();
        joinMany(7, BOND);
        fillPool(1e6);
        address[] memory list = pledgeAll();
        address lazy = list[0];
        while (true) {
            bool breaks = round() > 1 && has(list, lazy);
            for (uint256 i = 0; i < list.length; ++i) {
                if (!breaks || list[i] != lazy) train(list[i], SAMPLES, EPOCHS);
            }
            pass(IFederation.Phase.Propose);
            uint256 selection = breaks ? 1 : 3;
            judgeAll(abi.encode(selection));
            publishAll(MODEL, selection);
            finish();
            assertOutcome(IFederation.Outcome.Accepted);
            assertEq(federation.memberOf(lazy).out, breaks);
            if (breaks) break;
            list = pledgeAll();
        }
        assertEq(entry(lazy).updateNumber, 0, "the number of an update that passed, then and now");
    }

    function test_in_an_undecided_round_it_is_none() public {
        kickRounds = 1;
        federation = deploy();
        start();
        address[] memory list = pledgeAll();
        trainAll(list, 2);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertFalse(federation.memberOf(list[2]).out);
        federation.collect(list[2]);
        assertEq(entry(list[2]).strikes, 0);
    }
}

/// @dev A broken pledge earns nothing; and the copies in front of an update, which took its place in the model, are
/// refused.
contract PledgesBflcTest is PledgeBench, BflcBench {
    uint256 private constant COPIERS = 6;

    function start() internal override {
        admitMany(9);
        fillPool(1e6);
    }

    function bestOf(uint256) internal view override returns (uint256) {
        return updates;
    }

    function fillPool(uint256 amount) private {
        fund(address(this), amount);
        federation.fund(amount);
    }

    function test_a_broken_pledge_earns_and_costs_nothing() public {
        start();
        address[] memory list = pledgeAll();
        trainAll(list, 4);
        pass(IFederation.Phase.Propose);
        judgeAll(abi.encodePacked(uint16(9000), uint16(9000), uint16(9000), uint16(9000)));
        publishAll(MODEL, 15);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertGt(balance(list[0]), BOND);
        assertEq(balance(list[4]), BOND);
        federation.collect(list[4]);
        assertFalse(federation.memberOf(list[4]).out);
        assertSolvent();
    }

    /// @dev Forty members under the default terms, of whom seven work together, and an honest committee.
    function fortyMembers(uint32 pledgeLength) private {
        pledgeSeconds = pledgeLength;
        (committee, updates, mostProposers, minScore, profitBps) = (4, 6, 12, 2000, 1000);
        redeploy(40);
        address[] memory honest = new address[](4);
        for (uint256 i = 0; i < honest.length; ++i) {
            honest[i] = account(7 + i);
        }
        named(honest);
        fillPool(1e6);
        openAndDraw();
    }

    function victim() private pure returns (address) {
        return account(20);
    }

    /// @dev The victim and five more honest providers, in the order in which they act.
    function honestProvider(uint256 i) private pure returns (address) {
        return account(20 + i);
    }

    /// @dev What the victim earns. With `copied`, six who watch the transactions that wait put theirs in front of it:
    /// the same pledge, and the same proposal.
    function earnedByVictim(bool copied) private returns (uint256) {
        fortyMembers(100);
        bytes32 word = pledgeOf(victim());
        for (uint256 i = 0; copied && i < COPIERS - 1; ++i) {
            pledgeWord(account(i), word);
        }
        for (uint256 i = 0; i < 6; ++i) {
            pledge(honestProvider(i));
        }
        pass(IFederation.Phase.Pledge);
        bytes memory seen = proposalOf(victim());
        for (uint256 i = 0; copied && i < COPIERS; ++i) {
            bytes32 shown = federation.pledgeOf(round(), account(i), digestOf(victim(), round()), SAMPLES, EPOCHS);
            bool pledged = i < COPIERS - 1;
            refuses(account(i), seen, pledged ? mismatch(account(i), word, shown) : notPledged(account(i)));
        }
        for (uint256 i = 0; i < 6; ++i) {
            train(honestProvider(i), SAMPLES, EPOCHS);
        }
        assertEq(entry(victim()).updateNumber, 0);
        pass(IFederation.Phase.Propose);
        judgeAll(ballotFor(6));
        publishAll(MODEL, 63);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        for (uint256 i = 0; i < COPIERS; ++i) {
            assertEq(balance(account(i)), BOND, "a copier");
        }
        assertSolvent();
        return balance(victim()) - BOND;
    }

    function test_copies_in_front_take_nothing_from_the_original() public {
        uint256 alone = earnedByVictim(false);
        assertGt(alone, 0);
        assertEq(earnedByVictim(true), alone, "as without them");
    }

    /// @dev The same accounts without a phase Pledge, as in the paper: the copies take all places in the model.
    function test_without_pledges_copies_in_front_take_its_place() public {
        fortyMembers(0);
        bytes memory seen = proposalOf(victim());
        for (uint256 i = 0; i < COPIERS; ++i) {
            vm.prank(account(i));
            (bool ok,) = address(federation).call(seen);
            assertTrue(ok);
        }
        train(victim(), SAMPLES, EPOCHS);
        pass(IFederation.Phase.Propose);
        judgeAll(ballotFor(7));
        publishAll(MODEL, 63);
        finish();
        assertEq(balance(victim()), BOND);
        assertGt(balance(account(0)), BOND);
    }

    function ballotFor(uint256 count) private pure returns (bytes memory each) {
        for (uint256 i = 0; i < count; ++i) {
            each = abi.encodePacked(each, uint16(9000));
        }
    }
}

/// @dev All members have every role, so one account pledges and later commits; evidence comes after the proposals.
contract PledgesBladeTest is PledgeBench, BladeBench {
    function start() internal override {
        startTask();
    }

    function test_a_broken_pledge_earns_and_costs_nothing() public {
        start();
        address[] memory list = pledgeAll();
        trainAll(list, 3);
        pastChallenge();
        judgeAll(approving(7, 0));
        publishAll(MODEL, 7);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertGt(balance(list[0]), BOND);
        federation.collect(list[3]);
        assertFalse(federation.memberOf(list[3]).out);
        assertSolvent();
    }

    function test_evidence_is_given_until_after_the_proposals() public {
        start();
        openAndDraw();
        refusesPhase(account(0), accusing(account(0), 1), IFederation.Phase.Commit);
        address[] memory list = awaited();
        for (uint256 i = 0; i < list.length; ++i) {
            pledge(list[i]);
        }
        trainAll(list, list.length);
        uint256 end = federation.status().record.drawnAt + 100 + 100 + 40;
        vm.warp(end - 1);
        accuse(list[0], 1);
        vm.warp(end);
        bytes memory late = abi.encodeWithSelector(IBlade.TooLate.selector, end, end);
        refuses(list[0], accusing(list[0], 1), late);
    }
}
