// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {RoundClock} from "../../contracts/libraries/RoundClock.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The phase as a function, whatever record, schedule and time it is given.
contract RoundClockTest is Test {
    struct Counts {
        uint40 drawnAt;
        uint32 members;
        uint32 proposals;
        uint32 commits;
        uint32 reveals;
    }

    uint256 private constant SEAL = 1000;

    /// @dev The same round, later: its phase has only gone forward.
    function testFuzz_phases_go_forward_in_time(
        Counts memory c,
        IFederation.Schedule memory s,
        uint32 seats,
        uint32 voters,
        uint48 time,
        uint48 later
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        (uint256 first, uint256 second) = time < later ? (time, later) : (later, time);
        assertLe(at(r, s, seats, voters, first), at(r, s, seats, voters, second));
    }

    /// @dev Somebody acts, at the same time: its phase has only gone forward.
    function testFuzz_phases_go_forward_with_acts(
        Counts memory c,
        IFederation.Schedule memory s,
        uint32 seats,
        uint32 voters,
        uint48 time
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        seats = uint32(bound(seats, 1, type(uint32).max));
        voters = uint32(bound(voters, 1, type(uint32).max));
        IFederation.Phase phase = RoundClock.phase(r, s, seats, voters, SEAL, time, SEAL + 1);
        if (phase == IFederation.Phase.Propose) ++r.proposals;
        else if (phase == IFederation.Phase.Commit) ++r.commits;
        else if (phase == IFederation.Phase.Reveal) ++r.reveals;
        else return;
        assertLe(uint256(phase), at(r, s, seats, voters, time));
    }

    /// @dev Every phase ends without anybody's help: after the last end, anybody may settle.
    function testFuzz_no_round_hangs(Counts memory c, IFederation.Schedule memory s, uint32 seats, uint32 voters)
        public
        pure
    {
        IFederation.Round memory r = recordOf(c);
        uint256 end = RoundClock.revealEnd(r, s) + s.publish;
        assertEq(at(r, s, seats, voters, end), uint256(IFederation.Phase.Settle));
    }

    function testFuzz_a_draw_is_missed_after_256_blocks(IFederation.Schedule memory s, uint32 blocks) public pure {
        IFederation.Round memory r;
        r.members = 5;
        IFederation.Phase phase = RoundClock.phase(r, s, 2, 3, SEAL, 0, SEAL + blocks);
        assertTrue(phase == (blocks <= 256 ? IFederation.Phase.Draw : IFederation.Phase.Settle));
    }

    function test_no_round_and_a_settled_round_are_open() public pure {
        IFederation.Round memory r;
        IFederation.Schedule memory s;
        assertEq(at(r, s, 2, 3, 0), uint256(IFederation.Phase.Open));
        r.members = 5;
        r.drawnAt = 1;
        r.proposals = 1;
        r.outcome = IFederation.Outcome.Undecided;
        assertEq(at(r, s, 2, 3, 0), uint256(IFederation.Phase.Open));
    }

    function at(IFederation.Round memory r, IFederation.Schedule memory s, uint256 seats, uint256 voters, uint256 time)
        private
        pure
        returns (uint256)
    {
        return uint256(RoundClock.phase(r, s, seats, voters, SEAL, time, SEAL + 1));
    }

    /// @dev A record of a drawn round as the core keeps them.
    function recordOf(Counts memory c) private pure returns (IFederation.Round memory r) {
        r.members = uint32(bound(c.members, 1, type(uint32).max));
        r.drawnAt = uint40(bound(c.drawnAt, 1, type(uint40).max));
        r.proposals = uint32(bound(c.proposals, 0, type(uint32).max - 1));
        r.commits = uint32(bound(c.commits, 0, r.proposals == 0 ? 0 : type(uint32).max - 1));
        r.reveals = uint32(bound(c.reveals, 0, r.commits));
    }
}
