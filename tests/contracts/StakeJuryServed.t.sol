// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {CoalitionBench} from "./CoalitionBench.sol";

/// @dev Seven accounts of twenty propose poison, serve it to their own jurors and to just so many others that more than
/// half of the jury could have it, and approve it. The others who could have it find it bad. By the default terms.
contract StakeJuryServedTest is CoalitionBench {
    uint256 private constant HONEST = 13;
    uint256 private constant EVIL = 7;
    uint256 private constant ROUNDS = 8;
    uint256 private constant DRAWS = 8;

    function deploy() internal override returns (IFederation) {
        return new StakeJury(defaultTerms());
    }

    function isEvil(address who) internal pure override returns (bool) {
        return who >= account(HONEST);
    }

    function test_poison_served_to_half_is_not_in_the_model_and_does_not_pay() public {
        for (uint256 draw = 0; draw < DRAWS; ++draw) {
            Result memory honest = campaign(draw, false);
            Result memory foul = campaign(draw, true);
            assertLt(foul.coalition, honest.coalition, "it costs the coalition");
            assertDoesNotPay(foul, honest);
        }
    }

    function campaign(uint256 draw, bool poisons) private returns (Result memory) {
        vm.pauseGasMetering(); // so many rounds are more than a test may take
        deployForDraw(draw);
        joinMany(HONEST + EVIL, 16 * T);
        fillPool(1000 * T);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            playOne(poisons);
        }
        assertSolvent();
        return resultOf(16 * T);
    }

    function playOne(bool poisons) private {
        openAndDraw();
        address[] memory list = proposers();
        uint256 all = (1 << list.length) - 1;
        uint256 bad = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            propose(list[i]);
            if (poisons && isEvil(list[i])) bad |= 1 << i;
        }
        (bytes[] memory ballots, uint256 approvals) = vote(all, bad);
        judge(ballots);
        uint256 selection = approvals * 2 > ballots.length ? all : all & ~bad;
        publishAll(MODEL, selection);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(selection & bad, 0, "the coalition is no majority of the jury");
    }

    /// @dev The ballots, and how many of them approve of the poison.
    function vote(uint256 all, uint256 bad) private view returns (bytes[] memory ballots, uint256 approvals) {
        address[] memory jurors = voters();
        ballots = new bytes[](jurors.length);
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (isEvil(jurors[i])) ++approvals;
        }
        uint256 served = approvals;
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (isEvil(jurors[i])) {
                ballots[i] = opinion(all, all);
            } else if (served * 2 <= jurors.length) {
                ++served;
                ballots[i] = opinion(all & ~bad, all);
            } else {
                ballots[i] = opinion(all & ~bad, all & ~bad);
            }
        }
    }
}
