// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../../contracts/JuryToken.sol";
import {IFederation} from "../../../contracts/interfaces/IFederation.sol";
import {Subject, subjectTerms} from "./Subject.sol";
import {Test} from "forge-std/Test.sol";

/// @dev What can't happen twice, from whatever state: the federation's whole storage is unknown.
/// @custom:halmos --loop 2
contract MoneyProofs is Test {
    Subject private federation;
    JuryToken private token;

    function setUp() public {
        token = new JuryToken(0, address(0), address(this));
        federation = new Subject(subjectTerms(token, 100, 40, 30));
        token.mint(address(federation), type(uint128).max);
        vm.setArbitraryStorage(address(federation));
    }

    /// @dev A round that was settled isn't settled again, and its record stays.
    function check_one_settlement_a_round(uint40 time, uint40 later, uint48 number) public {
        vm.assume(time <= later);
        vm.warp(time);
        vm.roll(number);
        federation.settle();
        uint256 round = federation.status().round;
        bytes32 record = keccak256(abi.encode(federation.roundOf(round)));
        assertTrue(federation.roundOf(round).outcome != IFederation.Outcome.None);
        vm.warp(later);
        (bool again,) = address(federation).call(abi.encodeCall(IFederation.settle, ()));
        assertFalse(again);
        assertEq(keccak256(abi.encode(federation.roundOf(round))), record);
    }

    /// @dev Between two rounds, where nobody has a place to be looked up: the draw has proofs of its own.
    modifier resting() {
        vm.assume(federation.status().record.outcome != IFederation.Outcome.None);
        _;
    }

    /// @dev What was booked is booked: the act is cleared, and booking again changes nothing.
    function check_no_double_booking(address account) public resting {
        federation.collect(account);
        IFederation.Member memory m = federation.memberOf(account).record;
        assertEq(m.acts, 0);
        uint256 pool = federation.pool();
        federation.collect(account);
        assertEq(keccak256(abi.encode(federation.memberOf(account).record)), keccak256(abi.encode(m)));
        assertEq(federation.pool(), pool);
    }

    /// @dev A claim leaves the bond, and nothing to claim.
    function check_no_double_claim(address account) public resting {
        vm.assume(account != address(federation) && account != address(0));
        vm.prank(account);
        federation.claim();
        assertEq(federation.memberOf(account).record.stake, federation.bond());
        vm.prank(account);
        (bool again,) = address(federation).call(abi.encodeCall(IFederation.claim, ()));
        assertFalse(again);
    }

    /// @dev A withdrawal pays the stake, once, and not before it unbonds.
    function check_no_double_withdrawal(address account, uint40 time) public resting {
        vm.assume(account != address(federation) && account != address(0));
        vm.warp(time);
        uint256 before = token.balanceOf(account);
        IFederation.Member memory m = federation.memberOf(account).record;
        vm.prank(account);
        federation.withdraw();
        assertEq(token.balanceOf(account) - before, m.stake);
        assertTrue(m.index == 0 && m.unbondsAt <= time);
        vm.prank(account);
        (bool again,) = address(federation).call(abi.encodeCall(IFederation.withdraw, ()));
        assertFalse(again);
    }
}
