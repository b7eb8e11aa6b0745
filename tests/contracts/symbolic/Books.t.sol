// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../../contracts/interfaces/IFederation.sol";
import {RoundClock} from "../../../contracts/libraries/RoundClock.sol";
import {StakeBook} from "../../../contracts/libraries/StakeBook.sol";
import {Tally} from "../../../contracts/libraries/Tally.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The clock, the stake book and the tally, whatever they are given.
/// @custom:halmos --loop 8
contract BookProofs is Test {
    using Tally for Tally.Book;

    uint256 private constant MAX = type(uint96).max;

    Tally.Book private tally;

    /// @dev A stake with what is due is the sum, or what an entry has room for; a slash within the stake never fails.
    function check_stake_never_overflows(uint256 stake, int256 due) public pure {
        vm.assume(stake <= MAX);
        vm.assume(due >= -int256(stake) && due <= int256(MAX));
        uint256 sum = StakeBook.withDue(stake, due);
        uint256 exact = uint256(int256(stake) + due);
        assertLe(sum, MAX);
        assertEq(sum, exact < MAX ? exact : MAX);
    }

    /// @dev As time passes and blocks are mined, a round's phase never goes back.
    function check_phase_is_monotone_in_time(
        IFederation.Round memory r,
        IFederation.Schedule memory s,
        uint16 proposers,
        uint16 voters,
        uint16 publishers,
        uint48 sealBlock,
        uint64[2] memory time,
        uint64[2] memory number
    ) public pure {
        vm.assume(time[0] <= time[1] && number[0] <= number[1]);
        uint256 earlier = uint256(RoundClock.phase(r, s, proposers, voters, publishers, sealBlock, time[0], number[0]));
        uint256 later = uint256(RoundClock.phase(r, s, proposers, voters, publishers, sealBlock, time[1], number[1]));
        assertLe(earlier, later);
    }

    /// @dev Once every phase's time is over a drawn round can be settled, whoever stayed away.
    function check_no_absence_hangs_a_round(
        IFederation.Round memory r,
        IFederation.Schedule memory s,
        uint16 proposers,
        uint16 voters,
        uint16 publishers,
        uint64 time
    ) public pure {
        vm.assume(r.members != 0 && r.drawnAt != 0 && r.outcome == IFederation.Outcome.None);
        vm.assume(time >= RoundClock.publishEnd(r, s));
        IFederation.Phase phase = RoundClock.phase(r, s, proposers, voters, publishers, 0, time, 0);
        assertEq(uint256(phase), uint256(IFederation.Phase.Settle));
    }

    /// @dev Three ballots, any of them alike: options, leadingOption and leadingCount are what counting by hand gives.
    function check_tally_counts(bytes32[3] memory ballots) public {
        IFederation.Round memory r;
        uint16[3] memory options;
        for (uint256 i = 0; i < 3; ++i) {
            options[i] = tally.add(1, r, ballots[i]);
        }
        uint256 leadingCount = 0;
        uint256 distinct = 0;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 alike = 0;
            bool first = true;
            for (uint256 j = 0; j < 3; ++j) {
                bool equal = ballots[i] == ballots[j];
                assertEq(options[i] == options[j], equal);
                if (equal) ++alike;
                if (equal && j < i) first = false;
            }
            assertEq(tally.entriesFor(1, ballots[i]), alike);
            assertEq(tally.entriesFor(2, ballots[i]), 0);
            if (options[i] == r.leadingOption) assertEq(alike, r.leadingCount);
            if (options[i] == r.leadingOption) assertEq(tally.leadingDigest, ballots[i]);
            if (alike > leadingCount) leadingCount = alike;
            if (first) ++distinct;
        }
        assertEq(r.leadingCount, leadingCount);
        assertEq(r.options, distinct);
        assertTrue(r.leadingOption != 0 && r.leadingOption <= r.options);
    }

    /// @dev An option with more than half of the ballots is the leading option, and no other has as many.
    function check_a_majority_is_the_leader(bytes32[3] memory ballots, bytes32 ballot, bytes32 another) public {
        vm.assume(ballot != another);
        IFederation.Round memory r;
        for (uint256 i = 0; i < 3; ++i) {
            tally.add(1, r, ballots[i]);
        }
        if (tally.entriesFor(1, ballot) * 2 <= 3) return;
        assertEq(tally.leadingDigest, ballot);
        assertEq(r.leadingCount, tally.entriesFor(1, ballot));
        assertLe(tally.entriesFor(1, another) * 2, 3);
    }
}
