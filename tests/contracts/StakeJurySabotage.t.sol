// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev Under the papers' rules sabotage pays: one bad update has all proposers of a round slashed, and its coalition
/// collects a share of their stakes when a later round is accepted. Here the same coalition, six accounts of twenty,
/// plays by the default terms, and is held against the same accounts' honest play of the same draws.
contract StakeJurySabotageTest is StakeJuryBench {
    uint256 private constant T = 1e18;
    uint256 private constant HONEST = 14;
    uint256 private constant EVIL = 6;
    uint256 private constant ROUNDS = 8;
    uint256 private constant DRAWS = 8;

    /// @dev What the coalition and all others have above their bonds after a campaign, and how many rounds of it were
    /// sabotaged.
    struct Result {
        int256 coalition;
        int256 others;
        uint256 sabotaged;
    }

    function deploy() internal override returns (IFederation) {
        IStakeJury.StakeJuryTerms memory t = juryTerms();
        (t.bond, t.floor, t.proposerStake, t.voterStake) = (16 * T, 8 * T, 4 * T, T / 2);
        (t.proposers, t.voters, t.minVoters) = (6, 24, 3);
        t.schedule.pledge = 100;
        return new StakeJury(t);
    }

    // ------------------------------------------------------------------ what it comes to

    function test_one_sabotage_does_not_pay() public {
        hold(1, false);
    }

    function test_three_sabotages_do_not_pay() public {
        hold(3, false);
    }

    /// @dev Its jurors find the bad update good.
    function test_sabotage_with_votes_for_it_does_not_pay() public {
        hold(1, true);
        hold(3, true);
    }

    /// @dev With nothing in the pool but what sabotage costs.
    function test_sabotage_does_not_pay_out_of_its_own_stakes() public {
        uint256 sabotaged = 0;
        for (uint256 draw = 0; draw < DRAWS; ++draw) {
            Result memory r = campaign(draw, 0, 3, false);
            assertLt(r.coalition, 0, "the coalition's profit");
            assertGe(r.others, 0, "nobody else pays");
            sabotaged += r.sabotaged;
        }
        assertEq(sabotaged, 3 * DRAWS);
    }

    /// @dev In every draw: the coalition earns less than by honest play, others lose no more than it does, and are paid.
    function hold(uint256 sabotages, bool votesForIt) private {
        for (uint256 draw = 0; draw < DRAWS; ++draw) {
            Result memory honest = campaign(draw, 1000 * T, 0, false);
            Result memory r = campaign(draw, 1000 * T, sabotages, votesForIt);
            assertEq(r.sabotaged, sabotages);
            assertLt(r.coalition, honest.coalition, "the coalition's profit");
            assertLe(honest.others - r.others, honest.coalition - r.coalition, "what it costs others");
            assertGt(r.others, 0, "honest play is paid");
            assertGt(honest.coalition, 0, "and was paid to the coalition");
        }
    }

    // ------------------------------------------------------------------ a campaign

    function campaign(uint256 draw, uint256 pool, uint256 sabotages, bool votesForIt)
        private
        returns (Result memory r)
    {
        vm.pauseGasMetering(); // so many rounds are more than a test may take
        beacon = new FixedBeacon(keccak256(abi.encode("draw", draw)));
        federation = deploy();
        delete members;
        joinMany(HONEST + EVIL, 16 * T);
        if (pool != 0) fillPool(pool);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            if (playOne(r.sabotaged < sabotages, votesForIt)) ++r.sabotaged;
        }
        for (uint256 i = 0; i < HONEST + EVIL; ++i) {
            int256 gain = int256(balance(members[i])) - int256(16 * T);
            if (isEvil(members[i])) r.coalition += gain;
            else r.others += gain;
        }
        assertSolvent();
    }

    function isEvil(address who) private pure returns (bool) {
        return who >= account(HONEST);
    }

    /// @dev A round in which everybody is honest, or one of the coalition proposes a bad update and its other proposers keep
    /// still. The jury finds all updates good but that one.
    function playOne(bool sabotage, bool votesForIt) private returns (bool sabotaged) {
        openAndDraw();
        (address[] memory list, uint256 count) = whoProposes(sabotage);
        uint256 bad;
        for (uint256 i = 0; i < count; ++i) {
            pledge(list[i]);
        }
        pass(IFederation.Phase.Pledge);
        for (uint256 i = 0; i < count; ++i) {
            if (sabotage && isEvil(list[i])) bad |= 1 << i;
            propose(list[i]);
        }
        uint256 all = (1 << count) - 1;
        address[] memory jurors = voters();
        bytes[] memory ballots = new bytes[](jurors.length);
        for (uint256 i = 0; i < jurors.length; ++i) {
            ballots[i] = opinion(votesForIt && isEvil(jurors[i]) ? all : all & ~bad, all);
        }
        judge(ballots);
        publishAll(MODEL, all & ~bad);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        return bad != 0;
    }

    /// @dev The first `count` of the list.
    function whoProposes(bool sabotage) private view returns (address[] memory list, uint256 count) {
        list = proposers();
        bool evil = false;
        for (uint256 i = 0; i < list.length; ++i) {
            if (sabotage && isEvil(list[i]) && evil) continue;
            evil = evil || isEvil(list[i]);
            list[count++] = list[i];
        }
    }

    function pledge(address who) private {
        uint256 number = round();
        bytes32 word = federation.pledgeOf(number, who, keccak256(abi.encode("update", who, number)), 10, 1);
        vm.prank(who);
        federation.pledge(number, word);
    }
}
