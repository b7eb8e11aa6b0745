// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {CoalitionBench} from "./CoalitionBench.sol";
import {Flood} from "./Flood.sol";

/// @dev Forty accounts join ten honest founders and open a round in one transaction, by the default terms. They are a
/// majority, and nothing stops a majority that others stay with. What holds is that nobody who comes can act before
/// everybody else could leave, with stake and pay.
contract StakeJuryFloodTest is CoalitionBench {
    uint256 private constant HONEST = 10;
    uint256 private constant MANY = 40;
    Flood private flood;

    function deploy() internal override returns (IFederation) {
        delete founders;
        for (uint256 i = 0; i < HONEST; ++i) {
            founders.push(account(i));
        }
        newcomers = 2;
        IStakeJury.StakeJuryTerms memory t = defaultTerms();
        t.schedule.pledge = 100;
        return new StakeJury(t);
    }

    function setUp() public override {
        super.setUp();
        joinMany(HONEST, 16 * T);
        fillPool(100 * T);
        flood = new Flood();
        token.mint(address(flood), MANY * 16 * T);
        flood.pour(federation, token, 16 * T, MANY);
        vm.roll(block.number + 1);
        federation.draw();
    }

    function isEvil(address who) internal pure override returns (bool) {
        return who >= account(HONEST);
    }

    function test_nobody_who_comes_acts_before_everybody_else_could_leave() public {
        assertEq(federation.roundOf(1).members, HONEST);
        refuses(account(0), abi.encodeCall(IFederation.exit, ()), tooLate());
        uint256 strangers = 0;
        for (uint256 i = 0; i < MANY; ++i) {
            address who = address(flood.puppets(i));
            assertEq(federation.memberOf(who).roles, 0);
            assertFalse(flood.act(i, address(federation), abi.encodeCall(IFederation.pledge, (1, "word"))));
            if (federation.memberOf(who).waitsFor == 2) ++strangers;
        }
        assertEq(strangers, 2, "who come in next");
        playHonestly();
        assertEq(federation.head(), MODEL);
        Result memory r = resultOf(16 * T);
        assertGt(r.others, 0, "honest play is paid");
        for (uint256 i = 0; i < HONEST; ++i) {
            vm.prank(account(i));
            federation.exit();
        }
        assertEq(wealthOfTheFlood(), MANY * 16 * T, "what it brought, and no more");
        vm.warp(block.timestamp + 1000);
        uint256 taken = 0;
        for (uint256 i = 0; i < HONEST; ++i) {
            vm.prank(account(i));
            federation.withdraw();
            taken += token.balanceOf(account(i));
        }
        assertEq(int256(taken), int256(HONEST * 16 * T) + r.others, "stake and pay");
    }

    /// @dev Five rounds long, those who came are fewer than those who were there, and these can leave after each.
    function test_who_comes_is_a_minority_for_a_while() public {
        playHonestly();
        for (uint256 number = 2; number <= 5; ++number) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(account(0));
            federation.exit();
            vm.revertToState(snapshot);
            openAndDraw();
            uint256 strangers = federation.roundOf(number).members - HONEST;
            assertEq(strangers, 2 * (number - 1));
            assertLt(strangers, HONEST);
            finish();
        }
    }

    // ------------------------------------------------------------------ words

    function playHonestly() private {
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            pledge(list[i]);
        }
        proposeAll();
        uint256 all = (1 << list.length) - 1;
        judgeAll(opinion(all, all));
        publishAll(MODEL, all);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
    }

    function tooLate() private view returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongPhase.selector, federation.phase(), IFederation.Phase.Open);
    }

    function wealthOfTheFlood() private view returns (uint256 sum) {
        for (uint256 i = 0; i < MANY; ++i) {
            address who = address(flood.puppets(i));
            sum += balance(who) + token.balanceOf(who);
        }
    }
}
