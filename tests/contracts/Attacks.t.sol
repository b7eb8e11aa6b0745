// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Bench} from "./Bench.sol";
import {FalseToken, FeeToken, FreeToken, GenerousToken, ReentrantToken, ShrinkingToken} from "./Tokens.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @dev One test a way of cheating.
contract AttacksTest is Bench {
    bytes32 private constant SALT = "salt";
    bool private withoutBeacon;

    function setUp() public override {
        super.setUp();
        joinMany(7, BOND); // two propose, five vote
    }

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        if (withoutBeacon) t.beacon = address(0);
    }

    // ------------------------------------------------------------------ commitments

    function test_copied_commitment() public {
        address[] memory list = toCommit();
        bytes32 hidden = federation.commitmentOf(1, list[0], abi.encode(MODEL), SALT);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(list[i]);
            federation.commit(1, hidden);
        }
        pass(IFederation.Phase.Commit);
        vm.prank(list[0]);
        federation.reveal(1, abi.encode(MODEL), SALT);
        // the copier learns ballot and salt, and still can't open it
        refuses(list[1], revealing(1, MODEL, SALT), mismatch(list[1], hidden, 1, MODEL, SALT));
    }

    function test_replayed_commitment_in_another_round() public {
        address[] memory list = toCommit();
        address voter = list[0];
        bytes32 hidden = federation.commitmentOf(1, voter, abi.encode(MODEL), SALT);
        vm.prank(voter);
        federation.commit(1, hidden);
        pass(IFederation.Phase.Commit);
        vm.prank(voter);
        federation.reveal(1, abi.encode(MODEL), SALT);
        federation.settle();

        uint256 number = drawAsVoter(voter);
        proposeAll();
        vm.prank(voter);
        federation.commit(number, hidden);
        pass(IFederation.Phase.Commit);
        refuses(voter, revealing(number, MODEL, SALT), mismatch(voter, hidden, number, MODEL, SALT));
    }

    function test_commitment_left_from_a_round_before() public {
        address[] memory list = toCommit();
        address voter = list[0];
        for (uint256 i = 0; i < 5; ++i) {
            commit(list[i], MODEL);
        }
        for (uint256 i = 0; i < 5; ++i) {
            reveal(list[i], MODEL);
        }
        federation.settle();

        uint256 number = drawAsVoter(voter);
        proposeAll();
        list = voters();
        commit(list[0] == voter ? list[1] : list[0], MODEL);
        pass(IFederation.Phase.Commit);
        refuses(voter, revealing(1, MODEL, SALT), abi.encodeWithSelector(IFederation.WrongRound.selector, 1, number));
        refuses(voter, revealing(number, MODEL, SALT), notCommitted(voter, number));
    }

    /// @dev A commitment that was never revealed doesn't open in a later round, booked or not.
    function test_silent_voter_reveals_in_a_later_round() public {
        address[] memory list = toCommit();
        address voter = list[0];
        commit(voter, MODEL);
        bytes32 salt = saltOf(voter);
        pass(IFederation.Phase.Commit);
        pass(IFederation.Phase.Reveal);
        federation.settle();

        openAndDraw();
        uint256 number = round();
        proposeAllBut(voter);
        list = voters();
        commit(list[0] == voter ? list[1] : list[0], MODEL);
        pass(IFederation.Phase.Commit);
        refuses(voter, revealing(number, MODEL, salt), notCommitted(voter, number));
    }

    function test_replayed_commitment_in_another_contract() public {
        address[] memory list = toCommit();
        bytes32 hidden = federation.commitmentOf(1, list[0], abi.encode(MODEL), SALT);
        IFederation first = federation;
        federation = new StakeVote(terms());
        delete members;
        joinMany(7, BOND);
        assertTrue(federation.commitmentOf(1, list[0], abi.encode(MODEL), SALT) != hidden);
        assertTrue(address(first) != address(federation));
        list = toCommit();
        hidden = first.commitmentOf(1, list[0], abi.encode(MODEL), SALT);
        vm.prank(list[0]);
        federation.commit(1, hidden);
        pass(IFederation.Phase.Commit);
        refuses(list[0], revealing(1, MODEL, SALT), mismatch(list[0], hidden, 1, MODEL, SALT));
    }

    function test_replayed_commitment_on_another_chain() public {
        address[] memory list = toCommit();
        bytes32 hidden = federation.commitmentOf(1, list[0], abi.encode(MODEL), SALT);
        vm.prank(list[0]);
        federation.commit(1, hidden);
        pass(IFederation.Phase.Commit);
        vm.chainId(block.chainid + 1);
        refuses(list[0], revealing(1, MODEL, SALT), mismatch(list[0], hidden, 1, MODEL, SALT));
    }

    function test_early_reveal() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        refusesPhase(list[0], revealing(1, MODEL, saltOf(list[0])), IFederation.Phase.Reveal);
    }

    function test_late_reveal() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        pass(IFederation.Phase.Commit);
        pass(IFederation.Phase.Reveal);
        refusesPhase(list[0], revealing(1, MODEL, saltOf(list[0])), IFederation.Phase.Reveal);
        federation.settle();
        refusesPhase(list[0], revealing(1, MODEL, saltOf(list[0])), IFederation.Phase.Reveal);
    }

    function test_double_reveal() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        commit(list[1], MODEL);
        pass(IFederation.Phase.Commit);
        reveal(list[0], MODEL);
        refuses(
            list[0],
            revealing(1, MODEL, saltOf(list[0])),
            abi.encodeWithSelector(IFederation.AlreadyActed.selector, list[0], 1, Acts.COMMITTED | Acts.REVEALED)
        );
        assertEq(federation.roundOf(1).reveals, 1);
    }

    function test_reveal_without_commitment() public {
        address[] memory list = toCommit();
        address proposer = proposers()[0];
        commit(list[0], MODEL);
        pass(IFederation.Phase.Commit);
        refuses(list[1], revealing(1, MODEL, SALT), notCommitted(list[1], 1));
        refuses(proposer, revealing(1, MODEL, SALT), notCommitted(proposer, 1));
        refuses(
            account(50),
            revealing(1, MODEL, SALT),
            abi.encodeWithSelector(IFederation.NotMember.selector, account(50), IFederation.Standing.Stranger)
        );
    }

    function test_wrong_salt_or_ballot() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        pass(IFederation.Phase.Commit);
        bytes32 hidden = federation.commitmentOf(1, list[0], abi.encode(MODEL), saltOf(list[0]));
        refuses(list[0], revealing(1, MODEL, SALT), mismatch(list[0], hidden, 1, MODEL, SALT));
        bytes32 salt = saltOf(list[0]);
        refuses(list[0], revealing(1, REJECT, salt), mismatch(list[0], hidden, 1, REJECT, salt));
    }

    // ------------------------------------------------------------------ voting

    function test_no_reveal_costs_as_much_as_a_wrong_vote() public {
        address[] memory list = toCommit();
        for (uint256 i = 0; i < 5; ++i) {
            commit(list[i], i == 3 ? REJECT : MODEL);
        }
        for (uint256 i = 0; i < 4; ++i) {
            reveal(list[i], i == 3 ? REJECT : MODEL);
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
        assertEq(balance(list[3]), BOND - VOTER_STAKE);
        assertEq(balance(list[4]), BOND - VOTER_STAKE);
    }

    function test_tie() public {
        address[] memory list = toCommit();
        for (uint256 i = 0; i < 4; ++i) {
            commit(list[i], i < 2 ? MODEL : REJECT);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < 4; ++i) {
            reveal(list[i], i < 2 ? MODEL : REJECT);
        }
        federation.settle();
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Undecided));
        assertEq(federation.head(), GENESIS);
        for (uint256 i = 0; i < members.length; ++i) {
            assertEq(balance(members[i]), BOND);
        }
    }

    function test_no_quorum() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        commit(list[1], MODEL);
        commit(list[2], MODEL); // and won't reveal
        pass(IFederation.Phase.Commit);
        reveal(list[0], MODEL);
        reveal(list[1], MODEL);
        pass(IFederation.Phase.Reveal);
        federation.settle();
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Undecided));
        assertEq(federation.head(), GENESIS);
        for (uint256 i = 0; i < members.length; ++i) {
            assertEq(balance(members[i]), members[i] == list[2] ? BOND - VOTER_STAKE : BOND);
        }
        assertEq(federation.pool(), VOTER_STAKE);
    }

    function test_accepting_the_zero_digest_is_rejecting() public {
        playRound(0, 5, 0);
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Rejected));
        assertEq(federation.head(), GENESIS);
    }

    // ------------------------------------------------------------------ stakes

    function test_withdrawing_before_a_slash() public {
        address[] memory list = toCommit();
        commit(list[0], REJECT);
        refusesPhase(list[0], abi.encodeCall(IFederation.exit, ()), IFederation.Phase.Open);
        refuses(
            list[0],
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeWithSelector(IFederation.NothingToWithdraw.selector, list[0])
        );
        refuses(
            list[0],
            abi.encodeCall(IFederation.claim, ()),
            abi.encodeWithSelector(IFederation.RoundInPlay.selector, list[0], 1)
        );
        pass(IFederation.Phase.Commit);
        pass(IFederation.Phase.Reveal);
        federation.settle();
        // settled and not booked: leaving books first
        refuses(
            list[0],
            abi.encodeCall(IFederation.exit, ()),
            abi.encodeWithSelector(IFederation.AccountBanned.selector, list[0])
        );
        assertEq(balance(list[0]), BOND - VOTER_STAKE);
    }

    function test_joining_after_the_freeze() public {
        federation.open();
        fund(account(20), BOND);
        refusesPhase(account(20), abi.encodeCall(IFederation.join, (BOND)), IFederation.Phase.Open);
        vm.roll(block.number + 1);
        federation.draw();
        refusesPhase(account(20), abi.encodeCall(IFederation.join, (BOND)), IFederation.Phase.Open);
        assertEq(federation.memberOf(account(20)).roles, 0);
        assertEq(federation.roundOf(1).members, 7);
    }

    function test_depositing_after_the_freeze() public {
        federation.open();
        fund(account(0), 10);
        refusesPhase(account(0), abi.encodeCall(IFederation.deposit, (10)), IFederation.Phase.Open);
    }

    function test_banned_account_rejoining() public {
        playRound(4, 1, 0);
        address loser;
        for (uint256 i = 0; i < members.length; ++i) {
            if (balance(members[i]) < BOND) loser = members[i];
        }
        federation.collect(loser);
        bytes memory refusal = abi.encodeWithSelector(IFederation.AccountBanned.selector, loser);
        fund(loser, 2 * BOND);
        refuses(loser, abi.encodeCall(IFederation.join, (BOND)), refusal);
        refuses(loser, abi.encodeCall(IFederation.deposit, (BOND)), refusal);
        address[] memory accounts = new address[](1);
        accounts[0] = loser;
        federation.evict(accounts);
        refuses(loser, abi.encodeCall(IFederation.join, (BOND)), refusal);
        vm.warp(block.timestamp + 1000);
        vm.prank(loser);
        federation.withdraw();
        refuses(loser, abi.encodeCall(IFederation.join, (BOND)), refusal);
    }

    function test_two_hundred_idle_rounds_before_a_claim() public {
        playRound(4, 1, 0);
        address winner;
        for (uint256 i = 0; i < members.length; ++i) {
            if (balance(members[i]) > BOND) winner = members[i];
        }
        uint256 due = balance(winner) - BOND;
        uint256 snapshot = vm.snapshotState();
        uint256 soon = claimGas(winner);
        vm.revertToState(snapshot);
        for (uint256 i = 0; i < 200; ++i) {
            openAndDraw();
            vm.warp(block.timestamp + 100);
            federation.settle();
        }
        assertEq(round(), 201);
        assertEq(balance(winner) - BOND, due);
        assertApproxEqAbs(claimGas(winner), soon, 100, "the same cost");
        assertEq(token.balanceOf(winner), due);
    }

    function claimGas(address who) private returns (uint256 used) {
        vm.prank(who);
        uint256 before = gasleft();
        federation.claim();
        used = before - gasleft();
    }

    // ------------------------------------------------------------------ the seed

    function test_lost_seed() public {
        federation.open();
        uint256 seal = block.number;
        vm.roll(seal + 256);
        assertEq(phase(), uint256(IFederation.Phase.Draw));
        vm.roll(seal + 257);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        refusesPhase(account(0), abi.encodeCall(IFederation.draw, ()), IFederation.Phase.Draw);
        vm.expectEmit(address(federation));
        emit IFederation.Settled(1, IFederation.Outcome.Undecided, 0, GENESIS, 0, 0, 0, 0, 0);
        federation.settle();
        playRound(5, 0, 0);
        assertEq(federation.head(), MODEL);
    }

    function test_lost_seed_does_not_settle_by_old_ballots() public {
        playRound(5, 0, 0);
        vm.warp(federation.status().restUntil);
        federation.open();
        vm.roll(block.number + 257);
        vm.expectEmit(address(federation));
        emit IFederation.Settled(2, IFederation.Outcome.Undecided, 0, MODEL, 0, 0, 0, 0, 0);
        federation.settle();
        assertEq(uint256(federation.roundOf(2).outcome), uint256(IFederation.Outcome.Undecided));
    }

    function test_block_hash_at_the_last_moment() public {
        withoutBeacon = true;
        federation = new StakeVote(terms());
        delete members;
        joinMany(7, BOND);
        federation.open();
        uint256 seal = block.number;
        vm.roll(seal + 256);
        vm.setBlockhash(seal, keccak256("sealed"));
        federation.draw();
        bytes32 seed = keccak256(abi.encode(keccak256("sealed"), bytes32(0), uint256(1)));
        assertEq(federation.status().seed, seed);
        proposeAll();
        vote(ballotsOf(5, 0, 0));
        federation.settle();
        assertEq(federation.head(), MODEL);
    }

    function test_rerolling_the_seed() public {
        openAndDraw();
        refusesPhase(account(0), abi.encodeCall(IFederation.draw, ()), IFederation.Phase.Draw);
        refusesPhase(account(0), abi.encodeCall(IFederation.open, ()), IFederation.Phase.Open);
    }

    function test_settling_twice_or_early() public {
        openAndDraw();
        refusesPhase(account(0), abi.encodeCall(IFederation.settle, ()), IFederation.Phase.Settle);
        proposeAll();
        vote(ballotsOf(5, 0, 0));
        federation.settle();
        refusesPhase(account(0), abi.encodeCall(IFederation.settle, ()), IFederation.Phase.Settle);
    }

    // ------------------------------------------------------------------ tokens

    function test_false_returning_token() public {
        FalseToken lame = new FalseToken();
        withToken(lame);
        lame.setLame(true);
        bytes memory refusal = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, lame);
        fundFree(lame, account(20), 2 * BOND);
        refuses(account(20), abi.encodeCall(IFederation.join, (BOND)), refusal);
        lame.setLame(false);
        vm.startPrank(account(20));
        federation.join(2 * BOND);
        vm.stopPrank();
        lame.setLame(true);
        refuses(account(20), abi.encodeCall(IFederation.claim, ()), refusal);
        assertEq(balance(account(20)), 2 * BOND, "nothing is lost");
    }

    function test_fee_on_transfer_token() public {
        FeeToken taking = new FeeToken();
        withToken(taking);
        fundFree(taking, account(20), BOND);
        refuses(
            account(20),
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.TransferMismatch.selector, BOND, BOND - 1)
        );
    }

    function test_token_that_gives_more_than_was_asked() public {
        GenerousToken generous = new GenerousToken();
        withToken(generous);
        fundFree(generous, account(20), BOND);
        refuses(
            account(20),
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.TransferMismatch.selector, BOND, BOND + 1)
        );
    }

    function test_shrinking_token() public {
        ShrinkingToken shrinking = new ShrinkingToken();
        withToken(shrinking);
        shrinking.mint(address(federation), 10 * BOND);
        refuses(
            account(20),
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.TransferMismatch.selector, BOND, 0)
        );
    }

    function test_token_without_code() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.token = address(0xdead);
        federation = new StakeVote(t);
        refuses(account(20), abi.encodeCall(IFederation.join, (BOND)), "");
    }

    /// @dev A token that calls back while it is transferred gets nowhere: no action that transfers can be entered.
    function test_reentrant_token() public {
        ReentrantToken calling = new ReentrantToken();
        withToken(calling);
        calling.join(federation, 2 * BOND);
        bytes[4] memory calls = [
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeCall(IFederation.deposit, (1)),
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeCall(IFederation.claim, ())
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            address joiner = account(30 + i);
            fundFree(calling, joiner, BOND);
            calling.callBack(address(calling), abi.encodeCall(ReentrantToken.act, (address(federation), calls[i])));
            vm.prank(joiner);
            federation.join(BOND);
            assertFalse(calling.succeeded(), "re-entered");
            assertEq(calling.answer(), abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector));
        }
        assertEq(calling.balanceOf(address(federation)), 6 * BOND);
        assertEq(federation.memberCount(), 5);
    }

    /// @dev What doesn't transfer may be called in the middle of a transfer, and finds everything written.
    function test_reentrant_token_in_other_actions() public {
        ReentrantToken calling = new ReentrantToken();
        withToken(calling);
        for (uint256 i = 0; i < 4; ++i) {
            fundFree(calling, account(30 + i), BOND);
            vm.prank(account(30 + i));
            federation.join(BOND);
        }
        fundFree(calling, account(40), BOND);
        calling.callBack(address(federation), abi.encodeCall(IFederation.open, ()));
        vm.prank(account(40));
        federation.join(BOND);
        assertTrue(calling.succeeded());
        assertEq(federation.roundOf(1).members, 5, "the joiner is in the frozen registry");
    }

    function test_donated_tokens_change_nothing() public {
        token.mint(address(federation), 12345);
        assertEq(federation.pool(), 0);
        playRound(4, 1, 0);
        assertEq(token.balanceOf(address(federation)), owed(members) + 12345);
    }

    // ------------------------------------------------------------------ words

    function withToken(FreeToken other) private {
        token = JuryToken(address(other));
        federation = new StakeVote(terms());
        delete members;
    }

    function fundFree(FreeToken other, address who, uint256 amount) private {
        other.mint(who, amount);
        vm.prank(who);
        other.approve(address(federation), type(uint256).max);
    }

    /// @dev A round up to phase Commit; its voters.
    function toCommit() private returns (address[] memory) {
        openAndDraw();
        proposeAll();
        return voters();
    }

    function proposeAllBut(address who) private {
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != who) propose(list[i]);
        }
        pass(IFederation.Phase.Propose);
    }

    /// @dev Rounds without proposals until `who` is drawn to vote; the round's number.
    function drawAsVoter(address who) private returns (uint256) {
        openAndDraw();
        while (federation.memberOf(who).roles != Roles.VOTER) {
            pass(IFederation.Phase.Propose);
            federation.settle();
            openAndDraw();
        }
        return round();
    }

    function revealing(uint256 number, bytes32 ballot, bytes32 salt) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.reveal, (number, abi.encode(ballot), salt));
    }

    function notCommitted(address who, uint256 number) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.NotCommitted.selector, who, number);
    }

    function mismatch(address who, bytes32 hidden, uint256 number, bytes32 ballot, bytes32 salt)
        private
        view
        returns (bytes memory)
    {
        bytes32 shown = federation.commitmentOf(number, who, abi.encode(ballot), salt);
        return abi.encodeWithSelector(IFederation.CommitmentMismatch.selector, who, hidden, shown);
    }
}
