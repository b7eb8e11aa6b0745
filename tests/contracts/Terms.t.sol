// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {TermsBook} from "../../contracts/books/TermsBook.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Bench} from "./Bench.sol";

/// @dev What a federation is deployed with, and the two contracts that serve it.
contract TermsTest is Bench {
    function test_terms_are_kept() public view {
        assertEq(abi.encode(IStakeVote(address(federation)).terms()), abi.encode(terms()));
        assertEq(federation.mechanism(), "stake_vote");
        assertEq(address(federation.token()), address(token));
        assertEq(address(federation.beacon()), address(beacon));
        assertEq(federation.bond(), BOND);
        assertEq(federation.head(), GENESIS);
        assertEq(federation.pool(), 0);
        assertEq(phase(), uint256(IFederation.Phase.Open));
        assertEq(round(), 0);
    }

    function test_zero_token() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.token = address(0);
        invalid(t, "token", 0);
    }

    function test_zero_genesis() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.genesis = 0;
        invalid(t, "genesis", 0);
    }

    /// @dev They are kept as a contract's code, which has room for some 750 founders.
    function test_terms_too_long() public {
        for (uint256 i = 0; i < 751; ++i) {
            founders.push(account(i));
        }
        newcomers = 1;
        IStakeVote.StakeVoteTerms memory t = terms();
        vm.expectRevert(abi.encodeWithSelector(TermsBook.TermsTooLong.selector, abi.encode(t).length, 24_575));
        new StakeVote(t);
        while (abi.encode(t).length > 24_575) {
            founders.pop();
            t = terms();
        }
        assertEq(abi.encode(new StakeVote(t).terms()), abi.encode(t), "as many as there is room for");
    }

    function test_bond_out_of_range() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.bond = 0;
        invalid(t, "bond", 0);
        t.bond = uint256(MAX) + 1;
        invalid(t, "bond", t.bond);
        t.bond = MAX;
        new StakeVote(t);
    }

    function test_phases_without_time() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        (t.schedule.open, t.schedule.propose) = (0, 0);
        invalid(t, "open", 0);
        t.schedule.open = 1;
        invalid(t, "propose", 0);
        t = terms();
        t.schedule.commit = 0;
        invalid(t, "commit", 0);
        t = terms();
        t.schedule.reveal = 0;
        invalid(t, "reveal", 0);
    }

    function test_unbonding_shorter_than_a_round() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.schedule.publish = 50;
        t.schedule.unbonding = 349;
        invalid(t, "unbonding", 349);
        t.schedule.unbonding = 350;
        new StakeVote(t);
        t.schedule.propose = type(uint32).max;
        invalid(t, "unbonding", 350);
    }

    function test_panel_without_seats_or_voters() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.proposers = 0;
        invalid(t, "proposers", 0);
        t = terms();
        t.minVoters = 0;
        invalid(t, "minVoters", 0);
    }

    /// @dev More proposers and voters than a registry holds: such a federation could never open a round.
    function test_panel_larger_than_the_registry() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        (t.proposers, t.minVoters, t.maxSamples) = (65_533, 3, 0);
        invalid(t, "minVoters", 3);
        (t.proposers, t.minVoters) = (type(uint32).max, type(uint32).max);
        invalid(t, "minVoters", type(uint32).max);
        (t.proposers, t.minVoters, t.maxSamples) = (65_533, 2, 1);
        new StakeVote(t);
        (t.proposers, t.minVoters) = (2, 65_533);
        new StakeVote(t);
    }

    function test_no_samples() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.maxSamples = 0;
        invalid(t, "maxSamples", 0);
    }

    function test_quorum_above_all_voters() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.quorumBps = 10_001;
        invalid(t, "quorumBps", 10_001);
        t.quorumBps = 10_000;
        new StakeVote(t);
    }

    function test_slash_above_the_bond() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.proposerStake = BOND + 1;
        invalid(t, "proposerStake", BOND + 1);
        t = terms();
        t.voterStake = BOND + 1;
        invalid(t, "voterStake", BOND + 1);
    }

    function test_core_is_checked_before_the_policies() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.voterStake = BOND + 1;
        t.proposers = 0;
        t.schedule.unbonding = 0;
        invalid(t, "unbonding", 0);
        t.schedule.unbonding = 1000;
        invalid(t, "proposers", 0);
        t.proposers = 1;
        invalid(t, "voterStake", BOND + 1);
    }

    function invalid(IStakeVote.StakeVoteTerms memory t, string memory field, uint256 given) private {
        expectInvalid(field, given);
        new StakeVote(t);
    }

    // ------------------------------------------------------------------ token and beacon

    function test_token_mints_for_its_minter_alone() public {
        token.mint(account(1), 5);
        assertEq(token.balanceOf(account(1)), 5);
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(JuryToken.NotMinter.selector, account(1)));
        token.mint(account(1), 5);
    }

    function test_token_without_minter_has_a_fixed_supply() public {
        JuryToken fixedToken = new JuryToken(1000, account(1), address(0));
        assertEq(fixedToken.totalSupply(), 1000);
        assertEq(fixedToken.balanceOf(account(1)), 1000);
        vm.expectRevert(abi.encodeWithSelector(JuryToken.NotMinter.selector, address(this)));
        fixedToken.mint(account(1), 1);
    }

    function test_token_takes_permits() public {
        (address owner, uint256 key) = makeAddrAndKey("owner");
        bytes32 permit = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 inner = keccak256(abi.encode(permit, owner, address(federation), BOND, 0, block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), inner)));
        token.permit(owner, address(federation), BOND, block.timestamp, v, r, s);
        token.mint(owner, BOND);
        vm.prank(owner);
        federation.join(BOND);
        assertEq(federation.memberCount(), 1);
    }

    function test_fixed_beacon_differs_by_round_alone() public {
        assertEq(beacon.entropy(3, 1), keccak256(abi.encode(bytes32("bench"), uint256(3))));
        assertEq(beacon.entropy(3, 1), beacon.entropy(3, 2));
        assertTrue(beacon.entropy(3, 1) != beacon.entropy(4, 1));
        assertTrue(beacon.entropy(3, 1) != new FixedBeacon("other").entropy(3, 1));
    }
}
