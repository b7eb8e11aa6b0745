// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IDuty} from "../../contracts/interfaces/IDuty.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bench} from "./Bench.sol";
import {GasBench} from "./GasBench.sol";
import {LeafBench} from "./LeafBench.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev What it costs to report and to put out who stays away: five proposers, a jury of five.
/// forge-config: default.isolate = true
contract GasDutyTest is StakeJuryBench, GasBench {
    uint256 private constant SIZE = 10;

    function setUp() public override(LeafBench, Bench) {
        (mostProposers, mostVoters, absentAfter) = (5, 0, 2);
        super.setUp();
        joinMany(SIZE, 10 * BOND);
    }

    function deploy() internal override returns (IFederation) {
        return IFederation(create("StakeJury", abi.encode(juryTerms())));
    }

    /// @dev Who misses its first round, another, and one who acted; and who is put out.
    function test_gas_stays() public {
        address who = members[3];
        playWithout(who);
        note("report_first", act(members[0], abi.encodeCall(IDuty.report, (1, one(who)))));
        note("report_none", act(members[0], abi.encodeCall(IDuty.report, (1, one(members[1])))));
        finish();
        playWithout(who);
        note("report", act(members[0], abi.encodeCall(IDuty.report, (2, one(who)))));
        finish();
        note("evict_absent", act(members[0], abi.encodeCall(IFederation.evict, (one(who)))));
        assertEq(entry(who).index, 0, "out");
        compare("duty_", "");
    }
}
