// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bench} from "./Bench.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @dev Joining, adding, leaving, withdrawing, claiming, collecting and evicting, with every way to be refused.
contract MembershipTest is Bench {
    address private immutable outsider = account(99);

    // ------------------------------------------------------------------ join

    function test_join() public {
        fund(outsider, 150);
        vm.expectEmit(address(federation));
        emit IFederation.Joined(outsider, 150);
        vm.prank(outsider);
        federation.join(150);

        IFederation.Member memory m = entry(outsider);
        assertEq(m.stake, 150);
        assertEq(m.index, 1);
        assertEq(uint256(m.standing), uint256(IFederation.Standing.Member));
        assertEq(token.balanceOf(address(federation)), 150);
        assertEq(token.balanceOf(outsider), 0);
        assertEq(federation.memberCount(), 1);
    }

    function test_join_is_refused() public {
        joinMany(5, BOND);
        refuses(outsider, joining(BOND - 1), abi.encodeWithSelector(IFederation.StakeTooLow.selector, BOND - 1, BOND));
        refuses(
            outsider,
            joining(uint256(MAX) + 1),
            abi.encodeWithSelector(IFederation.AmountTooLarge.selector, uint256(MAX) + 1, MAX)
        );
        refuses(
            outsider,
            joining(BOND),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, federation, 0, BOND)
        );
        vm.prank(outsider);
        token.approve(address(federation), type(uint256).max);
        refuses(
            outsider,
            joining(BOND),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, outsider, 0, BOND)
        );
        refuses(account(0), joining(BOND), already(account(0), IFederation.Standing.Member));
        vm.prank(account(0));
        federation.exit();
        refuses(account(0), joining(BOND), already(account(0), IFederation.Standing.Leaving));
        fund(account(7), BOND);
        vm.prank(account(7));
        federation.join(BOND);
        federation.open();
        refusesPhase(outsider, joining(BOND), IFederation.Phase.Open);
    }

    function test_join_again_after_leaving() public {
        joinOne(outsider, BOND);
        vm.startPrank(outsider);
        federation.exit();
        vm.warp(block.timestamp + 1000);
        federation.withdraw();
        token.approve(address(federation), BOND);
        federation.join(BOND);
        vm.stopPrank();
        assertEq(entry(outsider).stake, BOND);
        assertEq(federation.memberCount(), 1);
        assertEq(entry(outsider).unbondsAt, START + 1000, "kept from the last time");
    }

    function test_largest_stake() public {
        joinOne(outsider, MAX);
        fund(outsider, 1);
        refuses(outsider, depositing(1), abi.encodeWithSelector(IFederation.AmountTooLarge.selector, 1, 0));
    }

    // ------------------------------------------------------------------ deposit

    function test_deposit() public {
        joinOne(outsider, BOND);
        fund(outsider, 20);
        vm.expectEmit(address(federation));
        emit IFederation.Deposited(outsider, 20, BOND + 20);
        vm.prank(outsider);
        federation.deposit(20);
        assertEq(entry(outsider).stake, BOND + 20);
        assertEq(token.balanceOf(address(federation)), BOND + 20);
    }

    function test_deposit_books_first() public {
        joinMany(5, 2 * BOND);
        address loser = outvoted();
        fund(loser, 20);
        vm.expectEmit(address(federation));
        emit IFederation.Collected(loser, 1, -int256(VOTER_STAKE), 2 * BOND - VOTER_STAKE);
        vm.expectEmit(address(federation));
        emit IFederation.Deposited(loser, 20, 2 * BOND - VOTER_STAKE + 20);
        vm.prank(loser);
        federation.deposit(20);
    }

    function test_deposit_is_refused() public {
        joinMany(6, BOND);
        refuses(outsider, depositing(1), notMember(outsider, IFederation.Standing.Stranger));
        refuses(account(0), depositing(0), abi.encodeWithSelector(IFederation.ZeroAmount.selector));
        refuses(
            account(0),
            depositing(type(uint256).max),
            abi.encodeWithSelector(IFederation.AmountTooLarge.selector, type(uint256).max, MAX - BOND)
        );
        address loser = outvoted();
        refuses(loser, depositing(1), banned(loser)); // by what would be booked, which is undone
        assertEq(uint256(entry(loser).standing), uint256(IFederation.Standing.Member));
        federation.collect(loser);
        refuses(loser, depositing(1), banned(loser));
        vm.prank(account(1) == loser ? account(2) : account(1));
        federation.exit();
        refuses(
            account(1) == loser ? account(2) : account(1),
            depositing(1),
            notMember(account(1) == loser ? account(2) : account(1), IFederation.Standing.Leaving)
        );
        vm.warp(block.timestamp + 50);
        federation.open();
        refusesPhase(account(0), depositing(1), IFederation.Phase.Open);
    }

    // ------------------------------------------------------------------ leave and withdraw

    function test_leave_fills_the_gap_with_the_last() public {
        joinMany(4, BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Left(account(1), BOND, START + 1000);
        vm.prank(account(1));
        federation.exit();
        IFederation.MemberView[] memory list = federation.members(0, 10);
        assertEq(list.length, 3);
        assertEq(list[0].account, account(0));
        assertEq(list[1].account, account(3));
        assertEq(list[2].account, account(2));
        assertEq(entry(account(3)).index, 2);
        assertEq(entry(account(1)).index, 0);
        assertEq(entry(account(1)).stake, BOND);
    }

    function test_leave_is_refused() public {
        joinMany(6, BOND);
        refuses(outsider, leaving(), notMember(outsider, IFederation.Standing.Stranger));
        address loser = outvoted();
        refuses(loser, leaving(), banned(loser));
        federation.collect(loser);
        refuses(loser, leaving(), notMember(loser, IFederation.Standing.Banned));
        vm.warp(block.timestamp + 50);
        federation.open();
        refusesPhase(account(0), leaving(), IFederation.Phase.Open);
    }

    function test_withdraw_after_unbonding() public {
        joinMany(2, 150);
        vm.prank(account(0));
        federation.exit();
        refuses(account(0), withdrawing(), abi.encodeWithSelector(IFederation.TooEarly.selector, START, START + 1000));
        vm.warp(START + 999);
        refuses(
            account(0), withdrawing(), abi.encodeWithSelector(IFederation.TooEarly.selector, START + 999, START + 1000)
        );
        vm.warp(START + 1000);
        vm.expectEmit(address(federation));
        emit IFederation.Withdrawn(account(0), 150);
        vm.prank(account(0));
        federation.withdraw();
        assertEq(token.balanceOf(account(0)), 150);
        assertEq(uint256(entry(account(0)).standing), uint256(IFederation.Standing.Stranger));
        refuses(account(0), withdrawing(), nothingToWithdraw(account(0)));
    }

    function test_withdraw_is_refused() public {
        joinMany(5, BOND);
        refuses(outsider, withdrawing(), nothingToWithdraw(outsider));
        refuses(account(0), withdrawing(), nothingToWithdraw(account(0)));
        address loser = outvoted();
        federation.collect(loser);
        refuses(loser, withdrawing(), nothingToWithdraw(loser)); // banned, not evicted yet
    }

    // ------------------------------------------------------------------ claim and collect

    function test_claim_takes_what_is_above_the_bond() public {
        joinMany(6, BOND);
        address winner = outvotedAnd(0);
        // one of four voters outvoted: three share 30
        vm.expectEmit(address(federation));
        emit IFederation.Collected(winner, 1, 10, BOND + 10);
        vm.expectEmit(address(federation));
        emit IFederation.Claimed(winner, 10, BOND);
        vm.prank(winner);
        federation.claim();
        assertEq(token.balanceOf(winner), 10);
        assertEq(balance(winner), BOND);
        refuses(winner, claiming(), abi.encodeWithSelector(IFederation.NothingToClaim.selector, winner));
    }

    function test_claim_is_refused() public {
        joinMany(6, BOND);
        refuses(outsider, claiming(), notMember(outsider, IFederation.Standing.Stranger));
        refuses(account(0), claiming(), abi.encodeWithSelector(IFederation.NothingToClaim.selector, account(0)));
        openAndDraw();
        address proposer = proposers()[0];
        propose(proposer);
        refuses(proposer, claiming(), abi.encodeWithSelector(IFederation.RoundInPlay.selector, proposer, 1));
    }

    function test_claim_of_a_banned_account_is_refused() public {
        joinMany(5, BOND);
        address loser = outvoted();
        refuses(loser, claiming(), banned(loser));
        federation.collect(loser);
        refuses(loser, claiming(), notMember(loser, IFederation.Standing.Banned));
    }

    function test_claim_goes_on_in_any_phase_without_a_seat_in_play() public {
        joinMany(6, 3 * BOND);
        openAndDraw();
        address idle = voters()[0];
        vm.prank(idle);
        federation.claim();
        assertEq(token.balanceOf(idle), 2 * BOND);
    }

    function test_collect_books_once() public {
        joinMany(5, 2 * BOND);
        address loser = outvoted();
        assertEq(balance(loser), 2 * BOND - VOTER_STAKE);
        assertEq(entry(loser).stake, 2 * BOND);
        federation.collect(loser);
        assertEq(balance(loser), 2 * BOND - VOTER_STAKE);
        assertEq(entry(loser).stake, 2 * BOND - VOTER_STAKE);
        vm.recordLogs();
        federation.collect(loser);
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(entry(loser).stake, 2 * BOND - VOTER_STAKE);
    }

    function test_collect_is_refused() public {
        joinMany(5, BOND);
        refuses(
            outsider,
            abi.encodeCall(IFederation.collect, (outsider)),
            notMember(outsider, IFederation.Standing.Stranger)
        );
        openAndDraw();
        address proposer = proposers()[0];
        propose(proposer);
        refuses(
            outsider,
            abi.encodeCall(IFederation.collect, (proposer)),
            abi.encodeWithSelector(IFederation.RoundInPlay.selector, proposer, 1)
        );
    }

    // ------------------------------------------------------------------ ban and evict

    function test_ban_and_evict() public {
        joinMany(5, BOND);
        address loser = outvoted();
        vm.expectEmit(address(federation));
        emit IFederation.Collected(loser, 1, -int256(VOTER_STAKE), BOND - VOTER_STAKE);
        vm.expectEmit(address(federation));
        emit IFederation.Banned(loser, 1, BOND - VOTER_STAKE);
        federation.collect(loser);
        assertEq(federation.memberCount(), 5, "keeps its place");

        vm.expectEmit(address(federation));
        emit IFederation.Evicted(loser, BOND - VOTER_STAKE, block.timestamp + 1000);
        federation.evict(one(loser));
        assertEq(federation.memberCount(), 4);
        assertEq(entry(loser).index, 0);

        vm.warp(block.timestamp + 1000);
        vm.prank(loser);
        federation.withdraw();
        assertEq(token.balanceOf(loser), BOND - VOTER_STAKE);
        assertEq(uint256(entry(loser).standing), uint256(IFederation.Standing.Banned));
    }

    function test_evict_books_and_passes_over_the_rest() public {
        joinMany(6, BOND);
        address loser = outvoted();
        IFederation.MemberView[] memory list = federation.members(0, 10);
        address[] memory accounts = new address[](list.length + 3);
        for (uint256 i = 0; i < list.length; ++i) {
            accounts[i] = list[i].account;
        }
        accounts[6] = loser; // twice
        accounts[7] = outsider;
        accounts[8] = address(0);
        federation.evict(accounts);
        assertEq(federation.memberCount(), 5);
        assertEq(entry(loser).index, 0);
        list = federation.members(0, 10);
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(list[i].record.index, i + 1);
            assertEq(list[i].record.acts, 0, "booked");
            assertTrue(list[i].account != loser);
        }
        assertEq(entry(outsider).index, 0);
    }

    function test_evict_is_refused_during_a_round() public {
        joinMany(5, BOND);
        federation.open();
        refusesPhase(outsider, abi.encodeCall(IFederation.evict, (one(outsider))), IFederation.Phase.Open);
    }

    // ------------------------------------------------------------------ views

    function test_seats_come_in_pages() public {
        joinMany(5, BOND);
        assertEq(federation.members(0, 2).length, 2);
        assertEq(federation.members(4, 2).length, 1);
        assertEq(federation.members(4, 2)[0].account, account(4));
        assertEq(federation.members(5, 2).length, 0);
        assertEq(federation.members(type(uint256).max, type(uint256).max).length, 0);
        assertEq(federation.members(1, type(uint256).max).length, 4);
    }

    // ------------------------------------------------------------------ words

    /// @dev Play a round in which one voter is outvoted; who.
    function outvoted() private returns (address) {
        return outvotedAnd(type(uint256).max);
    }

    /// @dev As above; returns the outvoted voter, or that of the majority at place `which`.
    function outvotedAnd(uint256 which) private returns (address) {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        vote(ballotsOf(list.length - 1, 1, 0));
        federation.settle();
        return which < list.length ? list[which] : list[list.length - 1];
    }

    function one(address who) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = who;
    }

    function joining(uint256 stake) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.join, (stake));
    }

    function depositing(uint256 amount) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.deposit, (amount));
    }

    function leaving() private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.exit, ());
    }

    function withdrawing() private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.withdraw, ());
    }

    function claiming() private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.claim, ());
    }

    function notMember(address who, IFederation.Standing standing) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.NotMember.selector, who, standing);
    }

    function already(address who, IFederation.Standing standing) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.AlreadyMember.selector, who, standing);
    }

    function banned(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.AccountBanned.selector, who);
    }

    function nothingToWithdraw(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.NothingToWithdraw.selector, who);
    }
}
