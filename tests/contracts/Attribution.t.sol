// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Bitmap} from "../../contracts/libraries/Bitmap.sol";
import {Marks} from "../../contracts/libraries/Marks.sol";
import {Bench} from "./Bench.sol";
import {Test} from "forge-std/Test.sol";

/// @dev With attribution the rejecting voters name whom they blame, and the named majority alone is slashed.
contract AttributionTest is Bench {
    bool private attribution = true;
    uint32 private mostProposers = 3;
    IFederation private collective;

    function setUp() public override {
        super.setUp();
        attribution = false;
        collective = new StakeVote(terms());
        federation = collective;
        joinMany(8, 2 * BOND);
        attribution = true;
        federation = new StakeVote(terms());
        delete members;
        joinMany(8, 2 * BOND); // three propose, five vote
    }

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        (t.attribution, t.proposers) = (attribution, mostProposers);
    }

    // ------------------------------------------------------------------ blame

    function test_the_named_majority_alone_is_slashed() public {
        // of four rejecting ballots three name update 1, two update 0, one update 2
        play([rejecting(3), rejecting(2), rejecting(3), rejecting(4), accepting()]);
        address[] memory list = byNumber();
        assertEq(balance(list[0]), 2 * BOND, "half is no majority");
        assertEq(balance(list[1]), 2 * BOND - PROPOSER_STAKE);
        assertEq(balance(list[2]), 2 * BOND);
        assertEq(federation.pool(), PROPOSER_STAKE + VOTER_STAKE % 4);
        checkConservation();
    }

    function test_nobody_named_nobody_slashed() public {
        play([rejecting(0), rejecting(0), rejecting(0), rejecting(0), rejecting(0)]);
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Rejected));
        for (uint256 i = 0; i < 8; ++i) {
            assertEq(balance(account(i)), 2 * BOND);
        }
        assertEq(federation.pool(), 0);
    }

    function test_a_minority_that_rejects_blames_nobody() public {
        play([rejecting(7), rejecting(7), accepting(), accepting(), accepting()]);
        address[] memory list = byNumber();
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(list[i]), 2 * BOND);
        }
        assertEq(federation.head(), MODEL);
        checkConservation();
    }

    function test_undecided_blames_nobody() public {
        openAndDraw();
        proposeAll();
        vote2([rejecting(7), rejecting(7), rejecting(7), accepting()], 2);
        address[] memory list = byNumber();
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(balance(list[i]), 2 * BOND);
        }
    }

    /// @dev Names of one round don't count in the next.
    function test_names_do_not_outlast_their_round() public {
        play([rejecting(1), rejecting(1), rejecting(1), rejecting(1), rejecting(1)]);
        uint256 pool = federation.pool();
        assertEq(pool, PROPOSER_STAKE);
        play([rejecting(2), rejecting(2), rejecting(0), rejecting(0), rejecting(0)]);
        assertEq(federation.pool(), pool, "two of five");
        play([rejecting(6), rejecting(2), rejecting(4), rejecting(2), rejecting(4)]);
        assertEq(federation.pool(), pool + 2 * PROPOSER_STAKE);
        checkConservation();
    }

    /// @dev Blame that was settled stays, whatever later rounds name.
    function test_blame_is_booked_rounds_later() public {
        play([rejecting(1), rejecting(1), rejecting(1), rejecting(1), rejecting(1)]);
        address[] memory list = byNumber();
        for (uint256 i = 0; i < 20; ++i) {
            openAndDraw();
            pass(IFederation.Phase.Propose);
            federation.settle();
        }
        federation.collect(list[0]);
        federation.collect(list[1]);
        assertEq(entry(list[0]).stake, 2 * BOND - PROPOSER_STAKE);
        assertEq(entry(list[1]).stake, 2 * BOND);
    }

    /// @dev Naming everybody, and having no attribution, come to the same for everybody. Two federations a
    /// run: 10,000 runs would take a core more than a minute and a half.
    /// forge-config: ci.fuzz.runs = 2000
    function testFuzz_off_is_the_collective_slash(uint256 seed) public {
        (uint256[9] memory on, bytes32 headOn) = outcomeOf(seed, true);
        (uint256[9] memory off, bytes32 headOff) = outcomeOf(seed, false);
        for (uint256 i = 0; i < 9; ++i) {
            assertEq(on[i], off[i]);
        }
        assertEq(headOn, headOff);
    }

    /// @dev Balances and pool after a round of votes by `seed`, in which whoever rejects names everybody.
    function outcomeOf(uint256 seed, bool on) private returns (uint256[9] memory end, bytes32 head) {
        uint256 before = vm.snapshotState();
        if (!on) federation = collective;
        openAndDraw();
        uint256 count = 1 + seed % 3;
        for (uint256 i = 0; i < count; ++i) {
            propose(proposers()[i]);
        }
        pass(IFederation.Phase.Propose);
        address[] memory list = voters();
        bytes[] memory ballots = new bytes[](5);
        for (uint256 i = 0; i < 5; ++i) {
            bytes32 digest = (seed >> (8 + 2 * i)) % 4 == 0 ? MODEL : REJECT;
            ballots[i] = on ? abi.encode(digest, digest == 0 ? (1 << count) - 1 : 0) : abi.encode(digest);
            commitBallot(list[i], ballots[i]);
        }
        for (uint256 i = 0; i < 5; ++i) {
            if ((seed >> (32 + 2 * i)) % 4 != 0) revealBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
        for (uint256 i = 0; i < 8; ++i) {
            end[i] = balance(account(i));
        }
        (end[8], head) = (federation.pool(), federation.head());
        vm.revertToState(before);
    }

    // ------------------------------------------------------------------ ballots

    function test_ballots_that_say_nothing() public {
        openAndDraw();
        propose(proposers()[0]);
        propose(proposers()[1]);
        pass(IFederation.Phase.Propose);
        bytes[5] memory ballots = [
            abi.encode(REJECT), // names nobody, in so few bytes
            abi.encodePacked(REJECT, uint256(1), hex"00"),
            rejecting(4), // an update that was not proposed
            rejecting(1 << 255),
            abi.encode(MODEL, 1) // accepts, and blames
        ];
        address[] memory list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            commitBallot(list[i], ballots[i]);
        }
        for (uint256 i = 0; i < 5; ++i) {
            refuses(
                list[i],
                abi.encodeCall(IFederation.reveal, (1, ballots[i], saltOf(list[i]))),
                abi.encodeWithSelector(IFederation.InvalidBallot.selector, ballots[i])
            );
        }
        assertEq(federation.roundOf(1).reveals, 0);
        assertEq(federation.roundOf(1).options, 0);
    }

    function test_the_digest_alone_is_tallied() public {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            commitBallot(list[i], rejecting(i + 1));
        }
        for (uint256 i = 0; i < 5; ++i) {
            revealBallot(list[i], rejecting(i + 1));
        }
        assertEq(federation.roundOf(1).options, 1);
        assertEq(federation.roundOf(1).leadingCount, 5);
    }

    /// @dev As many updates as a bitmap has bits.
    function test_two_hundred_and_fifty_six_updates() public {
        mostProposers = 256;
        federation = new StakeVote(terms());
        delete members;
        joinMany(259, 2 * BOND);
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        uint256 named = (1 << 255) | 1;
        for (uint256 i = 0; i < 3; ++i) {
            commitBallot(list[i], rejecting(named));
        }
        for (uint256 i = 0; i < 3; ++i) {
            revealBallot(list[i], rejecting(named));
        }
        federation.settle();
        assertEq(federation.pool(), 2 * PROPOSER_STAKE);
        list = byNumber();
        assertEq(balance(list[0]), 2 * BOND - PROPOSER_STAKE);
        assertEq(balance(list[255]), 2 * BOND - PROPOSER_STAKE);
        assertEq(balance(list[254]), 2 * BOND);
    }

    // ------------------------------------------------------------------ words

    function rejecting(uint256 named) private pure returns (bytes memory) {
        return abi.encode(REJECT, named);
    }

    function accepting() private pure returns (bytes memory) {
        return abi.encode(MODEL, 0);
    }

    function play(bytes[5] memory ballots) private {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < 5; ++i) {
            commitBallot(list[i], ballots[i]);
        }
        for (uint256 i = 0; i < 5; ++i) {
            revealBallot(list[i], ballots[i]);
        }
        federation.settle();
    }

    /// @dev Four commit, and the first `count` reveal.
    function vote2(bytes[4] memory ballots, uint256 count) private {
        address[] memory list = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < count; ++i) {
            revealBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Undecided));
    }

    /// @dev The proposers of the last round, by the numbers of their updates.
    function byNumber() private view returns (address[] memory list) {
        list = new address[](federation.roundOf(round()).proposals);
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.Member memory m = entry(members[i]);
            if (m.round == round() && m.acts == 1) list[m.updateNumber] = members[i];
        }
    }

    function checkConservation() private view {
        assertEq(token.balanceOf(address(federation)), owed(members), "stakes, dues and pool are the balance");
    }
}

/// @dev Counts of marks, against counting one by one.
contract MarksTest is Test {
    using Marks for Marks.Book;

    Marks.Book private book;

    function testFuzz_marks_are_counted(uint256[] memory bitmaps, uint16 size, uint16 least) public {
        size = uint16(bound(size, 1, 256));
        checkRound(bitmaps, size, least % 11);
    }

    /// @dev The counts of a round before don't matter, whichever of the two had more updates.
    function testFuzz_a_round_starts_anew(uint256[] memory first, uint256[] memory second, uint16 size, uint16 other)
        public
    {
        vm.assume(first.length != 0 && second.length != 0);
        checkRound(first, bound(size, 1, 256), 1);
        checkRound(second, bound(other, 1, 256), 1);
        checkRound(second, bound(other, 1, 256), 3);
    }

    function test_a_lane_counts_as_many_as_vote() public {
        book.add(Bitmap.wrap(type(uint256).max), 20, true);
        for (uint256 i = 1; i < 65_535; ++i) {
            book.add(Bitmap.wrap(1), 1, false);
        }
        assertEq(reaching(20, 65_535), 1);
        assertEq(reaching(20, 2), 1, "no carry into the next lane");
        assertEq(reaching(20, 1), (1 << 20) - 1);
    }

    function reaching(uint256 size, uint256 least) private view returns (uint256) {
        return Bitmap.unwrap(book.reaching(size, least));
    }

    function checkRound(uint256[] memory bitmaps, uint256 size, uint256 least) private {
        if (bitmaps.length == 0) return;
        uint256 length = bitmaps.length < 9 ? bitmaps.length : 9;
        uint256 mask = size == 256 ? type(uint256).max : (1 << size) - 1;
        uint256[256] memory counts;
        for (uint256 i = 0; i < length; ++i) {
            uint256 bitmap = bitmaps[i] & mask;
            book.add(Bitmap.wrap(bitmap), size, i == 0);
            for (uint256 bit = 0; bit < size; ++bit) {
                counts[bit] += bitmap >> bit & 1;
            }
        }
        uint256 expected;
        for (uint256 bit = 0; bit < size; ++bit) {
            if (counts[bit] >= least) expected |= 1 << bit;
        }
        assertEq(reaching(size, least), expected);
    }
}
