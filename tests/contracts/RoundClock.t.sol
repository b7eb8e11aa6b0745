// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {RoundClock} from "../../contracts/libraries/RoundClock.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The phase as a function, whatever record, schedule and time it is given.
contract RoundClockTest is Test {
    struct Counts {
        uint40 drawnAt;
        uint16 members;
        uint16 pledges;
        uint16 proposals;
        uint16 commits;
        uint16 reveals;
        uint16 publications;
    }

    struct Wanted {
        uint16 proposers;
        uint16 voters;
        uint16 publishers;
    }

    uint256 private constant SEAL = 1000;

    /// @dev The same round, later: its phase has only gone forward.
    function testFuzz_phases_go_forward_in_time(
        Counts memory c,
        IFederation.Schedule memory s,
        Wanted memory w,
        uint48 time,
        uint48 later
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        (uint256 first, uint256 second) = time < later ? (time, later) : (later, time);
        assertLe(at(r, s, w, first), at(r, s, w, second));
    }

    /// @dev Somebody acts, at the same time: its phase has only gone forward.
    function testFuzz_phases_go_forward_with_acts(
        Counts memory c,
        IFederation.Schedule memory s,
        Wanted memory w,
        uint48 time
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        uint256 phase = at(r, s, w, time);
        if (phase == uint256(IFederation.Phase.Pledge)) ++r.pledges;
        else if (phase == uint256(IFederation.Phase.Propose)) ++r.proposals;
        else if (phase == uint256(IFederation.Phase.Commit)) ++r.commits;
        else if (phase == uint256(IFederation.Phase.Reveal)) ++r.reveals;
        else if (phase == uint256(IFederation.Phase.Publish)) ++r.publications;
        else return;
        assertLe(phase, at(r, s, w, time));
    }

    /// @dev A round is published in, exactly while it has a quorum and lacks publications, before the end.
    function testFuzz_publications_are_awaited_after_reveals(
        Counts memory c,
        IFederation.Schedule memory s,
        Wanted memory w,
        uint32 after_
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        (r.proposals, r.commits) = (r.proposals | 1, r.commits | 1);
        uint256 time = RoundClock.revealEnd(r, s) + after_;
        bool awaited = uint256(r.reveals) * 2 > w.voters && r.publications < w.publishers && after_ < s.publish;
        IFederation.Phase phase = awaited ? IFederation.Phase.Publish : IFederation.Phase.Settle;
        assertEq(at(r, s, w, time), uint256(phase));
    }

    /// @dev With a length, phase Pledge lasts until its end or its last pledge; without, there is none.
    function testFuzz_pledges_are_awaited_before_proposals(
        Counts memory c,
        IFederation.Schedule memory s,
        Wanted memory w,
        uint32 after_
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        bool awaited = after_ < s.pledge && r.pledges < w.proposers;
        bool isPledge = at(r, s, w, uint256(r.drawnAt) + after_) == uint256(IFederation.Phase.Pledge);
        assertEq(isPledge, awaited);
    }

    /// @dev Afterwards as many proposals are awaited as there are pledges, whoever was drawn.
    function testFuzz_proposals_are_awaited_of_who_pledged(
        Counts memory c,
        IFederation.Schedule memory s,
        Wanted memory w,
        uint32 after_
    ) public pure {
        IFederation.Round memory r = recordOf(c);
        uint256 time = RoundClock.pledgeEnd(r, s) + after_;
        bool awaited = after_ < s.propose && r.proposals < (s.pledge == 0 ? w.proposers : r.pledges);
        assertEq(at(r, s, w, time) == uint256(IFederation.Phase.Propose), awaited);
    }

    /// @dev Half of the voters are no quorum, one more is; of none, one.
    function testFuzz_a_quorum_is_more_than_half(uint16 voters, uint16 publishers) public pure {
        IFederation.Round memory r;
        (r.members, r.drawnAt, r.proposals, r.commits) = (1, 1, 1, type(uint16).max);
        IFederation.Schedule memory s = IFederation.Schedule(1, 0, 1, 1, 1, 1, 4);
        Wanted memory w = Wanted(1, voters, uint16(bound(publishers, 1, type(uint16).max)));
        r.reveals = voters / 2;
        assertEq(at(r, s, w, RoundClock.revealEnd(r, s)), uint256(IFederation.Phase.Settle));
        ++r.reveals;
        assertEq(at(r, s, w, RoundClock.revealEnd(r, s)), uint256(IFederation.Phase.Publish));
    }

    /// @dev Every phase ends without anybody's help: after the last end, anybody may settle.
    function testFuzz_no_round_hangs(Counts memory c, IFederation.Schedule memory s, Wanted memory w) public pure {
        IFederation.Round memory r = recordOf(c);
        uint256 end = RoundClock.publishEnd(r, s);
        assertEq(at(r, s, w, end), uint256(IFederation.Phase.Settle));
    }

    function testFuzz_a_draw_is_missed_after_256_blocks(IFederation.Schedule memory s, uint32 blocks) public pure {
        IFederation.Round memory r;
        r.members = 5;
        IFederation.Phase phase = RoundClock.phase(r, s, 2, 3, 0, SEAL, 0, SEAL + blocks);
        assertTrue(phase == (blocks <= 256 ? IFederation.Phase.Draw : IFederation.Phase.Settle));
    }

    function test_no_round_and_a_settled_round_are_open() public pure {
        IFederation.Round memory r;
        IFederation.Schedule memory s;
        assertEq(at(r, s, Wanted(2, 3, 1), 0), uint256(IFederation.Phase.Open));
        r.members = 5;
        r.drawnAt = 1;
        r.proposals = 1;
        r.outcome = IFederation.Outcome.Undecided;
        assertEq(at(r, s, Wanted(2, 3, 1), 0), uint256(IFederation.Phase.Open));
    }

    function at(IFederation.Round memory r, IFederation.Schedule memory s, Wanted memory w, uint256 time)
        private
        pure
        returns (uint256)
    {
        return uint256(RoundClock.phase(r, s, w.proposers, w.voters, w.publishers, SEAL, time, SEAL + 1));
    }

    /// @dev A record of a drawn round as the core keeps them.
    function recordOf(Counts memory c) private pure returns (IFederation.Round memory r) {
        r.members = uint16(bound(c.members, 1, type(uint16).max));
        r.drawnAt = uint40(bound(c.drawnAt, 1, type(uint40).max));
        r.pledges = uint16(bound(c.pledges, 0, type(uint16).max - 1));
        r.proposals = uint16(bound(c.proposals, 0, type(uint16).max - 1));
        r.commits = uint16(bound(c.commits, 0, r.proposals == 0 ? 0 : type(uint16).max - 1));
        r.reveals = uint16(bound(c.reveals, 0, r.commits));
        r.publications = uint16(bound(c.publications, 0, r.reveals == 0 ? 0 : type(uint16).max - 1));
    }
}
