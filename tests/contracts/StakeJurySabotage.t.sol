// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {CoalitionBench} from "./CoalitionBench.sol";

/// @dev Under the papers' rules sabotage pays: one bad update has all proposers of a round slashed, and its coalition
/// collects a share of their stakes when a later round is accepted. Here the same coalition, six accounts of twenty,
/// plays by the default terms.
contract StakeJurySabotageTest is CoalitionBench {
    uint256 private constant HONEST = 14;
    uint256 private constant EVIL = 6;
    uint256 private constant ROUNDS = 8;
    uint256 private constant DRAWS = 8;

    function deploy() internal override returns (IFederation) {
        IStakeJury.StakeJuryTerms memory t = defaultTerms();
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
            (Result memory r, uint256 count) = campaign(draw, 0, 3, false);
            assertLt(r.coalition, 0, "the coalition's profit");
            assertGe(r.others, 0, "nobody else pays");
            sabotaged += count;
        }
        assertEq(sabotaged, 3 * DRAWS);
    }

    /// @dev In every draw.
    function hold(uint256 sabotages, bool votesForIt) private {
        for (uint256 draw = 0; draw < DRAWS; ++draw) {
            (Result memory honest,) = campaign(draw, 1000 * T, 0, false);
            (Result memory r, uint256 sabotaged) = campaign(draw, 1000 * T, sabotages, votesForIt);
            assertEq(sabotaged, sabotages);
            assertLt(r.coalition, honest.coalition, "it costs the coalition");
            assertDoesNotPay(r, honest);
        }
    }

    // ------------------------------------------------------------------ a campaign

    function campaign(uint256 draw, uint256 pool, uint256 sabotages, bool votesForIt)
        private
        returns (Result memory r, uint256 sabotaged)
    {
        vm.pauseGasMetering(); // so many rounds are more than a test may take
        deployForDraw(draw);
        joinMany(HONEST + EVIL, 16 * T);
        if (pool != 0) fillPool(pool);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            if (playOne(sabotaged < sabotages, votesForIt)) ++sabotaged;
        }
        r = resultOf(16 * T);
        assertSolvent();
    }

    function isEvil(address who) internal pure override returns (bool) {
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
}
