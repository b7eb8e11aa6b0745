// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bflc} from "../../contracts/federations/Bflc.sol";
import {Blade} from "../../contracts/federations/Blade.sol";
import {Vbfl} from "../../contracts/federations/Vbfl.sol";
import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IVbfl} from "../../contracts/interfaces/IVbfl.sol";
import {BflcBench} from "./BflcBench.sol";
import {BladeBench} from "./BladeBench.sol";
import {VbflBench} from "./VbflBench.sol";

uint256 constant TOO_MUCH = uint256(type(uint96).max) + 1;

/// @dev What each leaf can't be deployed with. A term is broken together with all that are checked after it, so that
/// the order is tested too: they are mended from the first on.
contract VbflTermsTest is VbflBench {
    function test_vbfl_terms_are_kept() public view {
        assertEq(abi.encode(vbfl().terms()), abi.encode(vbflTerms()));
        assertEq(vbfl().mechanism(), "vbfl");
    }

    function test_vbfl_terms_are_checked_in_order() public {
        IVbfl.VbflTerms memory t = vbflTerms();
        IVbfl.VbflTerms memory good = vbflTerms();
        (t.bond, t.proposers, t.validators, t.miners) = (0, 0, 0, 0);
        (t.maxSamples, t.maxEpochs, t.powBits, t.unitReward, t.kickRounds) = (0, 0, 65, TOO_MUCH, 0);
        (t.schedule.open, t.schedule.publish) = (0, 0);
        invalid(t, "bond", 0);
        t.bond = good.bond;
        invalid(t, "open", 0);
        t.schedule.open = 1;
        invalid(t, "proposers", 0);
        t.proposers = 257;
        invalid(t, "proposers", 257);
        t.proposers = 256;
        invalid(t, "validators", 0);
        t.validators = 65_534;
        invalid(t, "miners", 0);
        t.miners = 1;
        invalid(t, "miners", 1);
        t.validators = 65_533;
        invalid(t, "maxSamples", 0);
        t.maxSamples = 1 << 23;
        invalid(t, "maxSamples", 1 << 23);
        t.maxSamples -= 1;
        invalid(t, "maxEpochs", 0);
        t.maxEpochs = 513;
        invalid(t, "maxEpochs", 513);
        t.maxEpochs = 512;
        invalid(t, "publish", 0);
        t.schedule.publish = 1;
        invalid(t, "powBits", 65);
        t.powBits = 64;
        invalid(t, "unitReward", TOO_MUCH);
        t.unitReward = TOO_MUCH - 1;
        invalid(t, "kickRounds", 0);
        t.kickRounds = 1;
        new Vbfl(t);
    }

    function invalid(IVbfl.VbflTerms memory t, string memory field, uint256 given) private {
        expectInvalid(field, given);
        new Vbfl(t);
    }
}

contract BflcTermsTest is BflcBench {
    function test_bflc_terms_are_kept() public view {
        assertEq(abi.encode(bflc().terms()), abi.encode(bflcTerms()));
        assertEq(bflc().mechanism(), "bflc");
    }

    function test_bflc_terms_are_checked_in_order() public {
        IBflc.BflcTerms memory t = bflcTerms();
        IBflc.BflcTerms memory good = bflcTerms();
        (t.genesis, t.managers, t.fee, t.maxSamples) = (0, new address[](0), TOO_MUCH, 0);
        (t.maxEpochs, t.minScore, t.committee, t.updates) = (0, 10_001, 0, 0);
        (t.election, t.speedBps, t.proposers, t.profitBps) = (3, 10_001, 0, 10_001);
        (t.schedule.open, t.schedule.publish) = (0, 0);
        invalid(t, "genesis", 0);
        t.genesis = good.genesis;
        invalid(t, "open", 0);
        t.schedule.open = 1;
        t.managers = many(201);
        invalid(t, "managers", 201);
        t.managers = many(200);
        t.managers[199] = t.managers[3];
        invalid(t, "managers", 199);
        t.managers[199] = address(0);
        invalid(t, "managers", 199);
        t.managers = new address[](0);
        invalid(t, "fee", TOO_MUCH);
        t.fee = TOO_MUCH - 1;
        invalid(t, "maxSamples", 0);
        t.maxSamples = 1;
        invalid(t, "maxEpochs", 0);
        t.maxEpochs = 1;
        invalid(t, "publish", 0);
        t.schedule.publish = 1;
        invalid(t, "minScore", 10_001);
        t.minScore = 10_000;
        invalid(t, "managers", 0);
        t.managers = many(200);
        invalid(t, "committee", 0);
        t.committee = 33;
        invalid(t, "committee", 33);
        t.committee = 32;
        t.updates = 31;
        invalid(t, "updates", 31);
        t.updates = 129;
        invalid(t, "updates", 129);
        t.updates = 128;
        invalid(t, "election", 3);
        t.election = 2;
        invalid(t, "speedBps", 10_001);
        t.speedBps = 10_000;
        t.proposers = 127;
        invalid(t, "proposers", 127);
        t.proposers = 257;
        invalid(t, "proposers", 257);
        t.proposers = 256;
        invalid(t, "profitBps", 10_001);
        t.profitBps = 10_000;
        new Bflc(t);
    }

    function many(uint256 count) private pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = account(i);
        }
    }

    function invalid(IBflc.BflcTerms memory t, string memory field, uint256 given) private {
        expectInvalid(field, given);
        new Bflc(t);
    }
}

contract BladeTermsTest is BladeBench {
    function test_blade_terms_are_kept() public view {
        assertEq(abi.encode(blade().terms()), abi.encode(bladeTerms()));
        assertEq(blade().mechanism(), "blade");
    }

    function test_blade_terms_are_checked_in_order() public {
        IBlade.BladeTerms memory t = bladeTerms();
        IBlade.BladeTerms memory good = bladeTerms();
        (t.token, t.winners, t.minWinners, t.maxSamples) = (address(0), 0, 0, 0);
        (t.maxEpochs, t.publisher, t.bounty, t.rule) = (0, address(0), TOO_MUCH, 0);
        (t.rounds, t.deadline, t.powBits, t.minSamples) = (0, t.biddingEnds, 65, 0);
        (t.challenge, t.blockBps) = (t.schedule.commit, 10_001);
        (t.schedule.open, t.schedule.publish) = (0, 0);
        invalid(t, "token", 0);
        t.token = good.token;
        invalid(t, "open", 0);
        t.schedule.open = 1;
        invalid(t, "winners", 0);
        t.winners = 257;
        invalid(t, "winners", 257);
        t.winners = 256;
        invalid(t, "minWinners", 0);
        t.minWinners = 257;
        invalid(t, "minWinners", 257);
        t.minWinners = 256;
        invalid(t, "maxSamples", 0);
        t.maxSamples = 100;
        invalid(t, "maxEpochs", 0);
        t.maxEpochs = 1;
        invalid(t, "publisher", 0);
        t.publisher = good.publisher;
        invalid(t, "bounty", TOO_MUCH);
        t.bounty = TOO_MUCH - 1;
        invalid(t, "rule", 0);
        t.rule = good.rule;
        invalid(t, "rounds", 0);
        t.rounds = 1;
        invalid(t, "deadline", t.deadline);
        t.deadline = t.biddingEnds + 1;
        invalid(t, "publish", 0);
        t.schedule.publish = 1;
        invalid(t, "powBits", 65);
        t.powBits = 64;
        invalid(t, "minSamples", 0);
        t.minSamples = 101;
        invalid(t, "minSamples", 101);
        t.minSamples = 100;
        invalid(t, "challenge", t.schedule.commit);
        t.challenge = t.schedule.commit - 1;
        invalid(t, "blockBps", 10_001);
        t.blockBps = 10_000;
        new Blade(t);
    }

    function invalid(IBlade.BladeTerms memory t, string memory field, uint256 given) private {
        expectInvalid(field, given);
        new Blade(t);
    }
}
