// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Handler} from "./Handler.sol";
import {ManagedHandler} from "./ManagedHandler.sol";
import {World, lookAt} from "./Watch.sol";
import {Test} from "forge-std/Test.sol";

/// @dev What holds of any federation, after any sequence of actions; what holds of each action, `Watch` says. One
/// campaign for all of it, so that it can be a long one: the message of a failure names what broke.
abstract contract Invariants is Test {
    uint256 internal constant BOND = 100;
    uint256 internal constant FUNDS = 1000;
    uint256 internal constant UNBONDING = 500;
    bytes32 internal constant GENESIS = keccak256("genesis");

    IFederation internal federation;
    JuryToken internal token;
    FixedBeacon internal beacon;
    Handler internal handler;
    address[] internal _everybody;

    uint256 private constant SEQUENCES = 24;
    uint256 private constant CALLS = 64;
    string[] private _counted;
    mapping(string what => bool) private _isCounted;
    mapping(string what => uint256) private _times;
    mapping(string what => uint256) private _least;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        token = new JuryToken(0, address(0), address(this));
        beacon = new FixedBeacon("invariants");
        handler = _deploy();
        federation = handler.federation();
        _everybody = handler.everybody();
        for (uint256 i = 0; i < _everybody.length; ++i) {
            token.mint(_everybody[i], FUNDS);
        }
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), handler.selectors()));
    }

    /// @dev With `publish` seconds for publishers, where there are any.
    function _schedule(uint32 publish) internal pure returns (IFederation.Schedule memory) {
        return IFederation.Schedule({
            open: 10,
            pledge: _isPledging() ? 100 : 0,
            propose: 100,
            commit: 100,
            reveal: 100,
            publish: publish,
            unbonding: uint32(UNBONDING)
        });
    }

    /// @dev Whether updates are pledged.
    function _isPledging() internal pure virtual returns (bool) {
        return false;
    }

    /// @dev A federation and whoever acts on it.
    function _deploy() internal virtual returns (Handler);

    /// @dev Whether three managers say who gets in.
    function _isManaged() internal pure virtual returns (bool) {
        return false;
    }

    function _managers() internal pure returns (address[] memory list) {
        list = new address[](_isManaged() ? 3 : 0);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = address(uint160(0x3A0 + i));
        }
    }

    /// @dev How many come in with a round at most; 0: nobody waits.
    function _newcomers() internal pure virtual returns (uint16) {
        return 0;
    }

    /// @dev Five of the participants, where nobody vouches for the first ones.
    function _founders() internal pure returns (address[] memory list) {
        list = new address[](_newcomers() == 0 || _isManaged() ? 0 : 7);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = address(uint160(0xACC000 + i));
        }
    }

    /// @dev What holds of this mechanism besides.
    function _mechanism(World memory w) internal view virtual {}

    function invariant_all_hold() public view {
        World memory w = lookAt(federation, token, _everybody);
        solvency(w);
        no_unit_is_lost(w);
        tokens_add_up(w);
        settled_rounds_never_change(w);
        registry_has_no_gaps_and_no_doubles(w);
        positions_are_a_permutation(w);
        zones_part_the_registry(w);
        counts_are_of_acts_done(w);
        tally_fits_its_votes(w);
        nothing_is_published_without_a_quorum(w);
        members_hold_the_floor(w);
        strangers_have_nothing(w);
        whoever_is_out_has_no_role(w);
        views_agree(w);
        expelled_are_out(w);
        if (_isManaged()) ManagedHandler(address(handler)).motions_have_a_number_and_an_end();
        _mechanism(w);
    }

    // ------------------------------------------------------------------ what sequences come to

    /// @dev Count what this mechanism's handler notes besides.
    function _countReached() internal virtual;

    /// @dev A campaign whose sequences never came to a conviction would hold whatever becomes of convicts. So here are
    /// some sequences of its calls that are always the same, and all that may happen does, so many times at least.
    function test_sequences_come_to_everything() public {
        vm.pauseGasMetering(); // it is more than a test may take
        for (uint256 sequence = 0; sequence < SEQUENCES; ++sequence) {
            setUp();
            bytes4[] memory selectors = handler.selectors();
            for (uint256 i = 0; i < CALLS; ++i) {
                bytes32[6] memory words;
                for (uint256 k = 0; k < 6; ++k) {
                    words[k] = keccak256(abi.encode(sequence, i, k));
                }
                bytes4 selector = selectors[uint256(words[5]) % selectors.length];
                // as many words as the longest list of arguments
                (bool ok, bytes memory answer) = address(handler).call(abi.encodePacked(selector, abi.encode(words)));
                require(ok, string(answer));
            }
            afterInvariant();
            _countCommon();
            _countReached();
        }
        for (uint256 i = 0; i < _counted.length; ++i) {
            emit log_named_uint(_counted[i], _times[_counted[i]]);
        }
        for (uint256 i = 0; i < _counted.length; ++i) {
            assertGe(_times[_counted[i]], _least[_counted[i]], _counted[i]);
        }
    }

    function _countCommon() private {
        if (_isManaged()) {
            _count("allow", handler.done(IManagers.allow.selector), 10);
            _count("expel", handler.done(IManagers.expel.selector), 2);
            ManagedHandler managed = ManagedHandler(address(handler));
            _count("motions that lapsed", managed.lapsed(), 1);
            _count("ayes too late", managed.tooLate(), 10);
        }
        if (_newcomers() != 0) {
            _count("members who came in later", handler.cameIn(), 5);
            _count("members who left while they waited", handler.leftWaiting(), 1);
            _count("founders who came late", handler.cameLate(), _isManaged() ? 0 : 1);
            _count("rounds postponed", handler.postponed(), 1);
        }
        _count("rounds accepted", handler.outcomes(1), 10);
        _count("rounds rejected", handler.outcomes(2), 2);
        _count("rounds undecided", handler.outcomes(3), 10);
        _count("refused as it had to be", handler.refusals(), 50);
        _count("tokens forced in", handler.forced(), 1);
        _count("fund", handler.done(IFederation.fund.selector), 10);
        _count("deposit", handler.done(IFederation.deposit.selector), _isPledging() ? 1 : 2);
        _count("withdraw", handler.done(IFederation.withdraw.selector), _isManaged() ? 0 : 1);
        _count("claim", handler.done(IFederation.claim.selector), 1);
        _count("collect", handler.done(IFederation.collect.selector), 10);
        _count("evict", handler.done(IFederation.evict.selector), 5);
        _count("open", handler.done(IFederation.open.selector), 20);
        _count("draw", handler.done(IFederation.draw.selector), 20);
        _count("pledge", handler.done(IFederation.pledge.selector), _isPledging() ? 50 : 0);
        _count("pledges broken", handler.broken(), _isPledging() ? 5 : 0);
        _count("propose", handler.done(IFederation.propose.selector), 50);
        _count("commit", handler.done(IFederation.commit.selector), 50);
        _count("reveal", handler.done(IFederation.reveal.selector), 50);
    }

    /// @dev Something happened so many `times` in a sequence; in all of them it has to, `least` times.
    function _count(string memory what, uint256 times, uint256 least) internal {
        if (!_isCounted[what]) _counted.push(what);
        (_isCounted[what], _least[what]) = (true, least);
        _times[what] += times;
    }

    // ------------------------------------------------------------------ money

    /// @dev The balance covers every stake with what is due, and the pool: everybody could be paid at once.
    function solvency(World memory w) internal view {
        require(_owed(w) <= w.held, "solvency");
    }

    /// @dev The balance is exactly that, but for tokens that were forced in: no dust is locked in the contract.
    function no_unit_is_lost(World memory w) internal view {
        require(_owed(w) + handler.forced() == w.held, "no_unit_is_lost");
    }

    /// @dev All tokens are in the federation or in a wallet that we know: none went astray.
    function tokens_add_up(World memory w) internal view {
        uint256 sum = w.held;
        for (uint256 i = 0; i < w.wallets.length; ++i) {
            sum += w.wallets[i];
        }
        require(sum == token.totalSupply(), "tokens_add_up");
    }

    // ------------------------------------------------------------------ rounds

    /// @dev Each settled round's record is the one that its settlement left: what is paid later rests on it. All of them
    /// are looked at in the end, some before.
    function settled_rounds_never_change(World memory w) internal view {
        if (w.s.record.outcome != IFederation.Outcome.None) settled_record_stands(w.s.round);
        if (w.s.round < 2) return;
        settled_record_stands(w.s.round - 1);
        settled_record_stands(1 + block.timestamp % (w.s.round - 1));
    }

    function settled_record_stands(uint256 round) private view {
        IFederation.Round memory r = federation.roundOf(round);
        require(r.outcome != IFederation.Outcome.None, "settled_rounds_never_change");
        require(keccak256(abi.encode(r)) == handler.settledRecord(round), "settled_rounds_never_change");
    }

    /// @dev A round's counts are how many members did each thing in it, and updates are numbered without gaps.
    function counts_are_of_acts_done(World memory w) internal pure {
        IFederation.Round memory r = w.s.record;
        if (r.outcome != IFederation.Outcome.None) return;
        uint256[5] memory counts;
        uint256 numbers;
        for (uint256 i = 0; i < w.members.length; ++i) {
            IFederation.Member memory m = w.members[i].record;
            if (w.s.round == 0 || m.round != w.s.round) continue;
            if (m.acts & Acts.PROPOSED != 0) {
                ++counts[0];
                numbers |= 1 << m.updateNumber;
            }
            if (m.acts & Acts.COMMITTED != 0) ++counts[1];
            if (m.acts & Acts.REVEALED != 0) ++counts[2];
            if (m.acts & Acts.PUBLISHED != 0) ++counts[3];
            if (m.acts & Acts.PLEDGED != 0) ++counts[4];
        }
        require(r.proposals == counts[0], "counts_are_of_acts_done");
        require(r.commits == counts[1], "counts_are_of_acts_done");
        require(r.reveals == counts[2], "counts_are_of_acts_done");
        require(r.publications == counts[3], "counts_are_of_acts_done");
        require(r.pledges == counts[4], "counts_are_of_acts_done");
        require(numbers == (1 << r.proposals) - 1, "counts_are_of_acts_done");
    }

    /// @dev No more act than were awaited, nobody reveals who didn't commit, and the leading option has no more than all
    /// votes.
    function tally_fits_its_votes(World memory w) internal pure {
        IFederation.Round memory r = w.s.record;
        if (r.members == 0) return;
        // how many the next round waits for may depend on how this one ended
        bool ended = r.outcome != IFederation.Outcome.None;
        uint256 wanted = ended ? type(uint256).max : w.s.proposers;
        require(r.proposals <= (_isPledging() ? r.pledges : wanted), "tally_fits_its_votes");
        require(r.pledges <= (_isPledging() ? wanted : 0), "tally_fits_its_votes");
        require(r.commits <= w.s.voters, "tally_fits_its_votes");
        require(r.publications <= w.s.publishers, "tally_fits_its_votes");
        require(r.reveals <= r.commits, "tally_fits_its_votes");
        uint256 votes = w.s.publishers == 0 ? r.reveals : r.publications;
        require(r.leadingCount <= votes, "tally_fits_its_votes");
        require(r.options <= votes, "tally_fits_its_votes");
        require(r.leadingOption <= r.options, "tally_fits_its_votes");
        require((r.leadingCount == 0) == (r.options == 0), "tally_fits_its_votes");
    }

    /// @dev Where there are publishers, a model takes the ballots of more than half of the voters drawn, whoever came.
    function nothing_is_published_without_a_quorum(World memory w) internal pure {
        IFederation.Round memory r = w.s.record;
        if (w.s.publishers == 0 || uint256(r.reveals) * 2 > w.s.voters) return;
        require(w.s.phase != IFederation.Phase.Publish, "nothing_is_published_without_a_quorum");
        require(r.publications == 0, "nothing_is_published_without_a_quorum");
        bool undecided = r.outcome == IFederation.Outcome.None || r.outcome == IFederation.Outcome.Undecided;
        require(undecided, "nothing_is_published_without_a_quorum");
    }

    // ------------------------------------------------------------------ membership

    /// @dev The registry is a list in which every entry says its place, and nobody is in it twice.
    function registry_has_no_gaps_and_no_doubles(World memory w) internal view {
        // frozen in a round, which is a law of its own
        if (w.s.record.drawnAt != 0 && w.s.phase != IFederation.Phase.Open) return;
        IFederation.MemberView[] memory members = federation.members(0, type(uint256).max);
        require(members.length == w.s.members, "registry_has_no_gaps_and_no_doubles");
        for (uint256 i = 0; i < members.length; ++i) {
            require(members[i].record.index == i + 1, "registry_has_no_gaps_and_no_doubles");
            IFederation.Standing standing = members[i].record.standing;
            bool fits = standing == IFederation.Standing.Member || standing == IFederation.Standing.Banned;
            require(fits, "registry_has_no_gaps_and_no_doubles");
        }
        uint256 registered = 0;
        for (uint256 i = 0; i < w.members.length; ++i) {
            if (w.members[i].record.index != 0) ++registered;
        }
        require(registered == members.length, "registry_has_no_gaps_and_no_doubles");
    }

    /// @dev In a drawn round every member who is in has a position of its own, and no more vote or publish than the round
    /// waits for.
    function positions_are_a_permutation(World memory w) internal pure {
        if (w.s.record.drawnAt == 0 || w.s.phase == IFederation.Phase.Open) return;
        uint256 taken;
        uint256 voters;
        uint256 publishers;
        for (uint256 i = 0; i < w.members.length; ++i) {
            if (w.members[i].record.index == 0 || w.members[i].waitsFor != 0) continue;
            taken |= 1 << w.members[i].position;
            if (w.members[i].roles & Roles.VOTER != 0) ++voters;
            if (w.members[i].roles & Roles.PUBLISHER != 0) ++publishers;
        }
        require(taken == (1 << w.s.record.members) - 1, "positions_are_a_permutation");
        require(voters <= w.s.voters, "positions_are_a_permutation");
        require(publishers <= w.s.publishers, "positions_are_a_permutation");
    }

    /// @dev The members who are in come first in the registry, then those who wait, by the round that they wait for. They
    /// wait for one to come, no more than the limit for the same, and have no role. In a round those who are in are its.
    function zones_part_the_registry(World memory w) internal view {
        uint256[] memory waitsFor = new uint256[](w.s.members);
        for (uint256 i = 0; i < w.members.length; ++i) {
            IFederation.MemberView memory member = w.members[i];
            if (member.record.index != 0) waitsFor[member.record.index - 1] = member.waitsFor;
            else require(member.waitsFor == 0, "zones_part_the_registry");
            if (member.waitsFor != 0) require(member.roles == 0, "zones_part_the_registry");
        }
        uint256 inside = 0;
        uint256 same = 0;
        for (uint256 i = 0; i < waitsFor.length; ++i) {
            if (waitsFor[i] == 0) ++inside;
            else require(waitsFor[i] > w.s.round, "zones_part_the_registry");
            if (i != 0) require(waitsFor[i] >= waitsFor[i - 1], "zones_part_the_registry");
            same = i != 0 && waitsFor[i] == waitsFor[i - 1] ? same + 1 : 1;
            // who could come in with the next round, were it not for the limit, share the one after with the latest
            if (waitsFor[i] != 0 && waitsFor[i] != w.s.round + 2) {
                uint256 lacking = w.s.round != 0 && inside < handler.fewest() ? handler.fewest() - inside : 0;
                bool next = waitsFor[i] == w.s.round + 1;
                require(same <= _newcomers() || (next && same <= lacking), "zones_part_the_registry");
            }
        }
        if (w.s.phase != IFederation.Phase.Open) require(inside == w.s.record.members, "zones_part_the_registry");
        if (_newcomers() == 0) require(inside == w.s.members, "zones_part_the_registry");
    }

    /// @dev Whoever is expelled is out from the next round on.
    function expelled_are_out(World memory w) private view {
        for (uint256 i = 0; i < w.members.length; ++i) {
            if (handler.isBarred(w, w.members[i].account)) require(w.members[i].out, "expelled_are_out");
        }
    }

    /// @dev Whoever may act can pay for it: a member's booked stake is never below the floor.
    function members_hold_the_floor(World memory w) internal view {
        uint256 floor = handler.floor();
        for (uint256 i = 0; i < w.members.length; ++i) {
            IFederation.MemberView memory member = w.members[i];
            if (member.record.standing != IFederation.Standing.Member) continue;
            require(member.record.stake >= floor, "members_hold_the_floor");
            if (!member.out) require(member.balance >= floor, "members_hold_the_floor");
        }
    }

    /// @dev A stranger has no stake, and nothing is owed to it; outsiders are strangers.
    function strangers_have_nothing(World memory w) internal view {
        uint256 participants = handler.PARTICIPANTS();
        for (uint256 i = 0; i < w.members.length; ++i) {
            IFederation.MemberView memory member = w.members[i];
            bool stranger = member.record.standing == IFederation.Standing.Stranger;
            if (i >= participants) require(stranger, "strangers_have_nothing");
            if (!stranger) continue;
            require(member.balance == 0, "strangers_have_nothing");
            require(member.record.index == 0, "strangers_have_nothing");
            require(member.record.acts == 0, "strangers_have_nothing");
        }
    }

    /// @dev Whoever is out, or not registered, has no role; no role is given but in a drawn round in progress.
    function whoever_is_out_has_no_role(World memory w) internal pure {
        bool running = w.s.record.drawnAt != 0 && w.s.phase != IFederation.Phase.Open;
        for (uint256 i = 0; i < w.members.length; ++i) {
            IFederation.MemberView memory member = w.members[i];
            bool banned = member.record.standing == IFederation.Standing.Banned;
            if (banned) require(member.out, "whoever_is_out_has_no_role");
            if (member.out || member.record.index == 0 || !running) {
                require(member.roles == 0, "whoever_is_out_has_no_role");
            }
        }
    }

    /// @dev The views tell the same story.
    function views_agree(World memory w) internal view {
        require(uint256(federation.phase()) == uint256(w.s.phase), "views_agree");
        require(federation.pool() == w.s.pool, "views_agree");
        require(federation.head() == w.s.head, "views_agree");
        require(federation.memberCount() == w.s.members, "views_agree");
        require(
            keccak256(abi.encode(federation.roundOf(w.s.round))) == keccak256(abi.encode(w.s.record)), "views_agree"
        );
        bool drawn = w.s.record.drawnAt != 0;
        require(w.s.seed != 0 == drawn, "views_agree");
        require(w.s.publishEnd != 0 == drawn, "views_agree");
        require(w.s.pledgeEnd <= w.s.proposeEnd, "views_agree");
        require(w.s.proposeEnd <= w.s.commitEnd && w.s.commitEnd <= w.s.revealEnd, "views_agree");
        require(w.s.revealEnd <= w.s.publishEnd, "views_agree");
    }

    // ------------------------------------------------------------------ at the end of each run

    /// @dev No round hangs: time alone brings it to its end, and anybody can settle it. Booking everything changes nothing
    /// of what is owed. And then everybody can leave with what it has; what stays is the pool and what was forced in.
    function afterInvariant() public {
        invariant_all_hold();
        for (uint256 round = federation.status().round; round > 1; --round) {
            settled_record_stands(round - 1);
        }
        no_round_hangs();
        everybody_is_booked_as_foretold();
        everybody_can_leave();
    }

    function no_round_hangs() internal {
        if (federation.phase() != IFederation.Phase.Open) {
            vm.warp(block.timestamp + 500);
            vm.roll(block.number + 257);
            require(federation.phase() == IFederation.Phase.Settle, "no_round_hangs");
            federation.settle();
        }
        require(federation.phase() == IFederation.Phase.Open, "no_round_hangs");
    }

    function everybody_is_booked_as_foretold() internal {
        World memory w = lookAt(federation, token, _everybody);
        for (uint256 i = 0; i < w.members.length; ++i) {
            if (w.members[i].record.standing == IFederation.Standing.Stranger) continue;
            federation.collect(w.members[i].account);
            uint256 stake = federation.memberOf(w.members[i].account).record.stake;
            require(stake == w.members[i].balance, "everybody_is_booked_as_foretold");
        }
        require(_owed(lookAt(federation, token, _everybody)) == _owed(w), "everybody_is_booked_as_foretold");
    }

    function everybody_can_leave() internal virtual {
        World memory w = lookAt(federation, token, _everybody);
        address[] memory list = new address[](w.members.length);
        for (uint256 i = 0; i < w.members.length; ++i) {
            list[i] = w.members[i].account;
        }
        federation.evict(list);
        for (uint256 i = 0; i < list.length; ++i) {
            if (federation.memberOf(list[i]).record.standing != IFederation.Standing.Member) continue;
            vm.prank(list[i]);
            federation.exit();
        }
        vm.warp(block.timestamp + UNBONDING);
        for (uint256 i = 0; i < list.length; ++i) {
            if (federation.memberOf(list[i]).record.stake == 0) continue;
            uint256 before = token.balanceOf(list[i]);
            vm.prank(list[i]);
            federation.withdraw();
            require(token.balanceOf(list[i]) - before == w.members[i].balance, "everybody_can_leave");
        }
        require(federation.memberCount() == 0, "everybody_can_leave");
        uint256 rest = federation.pool() + handler.forced();
        require(token.balanceOf(address(federation)) == rest, "everybody_can_leave");
    }

    function _owed(World memory w) internal pure returns (uint256 sum) {
        sum = w.s.pool;
        for (uint256 i = 0; i < w.members.length; ++i) {
            sum += w.members[i].balance;
        }
    }
}
