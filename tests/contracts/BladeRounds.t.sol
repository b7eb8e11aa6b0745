// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IMined} from "../../contracts/interfaces/IMined.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {BladeBench} from "./BladeBench.sol";

/// @dev Everybody trains, judges and mines; what passes and pays; evidence of plagiarism and what comes of it.
contract BladeRoundsTest is BladeBench {
    function setUp() public override {
        super.setUp();
        startTask();
    }

    // ------------------------------------------------------------------ a round

    function test_everybody_does_everything() public {
        openAndDraw();
        IFederation.Status memory s = federation.status();
        assertEq(s.proposers, 4);
        assertEq(s.voters, 4);
        assertEq(s.publishers, 4);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(federation.memberOf(account(i)).roles, Roles.PROPOSER | Roles.VOTER | Roles.PUBLISHER);
        }
        train(100);
        pastChallenge();
        judgeAll(approving(15, 0));
        publishAll(MODEL, 15);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(entry(account(i)).acts, Acts.PROPOSED | Acts.COMMITTED | Acts.REVEALED | Acts.PUBLISHED);
        }
        federation.settle();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(federation.head(), MODEL);
    }

    /// @dev At least the task's minimum, at most what the bid said, whatever the terms allow.
    function test_claims_stay_within_task_and_bid() public {
        openAndDraw();
        address who = proposers()[0];
        refuses(who, proposing(9, 1), abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 9, 200));
        refuses(who, proposing(201, 1), abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 201, 200));
        refuses(who, proposing(1001, 1), abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 1001, 1000));
        refuses(who, proposing(10, 6), abi.encodeWithSelector(IFederation.EpochsOutOfRange.selector, 6, 5));
        train(who, 200, 5);
        train(proposers()[1], 10, 1);
        assertEq(federation.roundOf(1).proposals, 2);
    }

    function test_ballots_that_say_nothing_are_refused() public {
        openAndDraw();
        train(100);
        pastChallenge();
        address voter = voters()[0];
        refusesBallot(voter, abi.encode(uint256(15)));
        refusesBallot(voter, abi.encodePacked(uint256(15), uint256(0), bytes1(0)));
        refusesBallot(voter, "");
        refusesBallot(voter, approving(16, 0));
        refusesBallot(voter, approving(0, 16));
        commitBallot(voter, approving(15, 15));
        pass(IFederation.Phase.Commit);
        revealBallot(voter, approving(15, 15));
    }

    /// @dev Unlike in vbfl, a tie is no majority.
    function test_half_the_votes_do_not_pass() public {
        openAndDraw();
        train(100);
        pastChallenge();
        bytes[] memory ballots = copies(approving(3, 0), 4);
        ballots[2] = approving(5, 0);
        ballots[3] = approving(13, 0);
        judge(ballots); // update 0: four, 1: two, 2: two, 3: one
        refuses(publishers()[0], publishing(MODEL, 3), wrongSelection(3, 1));
        publishAll(MODEL, 1);
        federation.settle();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    function test_nothing_passes() public {
        IFederation.Round memory r = playBlade(0, 0);
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(r.proposerReward, 0);
        assertEq(r.voterReward, 0);
        assertEq(federation.pool(), BOUNTY);
        assertEq(federation.head(), GENESIS);
        assertSolvent();
    }

    function test_half_the_members_publish() public {
        openAndDraw();
        train(100);
        pastChallenge();
        judgeAll(approving(15, 0));
        publish(account(0), MODEL, 15);
        publish(account(1), MODEL, 15);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), BOUNTY);
        assertSolvent();
    }

    // ------------------------------------------------------------------ money

    /// @dev A third of 9,000, a tenth of it to the block's winner, 2,700 over 450 verified samples: 6 a sample.
    function test_the_bounty_by_hand() public {
        openAndDraw();
        address[] memory p = proposers();
        train(p[0], 200, 1);
        train(p[1], 100, 3); // epochs don't count
        train(p[2], 150, 1);
        train(p[3], 200, 1);
        pastChallenge();
        judgeAll(approving(7, 0));
        publishAll(MODEL, 7);
        vm.expectEmit(address(federation));
        emit IMined.BlockWon(1, p[0], MODEL); // of equal stakes, the first to publish
        vm.expectEmit(address(federation));
        emit IFederation.Settled(1, IFederation.Outcome.Accepted, MODEL, MODEL, 4, 0, 6, 300, 6000);
        federation.settle();
        assertEq(balance(p[0]), BOND + 1200 + 300);
        assertEq(balance(p[1]), BOND + 600);
        assertEq(balance(p[2]), BOND + 900);
        assertEq(balance(p[3]), BOND);
        assertSolvent();
    }

    /// @dev 2,700 over 400 samples: 6 each, and what is left stays in the pool.
    function test_what_does_not_divide_stays_in_the_pool() public {
        playBlade(MODEL, 15);
        assertEq(federation.pool(), BOUNTY - 400 * 6 - 300);
        assertSolvent();
    }

    /// @dev With a proof of work that nobody shows, there is no share: 3,000 over 400 samples.
    function test_a_block_that_nobody_wins() public {
        powBits = 64;
        federation = deploy();
        delete members;
        vm.warp(START);
        startTask();
        IFederation.Round memory r = playBlade(MODEL, 15);
        assertEq(blade().winnerOf(1), address(0));
        assertEq(r.proposerReward, 7);
        assertEq(r.voterReward, 0);
        assertEq(federation.pool(), BOUNTY - 2800);
        assertSolvent();
    }

    function test_the_highest_stake_wins_the_share() public {
        fund(account(2), 50);
        vm.prank(account(2));
        federation.deposit(50);
        playBlade(MODEL, 15);
        assertEq(blade().winnerOf(1), account(2));
        assertEq(balance(account(2)), BOND + 50 + 600 + 300);
    }

    /// @dev A round's part is the bounty over the rounds, whatever earlier ones left in the pool.
    function test_a_round_pays_its_part() public {
        (taskRounds, blockBps) = (2, 0);
        federation = deploy();
        delete members;
        vm.warp(START);
        startTask();
        playBlade(MODEL, 15); // 4500 / 400 = 11 a sample
        assertEq(federation.pool(), BOUNTY - 4400);
        playBlade(OTHER, 1); // 4500 / 100 = 45
        assertEq(federation.pool(), 100);
        assertSolvent();
    }

    function testFuzz_rewards_and_convictions_conserve(uint256 random) public {
        for (uint256 k = 0; k < 2; ++k) {
            random = uint256(keccak256(abi.encode(random)));
            openAndDraw();
            address[] memory p = proposers();
            if (p.length == 0) break;
            for (uint256 i = 0; i < p.length; ++i) {
                train(p[i], 10 + (random >> (8 * i)) % 191, 1);
            }
            uint256 accused = 0;
            for (uint256 i = 0; i < p.length; ++i) {
                if (random >> (200 + i) & 1 == 0) continue;
                uint256 number = (entry(p[i]).updateNumber + 1) % p.length;
                accuse(p[i], number);
                accused |= 1 << number;
            }
            pass(IFederation.Phase.Propose);
            pastChallenge();
            uint256 all = (1 << p.length) - 1;
            judgeAll(approving(random >> 32 & all, random >> 40 & all));
            uint256 selection = random >> 32 & all & ~(accused & random >> 40);
            for (uint256 i = 0; i < p.length; ++i) {
                if (random >> (48 + i) & 3 != 0) publish(p[i], selection == 0 ? bytes32(0) : MODEL, selection);
            }
            finish();
            assertSolvent();
            if (federation.memberCount() < 3) break;
            federation.evict(members);
            assertSolvent();
            if (federation.memberCount() < 3) break;
        }
    }

    // ------------------------------------------------------------------ evidence

    /// @dev Held to be a copy by more than half: the bond goes to the pool, the account out for good.
    function test_a_convicted_plagiarist_forfeits_its_bond() public {
        (address victim, address thief) = toTrial(1);
        uint256 number = entry(thief).updateNumber;
        judgeAll(approving(15 ^ 1 << number, 1 << number));
        publishAll(MODEL, 15 ^ 1 << number);
        federation.settle();
        // 2,700 over 300 samples
        address winner = blade().winnerOf(1);
        assertTrue(winner != thief);
        assertEq(balance(thief), 0);
        assertEq(balance(victim), BOND + 900 + (winner == victim ? 300 : 0));
        assertEq(federation.pool(), BOUNTY - 2700 - 300 + BOND);
        assertTrue(federation.memberOf(thief).out);
        vm.expectEmit(address(federation));
        emit IFederation.Collected(thief, 1, -int256(BOND), 0);
        vm.expectEmit(address(federation));
        emit IFederation.Banned(thief, 1, 0);
        federation.evict(one(thief));
        assertEq(federation.memberCount(), 3);
        assertSolvent();
    }

    /// @dev Three of four members convict, whether the fourth votes or not; two don't, whether the others do or not.
    function test_more_than_half_of_the_drawn_convict() public {
        for (uint256 naming = 2; naming <= 3; ++naming) {
            for (uint256 ballots = 3; ballots <= 4; ++ballots) {
                uint256 snapshot = vm.snapshotState();
                (, address accused) = toTrial(1);
                bytes[] memory list = copies(approving(15, 2), ballots);
                for (uint256 i = naming; i < ballots; ++i) {
                    list[i] = approving(15, 0);
                }
                judge(list);
                publishAll(MODEL, naming == 3 ? 13 : 15);
                federation.settle();
                assertEq(federation.memberOf(accused).out, naming == 3);
                assertSolvent();
                vm.revertToState(snapshot);
            }
        }
    }

    /// @dev Where every update that was approved of is a copy, there is nothing to publish.
    function test_nothing_but_copies() public {
        (, address thief) = toTrial(1);
        judgeAll(approving(2, 2));
        refuses(thief, publishing(MODEL, 2), wrongSelection(2, 0));
        publishAll(0, 0);
        federation.settle();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(balance(thief), 0);
        assertEq(blade().winnerOf(1) == thief, false);
        assertEq(federation.pool(), BOUNTY + BOND);
        assertSolvent();
    }

    /// @dev A digest that a convict alone published has no winner, and mining it takes it from nobody.
    function test_a_convict_mines_for_nobody() public {
        (, address thief) = toTrial(1);
        judgeAll(approving(15, 2));
        publish(thief, OTHER, 13);
        for (uint256 i = 0; i < 4; ++i) {
            if (account(i) != thief) publish(account(i), MODEL, 13);
        }
        federation.settle();
        assertEq(federation.head(), MODEL);
        assertTrue(blade().winnerOf(1) != thief && blade().winnerOf(1) != address(0));
        // the round after is another one: who is out of it can't win either
        openAndDraw();
        assertEq(federation.memberOf(thief).roles, 0);
    }

    /// @dev Held by half of the jury to be a copy, it loses nothing, passed or not.
    function test_an_acquitted_one_loses_nothing() public {
        (, address accused) = toTrial(1);
        uint256 bit = 1 << entry(accused).updateNumber;
        bytes[] memory ballots = copies(approving(15 ^ bit, 0), 4);
        ballots[0] = approving(15 ^ bit, bit);
        ballots[1] = approving(15 ^ bit, bit);
        judge(ballots);
        publishAll(MODEL, 15 ^ bit);
        federation.settle();
        assertGe(balance(accused), BOND);
        assertFalse(federation.memberOf(accused).out);
        assertEq(federation.pool(), BOUNTY - 2700 - 300);
        assertSolvent();
    }

    /// @dev A copy that nobody accused is at worst rejected: the jury can't convict by itself.
    function test_nobody_is_convicted_without_an_accusation() public {
        openAndDraw();
        address[] memory p = train(100);
        pastChallenge();
        judgeAll(approving(14, 1));
        publishAll(MODEL, 14);
        federation.settle();
        assertFalse(federation.memberOf(p[0]).out);
        assertGe(balance(p[0]), BOND);
    }

    function test_an_undecided_round_convicts_nobody() public {
        (, address accused) = toTrial(1);
        uint256 bit = 1 << entry(accused).updateNumber;
        judgeAll(approving(15 ^ bit, bit));
        publish(account(0), MODEL, 15 ^ bit);
        finish();
        assertOutcome(IFederation.Outcome.Undecided);
        assertEq(balance(accused), BOND);
        assertFalse(federation.memberOf(accused).out);
        federation.collect(accused);
        assertEq(standing(accused), uint256(IFederation.Standing.Member));
        assertEq(federation.pool(), BOUNTY);
        assertSolvent();
    }

    function test_a_rejected_round_convicts_too() public {
        (, address thief) = toTrial(1);
        uint256 bit = 1 << entry(thief).updateNumber;
        judgeAll(approving(0, bit));
        publishAll(0, 0);
        federation.settle();
        assertOutcome(IFederation.Outcome.Rejected);
        assertEq(balance(thief), 0);
        assertEq(federation.pool(), BOUNTY + BOND);
        assertSolvent();
    }

    /// @dev Seeds go backwards along a chain of hashes: what one round reveals says nothing of the next.
    function test_a_rounds_seed_hashes_to_the_anchor() public {
        toTrial(1);
        finish();
        openAndDraw();
        address[] memory p = train(100);
        assertEq(keccak256(abi.encode(noiseSeed(p[0], 2))), noiseSeed(p[0], 1));
        bytes32 anchor = noiseSeed(p[0], 0);
        bytes32 old = noiseSeed(p[0], 1);
        refuses(
            p[0],
            abi.encodeCall(IBlade.accuse, (2, 1, old, 9000)),
            abi.encodeWithSelector(IBlade.BadSeed.selector, old, anchor)
        );
        accuse(p[0], 1);
    }

    function test_accusing_is_refused() public {
        openAndDraw();
        address[] memory p = proposers();
        refuses(p[0], accusing(p[0], 0), abi.encodeWithSelector(IBlade.NotProposed.selector, p[0], 1));
        train(p[0], 100, 1);
        train(p[1], 100, 1);
        refuses(p[0], accusing(p[0], 0), abi.encodeWithSelector(IBlade.NoSuchUpdate.selector, 0, 2));
        refuses(p[0], accusing(p[0], 2), abi.encodeWithSelector(IBlade.NoSuchUpdate.selector, 2, 2));
        bytes32 seed = noiseSeed(p[0], 1);
        refuses(
            p[0],
            abi.encodeCall(IBlade.accuse, (1, 1, seed, 10001)),
            abi.encodeWithSelector(IFederation.AmountTooLarge.selector, 10001, 10000)
        );
        refuses(
            p[0],
            abi.encodeCall(IBlade.accuse, (2, 1, seed, 1)),
            abi.encodeWithSelector(IFederation.WrongRound.selector, 2, 1)
        );
        refuses(
            p[0],
            abi.encodeCall(IBlade.accuse, (1, 1, noiseSeed(p[1], 1), 1)),
            abi.encodeWithSelector(IBlade.BadSeed.selector, noiseSeed(p[1], 1), noiseSeed(p[0], 0))
        );
        address outsider = account(50);
        refuses(
            outsider,
            abi.encodeCall(IBlade.accuse, (1, 1, seed, 1)),
            abi.encodeWithSelector(IFederation.NotMember.selector, outsider, IFederation.Standing.Stranger)
        );
        vm.expectEmit(address(federation));
        emit IBlade.Accused(1, p[0], 1, seed, 10000);
        vm.prank(p[0]);
        blade().accuse(1, 1, seed, 10000);
        accuse(p[0], 1); // again: no error
    }

    /// @dev Evidence is in before anybody votes, even where all have proposed early.
    function test_votes_wait_for_the_evidence() public {
        openAndDraw();
        address[] memory p = train(100);
        uint256 end = federation.status().proposeEnd + 40;
        assertEq(phase(), uint256(IFederation.Phase.Commit));
        bytes memory committing = abi.encodeCall(IFederation.commit, (1, keccak256("any")));
        bytes memory early = abi.encodeWithSelector(IFederation.TooEarly.selector, block.timestamp, end);
        refuses(p[0], committing, early);
        vm.warp(end - 1);
        refuses(p[0], committing, abi.encodeWithSelector(IFederation.TooEarly.selector, end - 1, end));
        accuse(p[0], 1);
        vm.warp(end);
        refuses(p[0], accusing(p[0], 1), abi.encodeWithSelector(IBlade.TooLate.selector, end, end));
        commitBallot(p[0], approving(15, 0));
        pass(IFederation.Phase.Commit);
        refuses(
            p[0],
            accusing(p[0], 1),
            abi.encodeWithSelector(IFederation.WrongPhase.selector, IFederation.Phase.Reveal, IFederation.Phase.Commit)
        );
    }

    function test_a_convicted_one_never_accuses_again() public {
        (, address thief) = toTrial(1);
        uint256 bit = 1 << entry(thief).updateNumber;
        judgeAll(approving(15 ^ bit, bit));
        publishAll(MODEL, 15 ^ bit);
        federation.settle();
        federation.collect(thief);
        openAndDraw();
        train(proposers()[0], 100, 1);
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, thief);
        refuses(thief, accusing(thief, 0), banned);
        refuses(thief, proposing(100, 1), banned);
    }

    // ------------------------------------------------------------------ words

    /// @dev A round past its evidence, in which the first proposer accused the one of update `number`.
    function toTrial(uint256 number) private returns (address accuser, address accused) {
        openAndDraw();
        address[] memory p = train(100);
        (accuser, accused) = (p[0], p[number]);
        accuse(accuser, number);
        pastChallenge();
    }
}
