// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {Blade} from "../../contracts/federations/Blade.sol";
import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IMined} from "../../contracts/interfaces/IMined.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {Handler} from "./Handler.sol";
import {Invariants} from "./Invariants.sol";
import {UpdateHandler} from "./UpdateHandler.sol";
import {Watch, World} from "./Watch.sol";

contract BladeHandler is UpdateHandler {
    uint256 private constant BOUNTY = 800;
    uint256 private constant ROUNDS = 4;
    uint256 private constant WINNERS = 6;
    uint256 private constant MIN_SAMPLES = 2;
    uint256 private constant MAX_SAMPLES = 8;
    uint256 private constant BLOCK_BPS = 1500;
    uint256 private constant CHALLENGE = 40;
    uint256 private constant SEEDS = 32;
    address private constant PUBLISHER = address(0x9B1);

    uint256 private immutable _biddingEnds;
    uint256 private immutable _deadline;
    uint256 private immutable _powBits;

    uint256 private _accepted;
    mapping(uint256 round => uint256) private _accused;
    uint256 public convicted;
    /// @dev How often the pool of a task that couldn't begin was given back.
    uint256 public calledOff;
    /// @dev How often a bid put another one out.
    uint256 public outbids;

    constructor(IFederation federation_, JuryToken token_, uint256 unbonding, uint256 powBits)
        Watch(federation_, token_, unbonding)
    {
        _powBits = powBits;
        _selectors.push(BladeHandler.outbid.selector);
        _selectors.push(BladeHandler.endBidding.selector);
        _selectors.push(BladeHandler.reclaim.selector);
        _selectors.push(BladeHandler.leaveEarly.selector);
        _biddingEnds = IBlade(address(federation_)).terms().biddingEnds;
        _deadline = IBlade(address(federation_)).terms().deadline;
        _include(PUBLISHER);
        _govern(IBlade(address(federation_)).terms().managers.length != 0);
    }

    function blade() private view returns (IBlade) {
        return IBlade(address(federation));
    }

    function _fewest() internal pure override returns (uint256) {
        return 3;
    }

    // ------------------------------------------------------------------ bids

    /// @dev Half of those who come late bid too little.
    function _joining(uint256 i, uint256 stake) internal view override returns (bytes memory) {
        uint256 capability = MIN_SAMPLES + (stake + i) % (MAX_SAMPLES - MIN_SAMPLES + 1);
        return abi.encodeCall(IBlade.bid, (capability, 1 + (stake * 7 + i * 3) % 11, _seedOf(i, 0)));
    }

    /// @dev While there is room: `outbid` is for the rest.
    function _mayJoin(World memory w, uint256 i) internal view override returns (bool) {
        return super._mayJoin(w, i) && block.timestamp < _biddingEnds && w.s.members < WINNERS;
    }

    /// @dev A bid for a full federation goes through exactly if it beats the worst one, which leaves at once.
    function outbid(uint256 who, uint256 capability, uint256 cost) external {
        World memory w = look();
        if (w.s.phase == IFederation.Phase.Open && w.s.round == 0) w = _gather(w);
        uint256 i = who % PARTICIPANTS;
        for (uint256 k = 1; k < PARTICIPANTS && w.members[i].record.index != 0; ++k) {
            i = (who % PARTICIPANTS + k) % PARTICIPANTS; // rather somebody who is outside
        }
        bool stranger = w.members[i].record.standing == IFederation.Standing.Stranger;
        if (!super._mayJoin(w, i)) return;
        if (!stranger || w.s.phase != IFederation.Phase.Open || w.wallets[i] < _bond || w.s.members < WINNERS) return;
        capability = _within(capability, MIN_SAMPLES, MAX_SAMPLES);
        cost = _within(cost, 1, 9);
        bytes memory data = abi.encodeCall(IBlade.bid, (capability, cost, _seedOf(i, 0)));
        uint256 worst = _worstOf(w);
        IBlade.BidRecord memory lowest = blade().bidOf(participant(worst));
        bool better = capability * lowest.cost > lowest.capability * cost;
        if (!better || block.timestamp >= _biddingEnds) return _refused(participant(i), data, "a bid that is too low");
        w = _call(w, participant(i), data);
        require(w.members[worst].record.standing == IFederation.Standing.Leaving, "the_worst_bid_makes_room");
        require(w.members[i].record.index != 0 && w.s.members == WINNERS, "the_worst_bid_makes_room");
        ++outbids;
    }

    function _worstOf(World memory w) private view returns (uint256 worst) {
        IBlade.BidRecord memory lowest;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (w.members[i].record.index == 0) continue;
            IBlade.BidRecord memory b = blade().bidOf(participant(i));
            (uint256 its, uint256 low) = (uint256(b.capability) * lowest.cost, uint256(lowest.capability) * b.cost);
            if (lowest.order == 0 || its < low || (its == low && b.order > lowest.order)) (worst, lowest) = (i, b);
        }
    }

    /// @dev Whoever is outbid may go at once.
    function _freed(uint256 i, bytes4 action) internal view override returns (uint256) {
        return action == IBlade.bid.selector ? block.timestamp : super._freed(i, action);
    }

    // ------------------------------------------------------------------ the task

    /// @dev The rounds were accepted, time is up, or bidding ended and the task can't begin.
    function _isOver(World memory w) private view returns (bool) {
        if (_accepted >= ROUNDS || block.timestamp >= _deadline) return true;
        return w.s.round == 0 && block.timestamp >= _biddingEnds && (w.s.pool < BOUNTY || w.s.members < _fewest());
    }

    /// @dev A bid binds as long as the task isn't over.
    function _mayExit(World memory w) internal view override returns (bool) {
        return _isOver(w);
    }

    /// @dev A task is shorter than that.
    function _mayLapse(World memory w, uint256) internal view override returns (bool) {
        return _isOver(w);
    }

    /// @dev In some runs bidding ends before the bounty is there, or with too few bids.
    function endBidding(uint256 which) external {
        World memory w = look();
        if (which % 4 == 0 && w.s.round == 0 && block.timestamp < _biddingEnds) _to(w, _biddingEnds);
    }

    /// @dev The publisher funds the task, and bidding ends, before the first round.
    function _mayOpen(World memory w) internal override returns (bool) {
        if (w.s.round == 0 && w.s.pool < BOUNTY) {
            if (w.wallets[_publisherPlace()] < BOUNTY - w.s.pool) return false;
            World memory a = _call(w, PUBLISHER, abi.encodeCall(IFederation.fund, (BOUNTY - w.s.pool)));
            (w.s, w.wallets, w.held) = (a.s, a.wallets, a.held);
        }
        if (block.timestamp < _biddingEnds) _to(w, _biddingEnds);
        if (block.timestamp < w.s.restUntil) _to(w, w.s.restUntil);
        if (!_isOver(w)) return true;
        _refused(PUBLISHER, abi.encodeCall(IFederation.open, ()), "open when the task is over");
        return false;
    }

    /// @dev Anybody gives the publisher what is left, once the task is over, and not before.
    function reclaim(uint256 who) external {
        World memory w = look();
        bytes memory data = abi.encodeCall(IBlade.reclaim, ());
        address account = participant(who % PARTICIPANTS);
        bool open = w.s.phase == IFederation.Phase.Open;
        if (!open || !_isOver(w) || w.s.pool == 0) return _refused(account, data, "reclaim too early, or nothing");
        if (_accepted < ROUNDS && block.timestamp < _deadline) ++calledOff;
        uint256 before = w.wallets[_publisherPlace()];
        World memory a = _call(w, account, data);
        require(a.wallets[_publisherPlace()] == before + w.s.pool && a.s.pool == 0, "the_publisher_gets_the_rest");
    }

    /// @dev Before the task is over nobody gets out, then everybody.
    function leaveEarly(uint256 who) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        bytes memory data = abi.encodeCall(IFederation.exit, ());
        if (!_mayExit(w)) _refused(participant(i), data, "exit too early");
        else if (w.s.phase == IFederation.Phase.Open && _isIn(w, i)) _call(w, participant(i), data);
    }

    function _publisherPlace() private pure returns (uint256) {
        return PARTICIPANTS + 1;
    }

    function _movesPool(bytes4 action) internal view override returns (bool) {
        return action == IBlade.reclaim.selector || super._movesPool(action);
    }

    function _movesOthers(uint256 i, bytes4 action) internal view override returns (bool) {
        return (action == IBlade.reclaim.selector && i == _publisherPlace()) || super._movesOthers(i, action);
    }

    // ------------------------------------------------------------------ evidence

    function _seedOf(uint256 i, uint256 round) private pure returns (bytes32 seed) {
        seed = keccak256(abi.encode("noise", i));
        for (uint256 n = round; n < SEEDS; ++n) {
            seed = keccak256(abi.encode(seed));
        }
    }

    /// @dev In half of the rounds somebody accuses; then the vote begins.
    function _awaitCommit(World memory w, uint256 which) internal override returns (World memory) {
        uint256 end = w.s.proposeEnd + CHALLENGE;
        if (block.timestamp >= end) return w;
        w = _accuse(w, which >> 32, which >> 40);
        if ((which >> 48) % 2 == 0) w = _accuse(w, which >> 56, which >> 64);
        if (block.timestamp < end) _to(w, end);
        return w;
    }

    /// @dev By a proposer, with its own seed of this round, of another's update.
    function _accuse(World memory w, uint256 who, uint256 number) private returns (World memory) {
        uint256 i = who % PARTICIPANTS;
        number %= w.s.record.proposals + 1;
        if (w.s.round >= SEEDS) return w;
        bytes memory data = abi.encodeCall(IBlade.accuse, (w.s.round, number, _seedOf(i, w.s.round), 9000));
        bool may =
            _did(w, i, Acts.PROPOSED) && number != w.members[i].record.updateNumber && number < w.s.record.proposals;
        if (!may) {
            _refused(participant(i), data, "no accuser, or no such update");
            return w;
        }
        bytes memory wrong = abi.encodeCall(IBlade.accuse, (w.s.round, number, _seedOf(i, w.s.round + 1), 9000));
        _refused(participant(i), wrong, "another round's seed");
        return _call(w, participant(i), data);
    }

    // ------------------------------------------------------------------ a round

    function _claimsOf(uint256 i, uint256 choice) internal view override returns (uint256, uint256) {
        uint256 capability = blade().bidOf(participant(i)).capability;
        return (capability < MIN_SAMPLES ? 1 : _within(choice, MIN_SAMPLES, capability), 1 + choice % 4);
    }

    /// @dev Three of four updates are approved of, in some rounds none by anybody; half are held to be copies.
    function _ballotFor(World memory w, uint256, uint256 choice) internal pure override returns (bytes memory) {
        uint256 all = 1 << w.s.record.proposals;
        if (uint256(w.s.seed) % 6 == 0) return abi.encode(0, (choice >> 4) % all);
        return abi.encode((choice | choice >> 3) % all, (choice >> 4) % all);
    }

    function _badBallot(World memory w, uint256 choice) internal pure override returns (bytes memory) {
        uint256 beyond = uint256(1) << w.s.record.proposals;
        if (choice % 3 == 0) return abi.encode(0);
        return choice % 3 == 1 ? abi.encode(beyond, 0) : abi.encode(0, beyond);
    }

    // ------------------------------------------------------------------ the page, read again

    function _selectionOf(World memory w) internal view override returns (uint256 selection) {
        for (uint256 n = 0; n < w.s.record.proposals; ++n) {
            if (_marks(w, n, 0) * 2 > w.s.record.reveals && !_isCopy(w, n)) selection |= 1 << n;
        }
    }

    function _weightOf(World memory, uint256 i) internal view override returns (uint256) {
        return _samples[accounts[i]];
    }

    /// @dev All but those whose own update is a copy; with a proof of work where one is asked for.
    function _competes(World memory w, address who, bytes32 digest, bytes32 nonce)
        internal
        view
        override
        returns (bool)
    {
        IFederation.Member memory m = federation.memberOf(who).record;
        bool proposed = m.round == w.s.round && m.acts & Acts.PROPOSED != 0;
        return _isProven(w, who, digest, nonce, _powBits) && (!proposed || !_isCopy(w, m.updateNumber));
    }

    function _strengthOf(World memory b, uint256 i) internal view override returns (uint256) {
        return _powBits == 0 ? super._strengthOf(b, i) : 1;
    }

    /// @dev Accused in time, and named by more than half of those drawn to judge.
    function _isCopy(World memory w, uint256 number) private view returns (bool) {
        return _accused[w.s.round] >> number & 1 != 0 && _marks(w, number, 1) * 2 > w.s.voters;
    }

    function _share(World memory b, Expected memory e) private pure returns (uint256) {
        return e.winner == address(0) ? 0 : _roundBounty(b) * BLOCK_BPS / 10_000;
    }

    function _roundBounty(World memory b) private pure returns (uint256) {
        return b.s.pool < BOUNTY / ROUNDS ? b.s.pool : BOUNTY / ROUNDS;
    }

    function _unit(World memory b, Expected memory e) private pure returns (uint256) {
        return (_roundBounty(b) - _share(b, e)) / e.weight;
    }

    function _poolAfter(World memory b, Expected memory e) internal view override returns (uint256 pool) {
        pool = b.s.pool;
        if (e.outcome == IFederation.Outcome.Accepted) pool -= _unit(b, e) * e.weight + _share(b, e);
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_isConvicted(b, i, e)) pool += _bond;
        }
    }

    function _deltaOf(World memory b, uint256 i, Expected memory e) internal view override returns (int256 delta) {
        if (_isConvicted(b, i, e)) delta = -int256(_bond);
        if (e.outcome != IFederation.Outcome.Accepted) return delta;
        if (_isSelected(b, i, e.selection)) delta += int256(_samples[accounts[i]] * _unit(b, e));
        if (accounts[i] == e.winner) delta += int256(_share(b, e));
    }

    function _isConvicted(World memory b, uint256 i, Expected memory e) private view returns (bool) {
        if (e.outcome == IFederation.Outcome.Undecided || !_did(b, i, Acts.PROPOSED)) return false;
        return _isCopy(b, b.members[i].record.updateNumber);
    }

    // ------------------------------------------------------------------ laws of this mechanism

    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal override {
        super._mechanism(b, a, who, data);
        if (bytes4(data) == IBlade.accuse.selector) {
            (uint256 round, uint256 number,,) = abi.decode(_arguments(data), (uint256, uint256, bytes32, uint256));
            _accused[round] |= 1 << number;
        }
        if (bytes4(data) == IFederation.commit.selector) evidence_comes_before_votes(b);
        if (bytes4(data) == IFederation.publish.selector) {
            (,, uint256 selection,) = abi.decode(_arguments(data), (uint256, bytes32, uint256, bytes32));
            copies_are_never_selected(b, selection);
        }
    }

    /// @dev What most of the jury holds to be a copy is in no model.
    function copies_are_never_selected(World memory b, uint256 selection) private view {
        for (uint256 number = 0; number < b.s.record.proposals; ++number) {
            bool selected = selection >> number & 1 != 0;
            require(!selected || !_isCopy(b, number), "copies_are_never_selected");
        }
    }

    /// @dev Nobody commits while evidence may still come.
    function evidence_comes_before_votes(World memory b) private view {
        require(block.timestamp >= b.s.proposeEnd + CHALLENGE, "evidence_comes_before_votes");
    }

    function _settled(World memory b, World memory a, Expected memory e) internal override {
        if (e.outcome == IFederation.Outcome.Accepted) ++_accepted;
        require(IMined(address(federation)).winnerOf(b.s.round) == e.winner, "block_is_won_by_the_strongest");
        only_convicts_forfeit_and_leave(b, a, e);
        convicts_gain_nothing(b, a, e);
    }

    /// @dev A convict's round brings it neither a share of the bounty nor a block: it is poorer by the whole bond.
    function convicts_gain_nothing(World memory b, World memory a, Expected memory e) private view {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_isConvicted(b, i, e)) continue;
            require(a.members[i].balance + _bond == b.members[i].balance, "convicts_gain_nothing");
            require(IMined(address(federation)).winnerOf(b.s.round) != participant(i), "convicts_gain_nothing");
        }
    }

    /// @dev A deposit is forfeited, and its owner out, exactly if it was accused in time and most ballots name it.
    function only_convicts_forfeit_and_leave(World memory b, World memory a, Expected memory e) private {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            bool guilty = _isConvicted(b, i, e);
            if (guilty) ++convicted;
            bool out = guilty || b.members[i].out || isBarred(a, participant(i));
            require(a.members[i].out == out, "only_convicts_forfeit_and_leave");
        }
    }
}

abstract contract BladeInvariants is Invariants {
    function _powBits() internal pure virtual returns (uint8);

    function _deploy() internal override returns (Handler) {
        IBlade.BladeTerms memory t = IBlade.BladeTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            managers: _managers(),
            publisher: address(0x9B1),
            bounty: 800,
            rule: "fedavg",
            rounds: 4,
            biddingEnds: uint40(block.timestamp + 1000),
            deadline: uint40(block.timestamp + 4000),
            winners: 6,
            minWinners: 3,
            minSamples: 2,
            maxSamples: 8,
            maxEpochs: 4,
            blockBps: 1500,
            powBits: _powBits(),
            challenge: 40,
            schedule: _schedule(100)
        });
        return new BladeHandler(new Blade(t), token, UNBONDING, _powBits());
    }

    function _countReached() internal override {
        BladeHandler h = BladeHandler(address(handler));
        _count("exit", h.done(IFederation.exit.selector), 1);
        _count("bid", h.done(IBlade.bid.selector), 20);
        _count("bids that put another out", h.outbids(), 1);
        _count("publish", h.done(IFederation.publish.selector), 50);
        _count("accuse", h.done(IBlade.accuse.selector), 10);
        _count("members convicted", h.convicted(), 2);
        _count("blocks won", h.blocks(), 5);
        _count("publications that win no block", h.idle(), 2);
        _count("reclaim", h.done(IBlade.reclaim.selector), 2);
        _count("tasks called off", h.calledOff(), _isManaged() ? 0 : 1);
    }

    /// @dev Nobody leaves before the task is over; the publisher has the rest then.
    function everybody_can_leave() internal override {
        vm.warp(block.timestamp + 4000);
        super.everybody_can_leave();
        if (federation.pool() != 0) IBlade(address(federation)).reclaim();
        require(token.balanceOf(address(federation)) == handler.forced(), "everybody_can_leave");
    }
}

/// @dev The highest stake wins the block.
contract InvariantsBladeTest is BladeInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 0;
    }
}

/// @dev The first proof of work wins it.
/// forge-config: ci.invariant.runs = 16
contract InvariantsBladeProofOfWorkTest is BladeInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 1;
    }
}

/// @dev Under managers.
/// forge-config: ci.invariant.runs = 16
contract InvariantsBladeManagedTest is BladeInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 0;
    }

    function _isManaged() internal pure override returns (bool) {
        return true;
    }
}
