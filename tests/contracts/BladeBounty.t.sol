// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {BladeBench} from "./BladeBench.sol";

/// @dev Who has a share in a round's bounty.
contract BladeBountyTest is BladeBench {
    function setUp() public override {
        super.setUp();
        blockBps = 0;
        federation = deploy();
        startTask();
    }

    /// @dev Not even if it trained in the round before: the number that its update had is another's now. A round has
    /// 3,000: over 400 samples 7 for each, over 300 10.
    function test_who_only_judges_has_no_share_in_the_bounty() public {
        openAndDraw();
        address idle = train(100)[0];
        pastChallenge();
        judgeAll(approving(15, 0));
        publishAll(MODEL, 15);
        finish();
        uint256 before = balance(idle);
        assertEq(before, BOND + 700);

        openAndDraw();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != idle) train(list[i], 100, 1);
        }
        pass(IFederation.Phase.Propose);
        pastChallenge();
        judgeAll(approving(7, 0));
        publishAll(OTHER, 7);
        finish();
        assertOutcome(IFederation.Outcome.Accepted);
        assertEq(entry(idle).acts, Acts.COMMITTED | Acts.REVEALED | Acts.PUBLISHED);
        assertEq(balance(idle), before, "paid for what it did not train");
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != idle) assertEq(balance(list[i]), before + 1000);
        }
        assertSolvent();
    }
}
