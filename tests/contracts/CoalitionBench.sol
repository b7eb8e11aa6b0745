// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev A coalition in a federation of `StakeJury`, held against the same accounts' honest play of the same draws.
abstract contract CoalitionBench is StakeJuryBench {
    uint256 internal constant T = 1e18;

    /// @dev What the coalition and all others have above their bonds.
    struct Result {
        int256 coalition;
        int256 others;
    }

    /// @dev The amounts, panels and shares that `stake_vote` has by default.
    function defaultTerms() internal view returns (IStakeJury.StakeJuryTerms memory t) {
        t = juryTerms();
        (t.bond, t.floor, t.proposerStake, t.voterStake) = (16 * T, 8 * T, 4 * T, T);
        (t.proposers, t.voters, t.minVoters) = (6, 23, 3);
        (t.updateShares, t.seatShares) = (5, 2);
    }

    function isEvil(address who) internal view virtual returns (bool);

    function deployForDraw(uint256 draw) internal {
        beacon = new FixedBeacon(keccak256(abi.encode("draw", draw)));
        federation = deploy();
        delete members;
    }

    /// @dev Every member staked `stake`.
    function resultOf(uint256 stake) internal view returns (Result memory r) {
        for (uint256 i = 0; i < members.length; ++i) {
            int256 gain = int256(balance(members[i])) - int256(stake);
            if (isEvil(members[i])) r.coalition += gain;
            else r.others += gain;
        }
    }

    /// @dev No profit by it, others lose no more than the coalition does, and honest play is paid.
    function assertDoesNotPay(Result memory foul, Result memory honest) internal pure {
        assertLe(foul.coalition, honest.coalition, "the coalition's profit");
        assertLe(honest.others - foul.others, honest.coalition - foul.coalition, "what it costs others");
        assertGt(foul.others, 0, "honest play is paid");
        assertGt(honest.coalition, 0, "and was paid to the coalition");
    }

    function pledge(address who) internal {
        uint256 number = round();
        pledgeWord(who, federation.pledgeOf(number, who, digestOf(who, number), 10, 1));
    }

    function pledgeWord(address who, bytes32 word) internal {
        uint256 number = round();
        vm.prank(who);
        federation.pledge(number, word);
    }
}
