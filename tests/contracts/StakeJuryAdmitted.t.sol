// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {CoalitionBench} from "./CoalitionBench.sol";

/// @dev What pays in `Bflc` where a coalition is first, by the terms that stand for `bflc` under the hardened rules:
/// managers let members in, rejected updates cost nothing, and mostly wrong ballots little. Seven of forty members act
/// first in every phase.
contract StakeJuryStrategiesTest is CoalitionBench {
    uint256 private constant EVIL = 7;
    uint256 private constant HONEST = 33;
    uint256 private constant ROUNDS = 20;
    uint256 private constant DRAWS = 3;
    bytes32 private constant POISON = keccak256("poison");

    enum Update {
        GOOD,
        GARBAGE,
        COPY
    }

    enum Vote {
        HONEST,
        FOR_THEIR_OWN,
        NONE
    }

    /// @dev What the coalition does: what its proposers propose, how its jurors vote, and whether they publish poison.
    struct Strategy {
        Update update;
        Vote vote;
        bool poisons;
    }

    function deploy() internal override returns (IFederation) {
        managers = [ADA, BOB, CAT];
        IStakeJury.StakeJuryTerms memory t = juryTerms();
        (t.floor, t.proposerStake, t.voterStake, t.newcomers) = (t.bond / 2, 0, t.bond / 64, 1);
        (t.proposers, t.voters, t.minVoters) = (6, 15, 3);
        (t.updateShares, t.seatShares) = (5, 2);
        t.schedule.pledge = 100;
        return new StakeJury(t);
    }

    function isEvil(address who) internal pure override returns (bool) {
        return who < account(EVIL);
    }

    // ------------------------------------------------------------------ what it comes to

    function test_being_first_changes_nothing() public {
        for (uint256 draw = 0; draw < DRAWS; ++draw) {
            Result memory last = campaign(draw, Strategy(Update.GOOD, Vote.HONEST, false), false);
            Result memory first = campaign(draw, Strategy(Update.GOOD, Vote.HONEST, false), true);
            assertEq(first.coalition, last.coalition);
            assertEq(first.others, last.others);
        }
    }

    /// @dev First with updates that pass, votes for their own, and poison as the head.
    function test_who_is_first_does_not_own_it() public {
        hold(Strategy(Update.GOOD, Vote.FOR_THEIR_OWN, true));
    }

    /// @dev Garbage first takes no honest update's place: each round has its model.
    function test_garbage_first_does_not_halt_it() public {
        hold(Strategy(Update.GARBAGE, Vote.HONEST, false));
    }

    function test_garbage_first_and_votes_for_it_do_not_halt_it() public {
        hold(Strategy(Update.GARBAGE, Vote.FOR_THEIR_OWN, true));
    }

    function test_garbage_first_and_silent_jurors_do_not_halt_it() public {
        hold(Strategy(Update.GARBAGE, Vote.NONE, false));
    }

    /// @dev Its proposers pledge what an honest one pledged, in front of it, and can't propose it.
    function test_copies_in_front_do_not_pay() public {
        hold(Strategy(Update.COPY, Vote.HONEST, false));
    }

    /// @dev All three managers aye each motion, the last of them late; years later one of them repeats each alone.
    function test_late_ayes_leave_nothing_to_one_manager() public {
        deployForDraw(0);
        admitMany();
        address who = account(20);
        bytes[2] memory calls =
            [abi.encodeCall(IManagers.expel, (0, one(who))), abi.encodeCall(IManagers.allow, (0, one(who)))];
        uint256 first = lists().motionCount() + 1;
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(motion(calls[i], 2), first + i);
            refuses(CAT, numbered(calls[i], first + i), isOver(first + i, START));
        }
        vm.warp(START + 3 * 365 days);
        for (uint256 i = 0; i < 2; ++i) {
            refuses(ADA, numbered(calls[i], first + i), isOver(first + i, START));
            moves(ADA, calls[i]);
            federation.evict(one(who));
            assertFalse(lists().isExpelled(who), "one manager put it out");
            assertEq(standing(who), uint256(IFederation.Standing.Member));
        }
    }

    /// @dev In every draw: it doesn't pay, and each round ends with the model.
    function hold(Strategy memory strategy) private {
        for (uint256 draw = 0; draw < DRAWS; ++draw) {
            Result memory honest = campaign(draw, Strategy(Update.GOOD, Vote.HONEST, false), true);
            Result memory foul = campaign(draw, strategy, true);
            assertLt(foul.coalition, honest.coalition, "it costs the coalition");
            assertDoesNotPay(foul, honest);
        }
    }

    function isOver(uint256 number, uint256 end) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IManagers.MotionOver.selector, number, end);
    }

    // ------------------------------------------------------------------ a campaign

    function admitMany() private {
        for (uint256 i = 0; i < EVIL + HONEST; ++i) {
            allowed(account(i));
        }
        joinMany(EVIL + HONEST, BOND);
    }

    function campaign(uint256 draw, Strategy memory strategy, bool first) private returns (Result memory) {
        vm.pauseGasMetering(); // so many rounds are more than a test may take
        deployForDraw(draw);
        admitMany();
        fillPool(1_000_000_000);
        for (uint256 i = 0; i < ROUNDS; ++i) {
            playOne(strategy, first);
            assertOutcome(IFederation.Outcome.Accepted);
            assertEq(federation.head(), MODEL);
        }
        assertSolvent();
        return resultOf(BOND);
    }

    function playOne(Strategy memory strategy, bool first) private {
        openAndDraw();
        (uint256 bad, uint256 theirs, uint256 all) = proposeAs(strategy, inOrder(proposers(), first));
        address[] memory jurors = voters();
        uint256 seats = 0;
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (isEvil(jurors[i])) ++seats;
        }
        assertLt(2 * seats, jurors.length, "a minority of the jury");
        jurors = inOrder(jurors, first);
        bytes memory honestly = opinion(all & ~bad, all);
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (strategy.vote == Vote.NONE && isEvil(jurors[i])) continue;
            commitBallot(jurors[i], votesForOwn(strategy, jurors[i]) ? opinion(theirs, all) : honestly);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (strategy.vote == Vote.NONE && isEvil(jurors[i])) continue;
            revealBallot(jurors[i], votesForOwn(strategy, jurors[i]) ? opinion(theirs, all) : honestly);
        }
        pass(IFederation.Phase.Reveal);
        jurors = inOrder(publishers(), first);
        for (uint256 i = 0; i < jurors.length; ++i) {
            publish(jurors[i], strategy.poisons && isEvil(jurors[i]) ? POISON : MODEL, all & ~bad);
        }
        finish();
    }

    /// @dev Which updates are garbage, which are the coalition's, and which were proposed.
    function proposeAs(Strategy memory strategy, address[] memory list)
        private
        returns (uint256 bad, uint256 theirs, uint256 all)
    {
        address original = list[0];
        for (uint256 i = 0; i < list.length && isEvil(original); ++i) {
            original = list[i];
        }
        assertFalse(isEvil(original), "an honest proposer");
        bytes32 word = federation.pledgeOf(round(), original, digestOf(original, round()), 10, 1);
        for (uint256 i = 0; i < list.length; ++i) {
            if (strategy.update == Update.COPY && isEvil(list[i])) pledgeWord(list[i], word);
            else pledge(list[i]);
        }
        pass(IFederation.Phase.Pledge);
        bytes memory seen = abi.encodeCall(IFederation.propose, (round(), digestOf(original, round()), 10, 1));
        uint256 next = 1;
        for (uint256 i = 0; i < list.length; ++i) {
            if (strategy.update == Update.COPY && isEvil(list[i])) {
                bytes32 shown = federation.pledgeOf(round(), list[i], digestOf(original, round()), 10, 1);
                refuses(
                    list[i], seen, abi.encodeWithSelector(IFederation.PledgeMismatch.selector, list[i], word, shown)
                );
                continue;
            }
            propose(list[i]);
            if (isEvil(list[i])) theirs |= next;
            if (strategy.update == Update.GARBAGE && isEvil(list[i])) bad |= next;
            next <<= 1;
        }
        all = next - 1;
        pass(IFederation.Phase.Propose);
    }

    function votesForOwn(Strategy memory strategy, address who) private pure returns (bool) {
        return strategy.vote == Vote.FOR_THEIR_OWN && isEvil(who);
    }

    /// @dev The list with the coalition's accounts first, or last.
    function inOrder(address[] memory list, bool first) private pure returns (address[] memory sorted) {
        sorted = new address[](list.length);
        uint256 next = 0;
        for (uint256 turn = 0; turn < 2; ++turn) {
            for (uint256 i = 0; i < list.length; ++i) {
                if (isEvil(list[i]) == (first == (turn == 0))) sorted[next++] = list[i];
            }
        }
    }
}
