// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bench} from "./Bench.sol";
import {DecoyBench} from "./DecoyBench.sol";
import {GasBench} from "./GasBench.sol";

/// @dev What decoys add to a round: five proposers, a jury of five.
/// forge-config: default.isolate = true
contract GasDecoysTest is DecoyBench, GasBench {
    uint256 private constant SIZE = 10;
    uint256 private constant WARM_ROUNDS = 3;

    function setUp() public override(DecoyBench, Bench) {
        (mostProposers, mostVoters) = (5, 0);
        super.setUp();
    }

    function deploy() internal override returns (IFederation) {
        return IFederation(create("StakeJury", abi.encode(juryTerms())));
    }

    function populate() internal override {
        joinMany(SIZE, 10 * BOND);
    }

    /// @dev The first to show in a round, the others, and who shows the round's first decoy.
    function test_gas_stays() public {
        note("anchor", act(members[0], anchoring("end")));
        note("anchor_again", act(members[0], anchoring("another end")));
        for (uint256 i = 0; i < WARM_ROUNDS; ++i) {
            playShown(0, 31, copies(opinion(31, 31), 5));
            publishAll(MODEL, 31);
            finish();
        }
        playBallots(4, copies(opinion(27, 31), 5));
        string[5] memory names = ["first_show", "show", "show_decoy", "", ""];
        for (uint256 n = 0; n < 5; ++n) {
            uint256 used = act(authors[n], showing(secretOf[authors[n]]));
            if (n < 3) note(names[n], used);
        }
        note("first_publish", act(jurors[0], publishing(OTHER, 27)));
        note("publish", act(jurors[1], publishing(OTHER, 27)));
        for (uint256 i = 2; i < 5; ++i) {
            publish(jurors[i], OTHER, 27);
        }
        note("settle", act(members[0], abi.encodeCall(IFederation.settle, ())));
        assertOutcome(IFederation.Outcome.Accepted);
        compare("decoys_", "");
    }

    /// @dev The last to show of as many as there can be: no more than the others.
    function test_gas_of_the_last_of_many() public {
        (mostProposers, mostVoters) = (256, 3);
        redeploy(259);
        playBallots(0, copies(opinion(type(uint256).max, type(uint256).max), 3));
        showThose(type(uint256).max >> 1);
        note("show_256", act(authors[255], showing(secretOf[authors[255]])));
        compare("decoys_", "");
    }
}
