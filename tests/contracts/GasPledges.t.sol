// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {GasBench} from "./GasBench.sol";

/// @dev What pledging an update and proposing it cost, for members to whom nothing is due, in a federation of ten that has
/// been going for some rounds.
/// forge-config: default.isolate = true
contract GasPledgesTest is GasBench {
    uint256 private constant WARM_ROUNDS = 3;

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        t.proposers = 6;
    }

    function test_gas_stays() public {
        pledgeSeconds = 100;
        federation = IFederation(create("StakeVote", abi.encode(terms())));
        joinMany(10, 10 * BOND);
        for (uint256 i = 0; i < WARM_ROUNDS; ++i) {
            play();
        }
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
        play();
        note("pledge", least[IFederation.pledge.selector]);
        note("propose", least[IFederation.propose.selector]);
        compare("pledged_", "_10");
    }

    function play() private {
        openAndDraw();
        forget();
        uint256 number = round();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            bytes32 word = federation.pledgeOf(number, list[i], keccak256(abi.encode(i)), 600, 5);
            act(list[i], abi.encodeCall(IFederation.pledge, (number, word)));
        }
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.propose, (number, keccak256(abi.encode(i)), 600, 5)));
        }
        vote(ballotsOf(4, 0, 0));
        federation.settle();
    }
}
