// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {CommonBase} from "forge-std/Base.sol";

/// @dev What can be seen of a federation from outside at one moment.
struct World {
    IFederation.Status s;
    IFederation.MemberView[] members;
    uint256[] wallets;
    uint256 held; // by the federation
}

function lookAt(IFederation federation, JuryToken token, address[] memory accounts) view returns (World memory w) {
    w.s = federation.status();
    w.held = token.balanceOf(address(federation));
    w.members = new IFederation.MemberView[](accounts.length);
    w.wallets = new uint256[](accounts.length);
    for (uint256 i = 0; i < accounts.length; ++i) {
        w.members[i] = federation.memberOf(accounts[i]);
        w.wallets[i] = token.balanceOf(accounts[i]);
    }
}

/// @dev Everything that is done to a federation goes through `_call`, which compares the world before with the world
/// after: each law of change is a function of its own, and a failure names it.
abstract contract Watch is CommonBase {
    IFederation public immutable federation;
    JuryToken public immutable token;
    uint256 internal immutable _bond;
    uint256 internal immutable _unbonding;

    /// @dev Everybody who ever holds tokens, but for the federation.
    address[] public accounts;

    /// @dev What was seen once, for later states to agree with.
    mapping(uint256 round => bytes32) public settledRecord;
    mapping(address account => uint256) public freeAt;
    /// @dev When an account joined: how many openings there had been, those that were postponed among them.
    mapping(address account => uint256) private _joinedAfter;
    uint256 private _openings;
    uint256 public postponed;
    /// @dev How many come in with a round, at most unless it lacks more; who came in later than they joined, who left
    /// before that, and the founders who came in at once when it was late.
    uint256 internal _newcomers;
    uint256 public cameLate;
    uint256 public cameIn;
    uint256 public leftWaiting;
    mapping(address account => bool) private _isFounder;
    uint256 private _founders;
    /// @dev Tokens that came without being asked for.
    uint256 public forced;
    /// @dev How far the sequences get: settled rounds by outcome, what went through by action, what was refused as it had
    /// to be, and accounts that were banned. `Invariants` holds that all of it happens.
    uint256[4] public outcomes;
    mapping(bytes4 action => uint256) public done;
    uint256 public refusals;
    /// @dev Updates that were pledged and not proposed.
    uint256 public broken;
    uint256 public bans;

    constructor(IFederation federation_, JuryToken token_, uint256 unbonding) {
        federation = federation_;
        token = token_;
        _bond = federation_.bond();
        _unbonding = unbonding;
    }

    /// @dev The terms about who waits.
    function _limit(uint256 newcomers, address[] memory founders) internal virtual {
        (_newcomers, _founders) = (newcomers, founders.length);
        for (uint256 i = 0; i < founders.length; ++i) {
            _isFounder[founders[i]] = true;
        }
    }

    /// @dev The fewest members to open a round with.
    function _fewest() internal view virtual returns (uint256);

    function fewest() external view returns (uint256) {
        return _fewest();
    }

    /// @dev How many the next round needs: the first, three quarters of the founders, too.
    function _needed(World memory w) internal view returns (uint256 needed) {
        needed = _fewest();
        if (w.s.round == 0 && 4 * needed < 3 * _founders) needed = (3 * _founders + 3) / 4;
    }

    /// @dev A first round has most of the founders in it.
    function most_founders_are_in_the_first_round(World memory b, World memory a) private view {
        if (b.s.round != 0 || a.s.round == 0) return;
        uint256 count = 0;
        for (uint256 i = 0; i < a.members.length; ++i) {
            if (_isFounder[a.members[i].account] && a.members[i].record.index != 0) ++count;
        }
        require(4 * count >= 3 * _founders || b.s.restUntil != 0, "most_founders_are_in_the_first_round");
    }

    /// @dev The least stake that a member which may act has: elsewhere than in `stake_jury`, the bond.
    function floor() public view virtual returns (uint256) {
        return _bond;
    }

    function everybody() external view returns (address[] memory) {
        return accounts;
    }

    function look() internal view returns (World memory) {
        return lookAt(federation, token, accounts);
    }

    // ------------------------------------------------------------------ doing

    /// @dev `who` does what is allowed: it must go through. From `w` to what is returned.
    function _call(World memory w, address who, bytes memory data) internal returns (World memory) {
        vm.prank(who);
        (bool ok, bytes memory answer) = address(federation).call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        return _observe(w, who, data);
    }

    /// @dev `who` tries what may be allowed or not.
    function _try(World memory w, address who, bytes memory data) internal returns (World memory) {
        vm.prank(who);
        (bool ok,) = address(federation).call(data);
        return ok ? _observe(w, who, data) : w;
    }

    /// @dev `who` tries what is not allowed: it must be refused.
    function _refused(address who, bytes memory data, string memory why) internal {
        vm.prank(who);
        (bool ok,) = address(federation).call(data);
        if (ok) revert(string.concat("refused: ", why));
        ++refusals;
    }

    function _observe(World memory b, address who, bytes memory data) private returns (World memory a) {
        bytes4 action = bytes4(data);
        ++done[action];
        a = look();
        rounds_are_counted(b, a, action);
        rounds_are_postponed_for_the_latest_alone(b, a, action);
        phases_only_go_forward(b, a, action);
        one_settlement_a_round(b, a, action);
        head_changes_only_by_acceptance(b, a);
        pool_changes_by_its_own_actions_alone(b, a, action);
        no_wealth_is_made(b, a);
        draw_stands(b, a);
        for (uint256 i = 0; i < a.members.length; ++i) {
            bool self = a.members[i].account == who;
            only_settling_touches_others(b, a, i, self, action);
            registry_is_frozen_during_a_round(b, a, i);
            acts_in_their_phase_alone(b, a, i, self);
            a_booking_is_what_was_foretold(b, a, i, action);
            fields_change_by_their_own_acts_alone(b, a, i);
            banned_is_for_good(b, a, i);
            unbonding_is_kept(b, a, i, action);
            nobody_is_in_before_its_boundary(b, a, i, action);
        }
        few_come_in_at_once(b, a, action);
        most_founders_are_in_the_first_round(b, a);
        // before the first round nobody's turn comes by its being put off
        if (action == IFederation.open.selector && a.s.round != 0) ++_openings;
        _mechanism(b, a, who, data);
    }

    // ------------------------------------------------------------------ for mechanisms

    /// @dev More laws, and what is to be remembered of the call `data`.
    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal virtual {}

    /// @dev Whether `action` may change the pool.
    function _movesPool(bytes4 action) internal view virtual returns (bool) {
        return action == IFederation.settle.selector || action == IFederation.fund.selector;
    }

    /// @dev Whether account `i`, who doesn't act, may gain or lose by `action`.
    function _movesOthers(uint256, bytes4 action) internal view virtual returns (bool) {
        return action == IFederation.settle.selector;
    }

    /// @dev When the stake of account `i`, just struck from the registry by `action`, is free.
    function _freed(uint256, bytes4) internal view virtual returns (uint256) {
        return block.timestamp + _unbonding;
    }

    // ------------------------------------------------------------------ laws of change

    /// @dev Rounds are numbered without gaps, and only `open` begins one: a round can't be skipped or played twice.
    function rounds_are_counted(World memory b, World memory a, bytes4 action) private pure {
        uint256 begun = action == IFederation.open.selector && !_isPostponed(b, a, action) ? 1 : 0;
        require(a.s.round == b.s.round + begun, "rounds_are_counted");
    }

    /// @dev Whether `open` put the round off.
    function _isPostponed(World memory b, World memory a, bytes4 action) private pure returns (bool) {
        return action == IFederation.open.selector && a.s.restUntil != b.s.restUntil;
    }

    /// @dev A round is put off for the unbonding period, and only if too few are in or may come in and, with the latest,
    /// enough are there; the first once, and only if founders are missing.
    function rounds_are_postponed_for_the_latest_alone(World memory b, World memory a, bytes4 action) private {
        if (!_isPostponed(b, a, action)) return;
        require(_newcomers != 0, "rounds_are_postponed_for_the_latest_alone");
        require(a.s.restUntil == block.timestamp + _unbonding, "rounds_are_postponed_for_the_latest_alone");
        uint256 before = 0;
        for (uint256 i = 0; i < b.members.length; ++i) {
            bool there = b.members[i].record.index != 0;
            if (there && (b.members[i].waitsFor == 0 || _joinedAfter[b.members[i].account] < _openings)) ++before;
        }
        bool few = before < _fewest() && _fewest() <= b.s.members;
        if (b.s.round == 0) few = before >= _fewest() && before * 4 < _founders * 3 && b.s.restUntil == 0;
        require(few, "rounds_are_postponed_for_the_latest_alone");
        ++postponed;
    }

    /// @dev Nothing that anybody does leads a round back to a phase that is over.
    function phases_only_go_forward(World memory b, World memory a, bytes4 action) private pure {
        if (action == IFederation.open.selector || action == IFederation.settle.selector) return;
        require(uint256(a.s.phase) >= uint256(b.s.phase), "phases_only_go_forward");
        bool open = b.s.phase == IFederation.Phase.Open;
        require((a.s.phase == IFederation.Phase.Open) == open, "phases_only_go_forward");
    }

    /// @dev A round gets its outcome once, by `settle`, in phase Settle; the record is fixed from then on.
    function one_settlement_a_round(World memory b, World memory a, bytes4 action) private {
        bool settled = action == IFederation.settle.selector;
        if (settled) {
            require(b.s.phase == IFederation.Phase.Settle, "one_settlement_a_round");
            require(b.s.record.outcome == IFederation.Outcome.None, "one_settlement_a_round");
            require(a.s.record.outcome != IFederation.Outcome.None, "one_settlement_a_round");
            require(settledRecord[a.s.round] == 0, "one_settlement_a_round");
            settledRecord[a.s.round] = keccak256(abi.encode(a.s.record));
            ++outcomes[uint256(a.s.record.outcome)];
            if (a.s.record.pledges > a.s.record.proposals) broken += a.s.record.pledges - a.s.record.proposals;
        } else if (action != IFederation.open.selector) {
            require(a.s.record.outcome == b.s.record.outcome, "one_settlement_a_round");
        }
    }

    /// @dev There is a new model exactly if a round was accepted just now.
    function head_changes_only_by_acceptance(World memory b, World memory a) private pure {
        if (a.s.head == b.s.head) return;
        bool running = b.s.record.outcome == IFederation.Outcome.None;
        bool accepted = a.s.record.outcome == IFederation.Outcome.Accepted;
        require(running && accepted, "head_changes_only_by_acceptance");
    }

    /// @dev Only settling, funding and what a mechanism names touches the pool: claims, withdrawals and bookings don't.
    function pool_changes_by_its_own_actions_alone(World memory b, World memory a, bytes4 action) private view {
        if (_movesPool(action)) return;
        require(a.s.pool == b.s.pool, "pool_changes_by_its_own_actions_alone");
    }

    /// @dev Wallets, stakes with what is due, and the pool add up to the same before and after: nobody gains but what
    /// others or the pool lose.
    function no_wealth_is_made(World memory b, World memory a) private pure {
        require(_wealth(a) == _wealth(b), "no_wealth_is_made");
    }

    /// @dev Between the draw and the settlement nobody changes the seed, or anybody's position, or gains a role.
    function draw_stands(World memory b, World memory a) private pure {
        if (b.s.record.drawnAt == 0 || a.s.phase == IFederation.Phase.Open) return;
        if (b.s.phase == IFederation.Phase.Open) return;
        require(a.s.seed == b.s.seed, "draw_stands");
        require(a.s.record.drawnAt == b.s.record.drawnAt, "draw_stands");
        require(a.s.record.members == b.s.record.members, "draw_stands");
        for (uint256 i = 0; i < a.members.length; ++i) {
            require(a.members[i].position == b.members[i].position, "draw_stands");
            require(a.members[i].roles == b.members[i].roles || a.members[i].out != b.members[i].out, "draw_stands");
        }
    }

    /// @dev Whoever doesn't act has as much after as before, unless a round is settled; and nobody's wallet is reached
    /// into, ever.
    function only_settling_touches_others(World memory b, World memory a, uint256 i, bool self, bytes4 action)
        private
        view
    {
        if (self) return;
        if (!_movesOthers(i, action)) {
            require(_wealth(a, i) == _wealth(b, i), "only_settling_touches_others");
        }
        require(a.wallets[i] >= b.wallets[i], "only_settling_touches_others");
    }

    /// @dev From `open` to `settle` nobody enters the registry, leaves it or changes place: the draw's seed comes later.
    function registry_is_frozen_during_a_round(World memory b, World memory a, uint256 i) private pure {
        if (b.s.phase == IFederation.Phase.Open) return;
        require(a.members[i].record.index == b.members[i].record.index, "registry_is_frozen_during_a_round");
        require(a.s.members == b.s.members, "registry_is_frozen_during_a_round");
    }

    /// @dev An act is a member's own, one at a time, once a round, in its phase, by whoever is drawn for it, holds the
    /// floor and isn't out. What was done in a round in progress stays done.
    function acts_in_their_phase_alone(World memory b, World memory a, uint256 i, bool self) private view {
        IFederation.Member memory m = a.members[i].record;
        uint8 before = b.members[i].record.round == m.round ? b.members[i].record.acts : 0;
        uint8 gained = m.acts & ~before;
        if (gained == 0) {
            bool running = m.round == a.s.round && a.s.record.outcome == IFederation.Outcome.None;
            if (running) require(m.acts == before, "acts_in_their_phase_alone");
            require(m.round == b.members[i].record.round, "acts_in_their_phase_alone");
            return;
        }
        require(self, "acts_in_their_phase_alone");
        require(m.round == a.s.round, "acts_in_their_phase_alone");
        require(_phaseOf(gained) == b.s.phase, "acts_in_their_phase_alone");
        require(!b.members[i].out, "acts_in_their_phase_alone");
        if (gained == Acts.REVEALED) {
            require(before & Acts.COMMITTED != 0, "acts_in_their_phase_alone");
        } else if (gained == Acts.SHOWN) {
            require(before & Acts.PROPOSED != 0, "acts_in_their_phase_alone");
        } else {
            require(b.members[i].roles & _roleOf(gained) != 0, "acts_in_their_phase_alone");
            require(b.members[i].balance >= floor(), "acts_in_their_phase_alone");
        }
    }

    /// @dev What a member's view says is due is what is booked, once; the booking is the only thing that clears `acts`.
    function a_booking_is_what_was_foretold(World memory b, World memory a, uint256 i, bytes4 action) private view {
        IFederation.Member memory m = b.members[i].record;
        if (action == IFederation.settle.selector || m.acts == 0 || a.members[i].record.acts != 0) return;
        require(federation.roundOf(m.round).outcome != IFederation.Outcome.None, "a_booking_is_what_was_foretold");
        if (a.members[i].record.standing == IFederation.Standing.Banned) {
            require(b.members[i].out, "a_booking_is_what_was_foretold");
        }
        bool moves = action == IFederation.deposit.selector || action == IFederation.claim.selector;
        if (!moves) require(a.members[i].record.stake == b.members[i].balance, "a_booking_is_what_was_foretold");
    }

    /// @dev An entry's `number` is its proposal's, its `option` its ballot's or publication's, `strikes` the guard's.
    function fields_change_by_their_own_acts_alone(World memory b, World memory a, uint256 i) private pure {
        (IFederation.Member memory x, IFederation.Member memory y) = (b.members[i].record, a.members[i].record);
        uint8 gained = y.acts & ~(x.round == y.round ? x.acts : 0);
        if (x.updateNumber != y.updateNumber) {
            require(gained == Acts.PROPOSED, "fields_change_by_their_own_acts_alone");
        }
        if (x.option != y.option) {
            require(gained & (Acts.REVEALED | Acts.PUBLISHED) != 0, "fields_change_by_their_own_acts_alone");
        }
        // booked: by being collected, or by acting in a later round
        bool booked = x.acts != 0 && (y.acts == 0 || x.round != y.round);
        if (x.strikes != y.strikes) require(booked, "fields_change_by_their_own_acts_alone");
        bool struck = x.index != 0 && y.index == 0;
        if (x.unbondsAt != y.unbondsAt) require(struck, "fields_change_by_their_own_acts_alone");
    }

    /// @dev A banned account stays banned, has no role, and has no more than it had, but in its own wallet.
    function banned_is_for_good(World memory b, World memory a, uint256 i) private {
        bool banned = a.members[i].record.standing == IFederation.Standing.Banned;
        if (b.members[i].record.standing != IFederation.Standing.Banned) {
            if (banned) ++bans;
            return;
        }
        require(banned, "banned_is_for_good");
        require(a.members[i].out, "banned_is_for_good");
        require(a.members[i].roles == 0, "banned_is_for_good");
        require(a.members[i].record.acts == 0, "banned_is_for_good");
        require(a.members[i].balance <= b.members[i].balance, "banned_is_for_good");
    }

    /// @dev A stake that left is out of reach for the whole unbonding period, whoever struck it from the registry.
    function unbonding_is_kept(World memory b, World memory a, uint256 i, bytes4 action) private {
        (IFederation.Member memory x, IFederation.Member memory y) = (b.members[i].record, a.members[i].record);
        if (x.index != 0 && y.index == 0) {
            freeAt[a.members[i].account] = _freed(i, action);
            require(y.unbondsAt == freeAt[a.members[i].account], "unbonding_is_kept");
        }
        if (action == IFederation.withdraw.selector && a.wallets[i] != b.wallets[i]) {
            require(x.index == 0, "unbonding_is_kept");
            require(block.timestamp >= freeAt[a.members[i].account], "unbonding_is_kept");
        }
    }

    /// @dev Between an account's joining and the first round that may draw it lies a whole other round, or a pause as
    /// long, and a pause. But for the founders when they join for the first time or before the first round; and if there
    /// are none, for whoever joins before it.
    function nobody_is_in_before_its_boundary(World memory b, World memory a, uint256 i, bytes4 action) private {
        (IFederation.MemberView memory x, IFederation.MemberView memory y) = (b.members[i], a.members[i]);
        if (x.record.index == 0 && y.record.index != 0) {
            _joinedAfter[y.account] = _openings;
            bool first = a.s.round == 0 || freeAt[y.account] == 0;
            bool founds = _isFounder[y.account] || (_founders == 0 && a.s.round == 0);
            bool waits = _newcomers != 0 && !(first && founds);
            require((y.waitsFor != 0) == waits, "nobody_is_in_before_its_boundary");
            if (!waits && _newcomers != 0 && a.s.round != 0) ++cameLate;
        } else if (y.record.index == 0) {
            if (x.record.index != 0 && x.waitsFor != 0) ++leftWaiting;
        } else if (x.waitsFor == 0) {
            require(y.waitsFor == 0, "nobody_is_in_before_its_boundary");
        } else if (y.waitsFor == 0) {
            require(action == IFederation.open.selector, "nobody_is_in_before_its_boundary");
            require(_openings > _joinedAfter[y.account], "nobody_is_in_before_its_boundary");
            ++cameIn;
        }
    }

    /// @dev With a round that opens no more come in than the limit says, or than the round lacks, and with it all whose
    /// turn it is.
    function few_come_in_at_once(World memory b, World memory a, bytes4 action) private view {
        if (action != IFederation.open.selector || _isPostponed(b, a, action)) return;
        uint256 came = 0;
        for (uint256 i = 0; i < a.members.length; ++i) {
            bool now_ = b.members[i].waitsFor != 0 && a.members[i].waitsFor == 0;
            require(now_ == (b.members[i].waitsFor == a.s.round), "few_come_in_at_once");
            if (now_) ++came;
        }
        require(came <= _newcomers || a.s.record.members == _fewest(), "few_come_in_at_once");
    }

    // ------------------------------------------------------------------ words

    /// @dev The arguments of a call, words all of them.
    function _arguments(bytes memory data) internal pure returns (bytes memory rest) {
        rest = new bytes(data.length - 4);
        for (uint256 i = 32; i <= rest.length; i += 32) {
            assembly ("memory-safe") {
                mstore(add(rest, i), mload(add(add(data, 4), i)))
            }
        }
    }

    /// @dev From `least` to `most`; forge-std's tells of each, which takes long.
    function _within(uint256 x, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + x % (most - least + 1);
    }

    function _wealth(World memory w, uint256 i) internal pure returns (uint256) {
        return w.wallets[i] + w.members[i].balance;
    }

    function _wealth(World memory w) internal pure returns (uint256 sum) {
        sum = w.s.pool;
        for (uint256 i = 0; i < w.members.length; ++i) {
            sum += _wealth(w, i);
        }
    }

    function _phaseOf(uint8 act) internal pure returns (IFederation.Phase) {
        if (act == Acts.PLEDGED) return IFederation.Phase.Pledge;
        if (act == Acts.PROPOSED) return IFederation.Phase.Propose;
        if (act == Acts.COMMITTED) return IFederation.Phase.Commit;
        if (act == Acts.REVEALED || act == Acts.SHOWN) return IFederation.Phase.Reveal;
        require(act == Acts.PUBLISHED, "acts_in_their_phase_alone");
        return IFederation.Phase.Publish;
    }

    function _roleOf(uint8 act) internal pure returns (uint8) {
        if (act == Acts.PROPOSED || act == Acts.PLEDGED) return Roles.PROPOSER;
        return act == Acts.COMMITTED ? Roles.VOTER : Roles.PUBLISHER;
    }
}
