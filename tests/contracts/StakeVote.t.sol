// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Bench} from "./Bench.sol";

/// @dev A round from `open` to `settle`: its phases, its refusals, its verdict and what it pays.
contract StakeVoteTest is Bench {
    function setUp() public override {
        super.setUp();
        joinMany(7, 3 * BOND); // two propose, five vote
    }

    // ------------------------------------------------------------------ open and draw

    function test_open_freezes_the_registry() public {
        vm.expectEmit(address(federation));
        emit IFederation.Opened(1, 7, block.number);
        federation.open();
        IFederation.Status memory s = federation.status();
        assertEq(uint256(s.phase), uint256(IFederation.Phase.Draw));
        assertEq(s.round, 1);
        assertEq(s.sealBlock, block.number);
        assertEq(s.record.members, 7);
        assertEq(s.proposeEnd, 0);
        assertEq(s.seed, 0);
    }

    function test_open_is_refused() public {
        bytes memory data = abi.encodeCall(IFederation.open, ());
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(account(i));
            federation.exit();
        }
        refuses(account(9), data, abi.encodeWithSelector(IFederation.TooFewMembers.selector, 4, 5));
        joinOne(account(9), BOND);
        playRound(3, 0, 0);
        uint256 time = block.timestamp;
        refuses(account(9), data, abi.encodeWithSelector(IFederation.TooEarly.selector, time, time + 50));
        vm.warp(time + 49);
        refuses(account(9), data, abi.encodeWithSelector(IFederation.TooEarly.selector, time + 49, time + 50));
        vm.warp(time + 50);
        federation.open();
        refusesPhase(account(9), data, IFederation.Phase.Open);
    }

    function test_draw_fixes_seed_and_ends() public {
        federation.open();
        vm.roll(block.number + 1);
        bytes32 seed = keccak256(abi.encode(beacon.entropy(1, 0), bytes32(0), uint256(1)));
        vm.expectEmit(address(federation));
        emit IFederation.Drawn(1, seed);
        federation.draw();
        IFederation.Status memory s = federation.status();
        assertEq(s.seed, seed);
        assertEq(s.proposeEnd, block.timestamp + 100);
        assertEq(s.commitEnd, block.timestamp + 200);
        assertEq(s.revealEnd, block.timestamp + 300);
        assertEq(proposers().length, 2);
        assertEq(voters().length, 5);
    }

    function test_draw_is_refused() public {
        bytes memory data = abi.encodeCall(IFederation.draw, ());
        refusesPhase(account(0), data, IFederation.Phase.Draw);
        federation.open();
        uint256 number = block.number;
        refuses(account(0), data, abi.encodeWithSelector(IFederation.BlockTooEarly.selector, number, number + 1));
        vm.roll(number + 1);
        federation.draw();
        refusesPhase(account(0), data, IFederation.Phase.Draw);
    }

    function test_next_seed_holds_what_was_revealed_in_any_order() public {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            commit(list[i], MODEL);
        }
        uint256 before = vm.snapshotState();
        bytes32[2] memory seeds;
        for (uint256 way = 0; way < 2; ++way) {
            for (uint256 i = 0; i < 5; ++i) {
                reveal(list[way == 0 ? i : 4 - i], MODEL);
            }
            federation.settle();
            openAndDraw();
            seeds[way] = federation.status().seed;
            vm.revertToState(before);
        }
        assertEq(seeds[0], seeds[1]);
        bytes32 mix;
        for (uint256 i = 0; i < 5; ++i) {
            mix ^= keccak256(abi.encode(list[i], saltOf(list[i])));
        }
        assertEq(seeds[0], keccak256(abi.encode(beacon.entropy(2, 0), mix, uint256(2))));
    }

    // ------------------------------------------------------------------ phases

    function test_phases_end_early_when_all_have_acted() public {
        openAndDraw();
        assertEq(phase(), uint256(IFederation.Phase.Propose));
        address[] memory list = proposers();
        propose(list[0]);
        assertEq(phase(), uint256(IFederation.Phase.Propose));
        propose(list[1]);
        assertEq(phase(), uint256(IFederation.Phase.Commit));
        list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(phase(), uint256(IFederation.Phase.Commit));
            commit(list[i], MODEL);
        }
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(phase(), uint256(IFederation.Phase.Reveal));
            reveal(list[i], MODEL);
        }
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        federation.settle();
        assertEq(phase(), uint256(IFederation.Phase.Open));
    }

    function test_an_early_end_leaves_its_time_to_the_next_phase() public {
        openAndDraw();
        uint256 start = block.timestamp;
        proposeAll();
        vm.warp(start + 199);
        assertEq(phase(), uint256(IFederation.Phase.Commit));
        vm.warp(start + 200);
        assertEq(phase(), uint256(IFederation.Phase.Settle), "nobody committed");
    }

    function test_deadlines_are_exclusive() public {
        openAndDraw();
        uint256 start = block.timestamp;
        propose(proposers()[0]);
        vm.warp(start + 99);
        assertEq(phase(), uint256(IFederation.Phase.Propose));
        vm.warp(start + 100);
        assertEq(phase(), uint256(IFederation.Phase.Commit));
        commit(voters()[0], MODEL);
        vm.warp(start + 199);
        assertEq(phase(), uint256(IFederation.Phase.Commit));
        vm.warp(start + 200);
        assertEq(phase(), uint256(IFederation.Phase.Reveal));
        vm.warp(start + 299);
        assertEq(phase(), uint256(IFederation.Phase.Reveal));
        vm.warp(start + 300);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
    }

    function test_a_round_without_proposals_can_be_settled() public {
        openAndDraw();
        vm.warp(block.timestamp + 100);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        vm.expectEmit(address(federation));
        emit IFederation.Settled(1, IFederation.Outcome.Undecided, 0, GENESIS, 0, 0, 0, 0, 0);
        federation.settle();
        assertEq(federation.status().restUntil, block.timestamp + 50);
    }

    // ------------------------------------------------------------------ propose

    function test_propose() public {
        openAndDraw();
        propose(proposers()[0]);
        address proposer = proposers()[1];
        assertEq(entry(proposers()[0]).updateNumber, 0);
        vm.expectEmit(address(federation));
        emit IFederation.Proposed(1, proposer, 1, MODEL, 1000, 10);
        vm.prank(proposer);
        federation.propose(1, MODEL, 1000, 10);
        assertEq(federation.roundOf(1).proposals, 2);
        assertEq(entry(proposer).round, 1);
        assertEq(entry(proposer).acts, Acts.PROPOSED);
        assertEq(entry(proposer).updateNumber, 1);
    }

    function test_propose_is_refused() public {
        refuses(account(0), proposing(1), abi.encodeWithSelector(IFederation.WrongRound.selector, 1, 0));
        refusesPhase(account(0), proposing(0), IFederation.Phase.Propose);
        federation.open();
        refusesPhase(account(0), proposing(1), IFederation.Phase.Propose);
        vm.roll(block.number + 1);
        federation.draw();
        (address proposer, address voter) = (proposers()[0], voters()[0]);
        refuses(proposer, proposing(0), abi.encodeWithSelector(IFederation.WrongRound.selector, 0, 1));
        refuses(proposer, proposing(2), abi.encodeWithSelector(IFederation.WrongRound.selector, 2, 1));
        refuses(proposer, proposing(type(uint256).max), wrongRound(type(uint256).max, 1));
        refuses(account(50), proposing(1), stranger(account(50)));
        refuses(voter, proposing(1), wrongRole(voter, Roles.VOTER, Roles.PROPOSER));
        refuses(
            proposer,
            abi.encodeCall(IFederation.propose, (1, 0, 10, 1)),
            abi.encodeWithSelector(IFederation.EmptyDigest.selector)
        );
        refuses(
            proposer,
            abi.encodeCall(IFederation.propose, (1, MODEL, 0, 1)),
            abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 0, 1000)
        );
        refuses(
            proposer,
            abi.encodeCall(IFederation.propose, (1, MODEL, 1001, 1)),
            abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 1001, 1000)
        );
        propose(proposer);
        refuses(proposer, proposing(1), alreadyActed(proposer, Acts.PROPOSED));
        propose(proposers()[1]);
        refusesPhase(proposer, proposing(1), IFederation.Phase.Propose);
    }

    // ------------------------------------------------------------------ commit and reveal

    function test_commit_and_reveal() public {
        openAndDraw();
        proposeAll();
        address voter = voters()[2];
        bytes32 hidden = federation.commitmentOf(1, voter, abi.encode(MODEL), "salt");
        assertEq(hidden, keccak256(abi.encode(block.chainid, federation, 1, voter, abi.encode(MODEL), bytes32("salt"))));
        vm.expectEmit(address(federation));
        emit IFederation.Committed(1, voter, hidden);
        vm.prank(voter);
        federation.commit(1, hidden);
        assertEq(federation.roundOf(1).commits, 1);
        pass(IFederation.Phase.Commit);
        vm.expectEmit(address(federation));
        emit IFederation.Revealed(1, voter, abi.encode(MODEL), "salt");
        vm.prank(voter);
        federation.reveal(1, abi.encode(MODEL), "salt");
        IFederation.Round memory r = federation.roundOf(1);
        assertEq(r.reveals, 1);
        assertEq(r.leadingCount, 1);
        assertEq(r.leadingOption, 1);
        assertEq(r.options, 1);
        assertEq(entry(voter).option, 1);
    }

    function test_commit_is_refused() public {
        openAndDraw();
        (address proposer, address voter) = (proposers()[0], voters()[0]);
        refusesPhase(voter, committing(1, "x"), IFederation.Phase.Commit);
        proposeAll();
        refuses(voter, committing(2, "x"), wrongRound(2, 1));
        refuses(account(50), committing(1, "x"), stranger(account(50)));
        refuses(proposer, committing(1, "x"), wrongRole(proposer, Roles.PROPOSER, Roles.VOTER));
        refuses(voter, committing(1, 0), abi.encodeWithSelector(IFederation.EmptyCommitment.selector));
        commit(voter, MODEL);
        refuses(voter, committing(1, "x"), alreadyActed(voter, Acts.COMMITTED));
    }

    function test_leader_is_the_first_to_reach_the_highest_count() public {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        bytes32[5] memory ballots = [OTHER, MODEL, MODEL, OTHER, OTHER];
        uint8[5] memory leaders = [1, 1, 2, 2, 1];
        uint8[5] memory leads = [1, 1, 2, 2, 3];
        for (uint256 i = 0; i < 5; ++i) {
            commit(list[i], ballots[i]);
        }
        for (uint256 i = 0; i < 5; ++i) {
            reveal(list[i], ballots[i]);
            IFederation.Round memory r = federation.roundOf(1);
            assertEq(r.leadingOption, leaders[i]);
            assertEq(r.leadingCount, leads[i]);
            assertEq(r.options, i == 0 ? 1 : 2);
        }
        federation.settle();
        assertEq(federation.head(), OTHER);
    }

    // ------------------------------------------------------------------ verdict

    function test_accepted() public {
        verdict(3, 2, 0, 0, IFederation.Outcome.Accepted, MODEL);
    }

    function test_rejected() public {
        verdict(2, 3, 0, 0, IFederation.Outcome.Rejected, GENESIS);
    }

    function test_unanimous() public {
        verdict(5, 0, 0, 0, IFederation.Outcome.Accepted, MODEL);
    }

    function test_no_majority_among_three_options() public {
        verdict(2, 2, 1, 0, IFederation.Outcome.Undecided, GENESIS);
    }

    function test_half_the_reveals_is_no_majority() public {
        verdict(2, 2, 0, 1, IFederation.Outcome.Undecided, GENESIS);
    }

    function test_quorum_counts_the_silent() public {
        // of five voters three are needed for half of them
        verdict(3, 0, 0, 2, IFederation.Outcome.Accepted, MODEL);
        verdict(2, 0, 0, 3, IFederation.Outcome.Undecided, GENESIS);
    }

    function test_quorum_is_reached_by_exactly_its_share() public {
        joinOne(account(7), 3 * BOND); // six voters now, of whom three are half
        verdict(2, 0, 0, 1, IFederation.Outcome.Undecided, GENESIS);
        verdict(3, 0, 0, 0, IFederation.Outcome.Accepted, MODEL);
    }

    function test_nobody_reveals() public {
        verdict(0, 0, 0, 5, IFederation.Outcome.Undecided, GENESIS);
    }

    function test_head_stays_through_a_rejection() public {
        playRound(5, 0, 0);
        playRound(0, 5, 0);
        assertEq(federation.head(), MODEL);
    }

    // ------------------------------------------------------------------ payout

    function test_rejection_fills_the_pool_and_acceptance_shares_it() public {
        playRound(0, 5, 0);
        assertEq(federation.pool(), 2 * PROPOSER_STAKE);
        address[] memory first = proposersOf(1);
        assertEq(balance(first[0]), 3 * BOND - PROPOSER_STAKE);
        collectAll();
        playRound(5, 0, 0);
        assertEq(federation.pool(), 0);
        assertEq(federation.roundOf(2).proposerReward, PROPOSER_STAKE);
        checkConservation();
    }

    function test_dust_stays_in_the_pool() public {
        // two outvoted of five: three share 60, no dust; four share 30 after that: 7 each, dust 2
        playRound(3, 2, 0);
        assertEq(federation.roundOf(1).voterReward, 20);
        assertEq(federation.pool(), 0);
        playRound(4, 1, 0);
        assertEq(federation.roundOf(2).voterReward, 7);
        assertEq(federation.pool(), 2);
        // a proposers' share of 2 is 1 each; the dust of this round comes later
        playRound(4, 1, 0);
        assertEq(federation.roundOf(3).proposerReward, 1);
        assertEq(federation.pool(), 2);
        checkConservation();
    }

    function test_silent_voters_pay_the_majority() public {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            commit(list[i], MODEL);
        }
        for (uint256 i = 0; i < 4; ++i) {
            reveal(list[i], MODEL);
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
        assertEq(balance(list[4]), 3 * BOND - VOTER_STAKE);
        assertEq(balance(list[0]), 3 * BOND + VOTER_STAKE / 4);
        assertEq(federation.pool(), VOTER_STAKE % 4);
        checkConservation();
    }

    function test_who_did_not_commit_earns_and_loses_nothing() public {
        openAndDraw();
        propose(proposers()[0]);
        pass(IFederation.Phase.Propose);
        address[] memory list = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commit(list[i], REJECT);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < 4; ++i) {
            reveal(list[i], REJECT);
        }
        address silent = proposers()[1];
        federation.settle();
        assertEq(balance(list[4]), 3 * BOND);
        assertEq(balance(silent), 3 * BOND);
        assertEq(federation.pool(), PROPOSER_STAKE, "one proposal, one stake");
        checkConservation();
    }

    function test_undecided_takes_from_the_silent_alone() public {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            commit(list[i], i % 2 == 0 ? MODEL : REJECT);
        }
        for (uint256 i = 0; i < 4; ++i) {
            reveal(list[i], i % 2 == 0 ? MODEL : REJECT);
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(balance(list[i]), 3 * BOND);
        }
        assertEq(balance(list[4]), 3 * BOND - VOTER_STAKE);
        assertEq(federation.pool(), VOTER_STAKE);
        checkConservation();
    }

    function test_acting_again_books_the_round_before() public {
        playRound(4, 1, 0);
        openAndDraw();
        address proposer = proposers()[0];
        uint256 before = balance(proposer);
        bool due = entry(proposer).acts != 0;
        assertTrue(due);
        propose(proposer);
        assertEq(entry(proposer).stake, before);
        assertEq(entry(proposer).round, 2);
    }

    function test_whoever_a_booking_bans_can_not_act() public {
        federation = new StakeVote(terms());
        delete members;
        joinMany(5, BOND);
        playRound(2, 1, 0);
        // somebody is below the bond now; find a round in which it is drawn, without booking it
        IFederation.MemberView[] memory list = federation.members(0, 10);
        address poor;
        for (uint256 i = 0; i < 5; ++i) {
            if (list[i].balance < BOND) poor = list[i].account;
        }
        openAndDraw();
        bytes memory refusal = abi.encodeWithSelector(IFederation.AccountBanned.selector, poor);
        if (federation.memberOf(poor).position < 2) {
            refuses(poor, proposing(2), refusal);
            federation.collect(poor);
            refuses(poor, proposing(2), refusal);
        } else {
            proposeAll();
            refuses(poor, committing(2, "x"), refusal);
            federation.collect(poor);
            refuses(poor, committing(2, "x"), refusal);
        }
        assertEq(federation.memberOf(poor).position < 5, true, "keeps its place in the draw");
    }

    /// @dev Any terms and any ballots: nothing is made or lost but what stays in the pool. Three rounds a run:
    /// 10,000 runs would take a core some two and a half minutes.
    /// forge-config: ci.fuzz.runs = 2000
    function testFuzz_settling_conserves(uint256 seed, uint96 proposerStake, uint96 voterStake) public {
        stakes = [bound(proposerStake, 0, 3 * BOND), bound(voterStake, 0, 3 * BOND), 3 * BOND];
        federation = new StakeVote(terms());
        delete members;
        joinMany(9, 3 * BOND);
        for (uint256 number = 0; number < 3 && federation.memberCount() >= 5; ++number) {
            playRandomRound(uint256(keccak256(abi.encode(seed, number))));
            checkConservation();
            federation.evict(members);
        }
        checkConservation();
    }

    uint256[3] private stakes = [PROPOSER_STAKE, VOTER_STAKE, BOND];

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        (t.proposerStake, t.voterStake, t.bond) = (stakes[0], stakes[1], stakes[2]);
    }

    function playRandomRound(uint256 seed) private {
        openAndDraw();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            if (balance(list[i]) >= federation.bond() && (seed >> i) % 8 != 0) propose(list[i]);
        }
        pass(IFederation.Phase.Propose);
        list = voters();
        bytes32[3] memory ballots = [MODEL, REJECT, OTHER];
        if (federation.phase() != IFederation.Phase.Commit) return federation.settle();
        for (uint256 i = 0; i < list.length; ++i) {
            if (balance(list[i]) >= federation.bond()) commit(list[i], ballots[(seed >> (8 + 2 * i)) % 3]);
        }
        pass(IFederation.Phase.Commit);
        if (federation.phase() != IFederation.Phase.Reveal) return federation.settle();
        for (uint256 i = 0; i < list.length; ++i) {
            bool silent = (seed >> (100 + i)) % 4 == 0;
            if (!silent && entry(list[i]).round == round() && entry(list[i]).acts == Acts.COMMITTED) {
                reveal(list[i], ballots[(seed >> (8 + 2 * i)) % 3]);
            }
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
    }

    // ------------------------------------------------------------------ bounds

    function test_a_stake_is_cut_to_what_an_entry_holds() public {
        federation = new StakeVote(terms());
        delete members;
        joinMany(6, MAX);
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        vote(ballotsOf(3, 1, 0));
        federation.settle();
        assertEq(balance(list[0]), MAX);
        vm.expectEmit(address(federation));
        emit IFederation.Collected(list[0], 1, 0, MAX);
        federation.collect(list[0]);
        assertEq(balance(list[3]), MAX - VOTER_STAKE);
    }

    // ------------------------------------------------------------------ words

    function proposersOf(uint256 number) private view returns (address[] memory list) {
        list = new address[](2);
        uint256 count = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.Member memory m = entry(members[i]);
            if (m.round == number && m.acts == Acts.PROPOSED) list[count++] = members[i];
        }
    }

    function collectAll() private {
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
    }

    function checkConservation() private view {
        assertEq(token.balanceOf(address(federation)), owed(members), "stakes, dues and pool are the balance");
    }

    /// @dev Five voters: so many say MODEL, REJECT, OTHER; so many commit to MODEL and keep silent.
    function verdict(
        uint256 model,
        uint256 reject,
        uint256 other,
        uint256 silent,
        IFederation.Outcome outcome,
        bytes32 head
    ) private {
        uint256 before = vm.snapshotState();
        playVotes(ballotsOf(model, reject, other), silent);
        vm.recordLogs();
        federation.settle();
        checkTold(vm.getRecordedLogs()[0].data, outcome, head, model + other, reject);
        assertEq(uint256(federation.roundOf(1).outcome), uint256(outcome));
        assertEq(federation.head(), head);
        checkConservation();
        vm.revertToState(before);
    }

    function playVotes(bytes32[] memory ballots, uint256 silent) private {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < ballots.length + silent; ++i) {
            commit(list[i], i < ballots.length ? ballots[i] : MODEL);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < ballots.length; ++i) {
            reveal(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Reveal);
    }

    function checkTold(
        bytes memory data,
        IFederation.Outcome outcome,
        bytes32 head,
        uint256 votesFor,
        uint256 votesAgainst
    ) private pure {
        (uint256 told,, bytes32 toldHead, uint256 toldFor, uint256 toldAgainst) =
            abi.decode(data, (uint256, bytes32, bytes32, uint256, uint256));
        assertEq(told, uint256(outcome));
        assertEq(toldHead, head);
        assertEq(toldFor, votesFor);
        assertEq(toldAgainst, votesAgainst);
    }

    function proposing(uint256 number) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.propose, (number, MODEL, 10, 1));
    }

    function committing(uint256 number, bytes32 commitment) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.commit, (number, commitment));
    }

    function wrongRound(uint256 given, uint256 current) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongRound.selector, given, current);
    }

    function wrongRole(address who, uint8 roles, uint8 needed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongRole.selector, who, roles, needed);
    }

    function alreadyActed(address who, uint8 acts) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.AlreadyActed.selector, who, 1, acts);
    }

    function stranger(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.NotMember.selector, who, IFederation.Standing.Stranger);
    }
}
