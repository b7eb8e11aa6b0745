// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "./Axes.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {IFederation} from "./interfaces/IFederation.sol";
import {Draw} from "./libraries/Draw.sol";
import {RoundClock} from "./libraries/RoundClock.sol";
import {StakeBook} from "./libraries/StakeBook.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The core of every federation: membership, stakes and the course of a round.
/// @notice A federation is this core and a choice of policies for the axes: see `Axes.sol`.
/// @dev Every action checks, computes, writes, tells and only then transfers. Settling costs the same for any number
/// of members: what it is worth to each is worked out when the member next acts, claims, leaves or is collected.
abstract contract Federation is Axes, ReentrancyGuard {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using StakeBook for StakeBook.Book;

    /// @dev One slot. The pool can't outgrow its field but with a token of more than 2^128 units.
    struct Clock {
        uint40 round;
        uint40 restUntil;
        uint48 sealBlock;
        uint128 pool;
    }

    /// @inheritdoc IFederation
    IERC20 public immutable token;
    /// @inheritdoc IFederation
    IBeacon public immutable beacon;
    /// @inheritdoc IFederation
    uint256 public immutable bond;
    /// @dev Digest of the model to start from.
    bytes32 internal immutable _genesis;

    uint32 private immutable _openSeconds;
    uint32 private immutable _proposeSeconds;
    uint32 private immutable _commitSeconds;
    uint32 private immutable _revealSeconds;
    uint32 private immutable _publishSeconds;
    uint32 private immutable _unbondingSeconds;

    /// @inheritdoc IFederation
    bytes32 public head;
    bytes32 private _seed;
    bytes32 private _mix;
    Clock private _clock;
    StakeBook.Book private _book;
    mapping(uint256 round => Round) private _rounds;
    /// @dev Overwritten by a voter's next commitment; whose round it is, the voter's entry says.
    mapping(address voter => bytes32) private _commitments;

    constructor(address token_, address beacon_, bytes32 genesis, uint256 bond_, Schedule memory s) {
        _requireTerm(token_ != address(0), "token", 0);
        _requireTerm(genesis != 0, "genesis", 0);
        _requireTerm(bond_ != 0 && bond_ <= StakeBook.MAX_STAKE, "bond", bond_);
        _requireTerm(s.propose != 0, "propose", 0);
        _requireTerm(s.commit != 0, "commit", 0);
        _requireTerm(s.reveal != 0, "reveal", 0);
        uint256 slashing = uint256(s.propose) + s.commit + s.reveal + s.publish;
        _requireTerm(s.unbonding >= slashing, "unbonding", s.unbonding);
        token = IERC20(token_);
        beacon = IBeacon(beacon_);
        bond = bond_;
        _genesis = genesis;
        head = genesis;
        _openSeconds = s.open;
        _proposeSeconds = s.propose;
        _commitSeconds = s.commit;
        _revealSeconds = s.reveal;
        _publishSeconds = s.publish;
        _unbondingSeconds = s.unbonding;
    }

    // ------------------------------------------------------------------ membership

    /// @inheritdoc IFederation
    function join(uint256 stake) external nonReentrant {
        _requirePhase(Phase.Open);
        Member memory m = _book.load(msg.sender);
        if (m.standing == Standing.Banned) revert AccountBanned(msg.sender);
        if (m.standing != Standing.Stranger) revert AlreadyMember(msg.sender, m.standing);
        if (stake < bond) revert StakeTooLow(stake, bond);
        if (stake > StakeBook.MAX_STAKE) revert AmountTooLarge(stake, StakeBook.MAX_STAKE);

        m.stake = uint96(stake);
        m.standing = Standing.Member;
        _book.register(msg.sender, m);
        _book.save(msg.sender, m);
        emit Joined(msg.sender, stake);
        _pull(stake);
    }

    /// @inheritdoc IFederation
    function deposit(uint256 amount) external nonReentrant {
        _requirePhase(Phase.Open);
        Member memory m = _requireMember();
        if (amount == 0) revert ZeroAmount();
        _bookMember(m);
        uint256 room = StakeBook.MAX_STAKE - m.stake;
        if (amount > room) revert AmountTooLarge(amount, room);

        m.stake += uint96(amount);
        _book.save(msg.sender, m);
        emit Deposited(msg.sender, amount, m.stake);
        _pull(amount);
    }

    /// @inheritdoc IFederation
    function exit() external {
        _requirePhase(Phase.Open);
        Member memory m = _book.load(msg.sender);
        if (m.standing != Standing.Member) revert NotMember(msg.sender, m.standing);
        _bookMember(m);

        _unregister(m);
        m.standing = Standing.Leaving;
        _book.save(msg.sender, m);
        emit Left(msg.sender, m.stake, m.unbondsAt);
    }

    /// @inheritdoc IFederation
    function withdraw() external nonReentrant {
        Member memory m = _book.load(msg.sender);
        if (m.index != 0 || m.stake == 0) revert NothingToWithdraw(msg.sender);
        if (block.timestamp < m.unbondsAt) revert TooEarly(block.timestamp, m.unbondsAt);

        uint256 amount = m.stake;
        m.stake = 0;
        if (m.standing == Standing.Leaving) m.standing = Standing.Stranger;
        _book.save(msg.sender, m);
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IFederation
    function claim() external nonReentrant {
        Member memory m = _book.load(msg.sender);
        if (m.standing != Standing.Member) revert NotMember(msg.sender, m.standing);
        _requireNotInPlay(msg.sender, m);
        _bookMember(m);
        if (m.stake <= bond) revert NothingToClaim(msg.sender);

        uint256 amount = m.stake - bond;
        m.stake = uint96(bond);
        _book.save(msg.sender, m);
        emit Claimed(msg.sender, amount, bond);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IFederation
    function collect(address account) external {
        Member memory m = _book.load(account);
        if (m.standing == Standing.Stranger) revert NotMember(account, m.standing);
        _requireNotInPlay(account, m);
        _bookDue(account, m);
        _book.save(account, m);
    }

    /// @inheritdoc IFederation
    function evict(address[] calldata accounts) external {
        _requirePhase(Phase.Open);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            Member memory m = _book.load(account);
            if (m.index == 0) continue;
            _bookDue(account, m);
            if (m.standing == Standing.Banned) {
                _unregister(m);
                emit Evicted(account, m.stake, m.unbondsAt);
            }
            _book.save(account, m);
        }
    }

    // ------------------------------------------------------------------ a round

    /// @inheritdoc IFederation
    function open() external {
        _requirePhase(Phase.Open);
        Clock memory c = _clock;
        if (block.timestamp < c.restUntil) revert TooEarly(block.timestamp, c.restUntil);
        uint256 members = _book.registry.length;
        if (members < _fewestMembers()) revert TooFewMembers(members, _fewestMembers());

        ++c.round;
        c.sealBlock = uint48(block.number);
        _clock = c;
        _rounds[c.round].members = uint32(members);
        emit Opened(c.round, members, block.number);
    }

    /// @inheritdoc IFederation
    function draw() external {
        _requirePhase(Phase.Draw);
        (uint256 number, uint256 sealBlock) = (_clock.round, _clock.sealBlock);
        if (block.number <= sealBlock) revert BlockTooEarly(block.number, sealBlock + 1);
        bytes32 entropy = address(beacon) == address(0) ? blockhash(sealBlock) : beacon.entropy(number, sealBlock);

        bytes32 seed = Draw.seedOf(entropy, _mix, number);
        _seed = seed;
        _rounds[number].drawnAt = uint40(block.timestamp);
        emit Drawn(number, seed);
    }

    /// @inheritdoc IFederation
    function propose(uint256 round, bytes32 digest, uint256 samples) external {
        Round memory r = _requireRound(round, Phase.Propose);
        (Member memory m, uint256 position) = _requireDrawn(round, r, Role.Proposer);
        if (digest == 0) revert EmptyDigest();
        _admit(round, r, position, digest, samples);
        _bookMember(m);

        m.act = Act.Proposed;
        m.round = uint40(round);
        _book.save(msg.sender, m);
        _rounds[round].proposals = r.proposals + 1;
        emit Proposed(round, msg.sender, position, digest, samples);
    }

    /// @inheritdoc IFederation
    function commit(uint256 round, bytes32 commitment) external {
        Round memory r = _requireRound(round, Phase.Commit);
        (Member memory m,) = _requireDrawn(round, r, Role.Voter);
        if (commitment == 0) revert EmptyCommitment();
        _bookMember(m);

        m.act = Act.Committed;
        m.round = uint40(round);
        _book.save(msg.sender, m);
        _commitments[msg.sender] = commitment;
        _rounds[round].commits = r.commits + 1;
        emit Committed(round, msg.sender, commitment);
    }

    /// @inheritdoc IFederation
    function reveal(uint256 round, bytes32 ballot, bytes32 salt) external {
        Round memory r = _requireRound(round, Phase.Reveal);
        Member memory m = _book.load(msg.sender);
        if (m.round != round || m.act != Act.Committed) {
            if (m.round == round && m.act == Act.Revealed) revert AlreadyActed(msg.sender, round, m.act);
            revert NotCommitted(msg.sender, round);
        }
        bytes32 committed = _commitments[msg.sender];
        bytes32 revealed = commitmentOf(round, msg.sender, ballot, salt);
        if (revealed != committed) revert CommitmentMismatch(msg.sender, committed, revealed);

        m.act = Act.Revealed;
        m.option = _count(round, r, msg.sender, ballot);
        _book.save(msg.sender, m);
        _mix ^= keccak256(abi.encode(msg.sender, salt));
        Round storage kept = _rounds[round];
        kept.reveals = r.reveals + 1;
        kept.lead = r.lead;
        kept.options = r.options;
        kept.leader = r.leader;
        emit Revealed(round, msg.sender, ballot, salt);
    }

    /// @inheritdoc IFederation
    function settle() external {
        Clock memory c = _clock;
        Round memory r = _record(c.round);
        _requirePhase(c.round, r, Phase.Settle);

        Verdict memory v = _verdict(c.round, r);
        r.outcome = v.outcome;
        Payout memory p = _reward(c.round, r, c.pool);
        c.pool = p.pool.toUint128();
        c.restUntil = uint40(block.timestamp + _openSeconds);
        _clock = c;
        if (v.outcome == Outcome.Accepted) head = v.candidate;
        Round storage kept = _rounds[c.round];
        kept.outcome = v.outcome;
        if (p.proposerReward != 0 || p.voterReward != 0) {
            kept.proposerReward = p.proposerReward.toUint96();
            kept.voterReward = p.voterReward.toUint96();
        }
        emit Settled(
            c.round, v.outcome, v.candidate, head, v.votesFor, v.votesAgainst, p.proposerReward, p.voterReward, p.pool
        );
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFederation
    function pool() external view returns (uint256) {
        return _clock.pool;
    }

    /// @inheritdoc IFederation
    function phase() external view returns (Phase) {
        (uint256 round, Round memory r) = _current();
        return _phaseOf(round, r);
    }

    /// @inheritdoc IFederation
    function status() external view returns (Status memory s) {
        Clock memory c = _clock;
        s.record = roundOf(c.round);
        s.phase = _phaseOf(c.round, s.record);
        s.round = c.round;
        s.restUntil = c.restUntil;
        s.sealBlock = c.sealBlock;
        s.members = uint32(_book.registry.length);
        s.seats = uint32(_seats());
        s.head = head;
        s.pool = c.pool;
        if (s.record.drawnAt != 0) {
            Schedule memory schedule = _schedule();
            s.proposeEnd = uint40(RoundClock.proposeEnd(s.record, schedule));
            s.commitEnd = uint40(RoundClock.commitEnd(s.record, schedule));
            s.revealEnd = uint40(RoundClock.revealEnd(s.record, schedule));
            s.seed = _seed;
        }
    }

    /// @inheritdoc IFederation
    function roundOf(uint256 round) public view returns (Round memory) {
        return _rounds[round];
    }

    /// @inheritdoc IFederation
    function memberCount() external view returns (uint256) {
        return _book.registry.length;
    }

    /// @inheritdoc IFederation
    function seats(uint256 start, uint256 count) external view returns (Seat[] memory list) {
        uint256 size = _book.registry.length;
        uint256 left = start < size ? size - start : 0;
        list = new Seat[](count < left ? count : left);
        (uint256 round, Round memory r) = _current();
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _seat(_book.registry[start + i], round, r);
        }
    }

    /// @inheritdoc IFederation
    function seatOf(address account) external view returns (Seat memory) {
        (uint256 round, Round memory r) = _current();
        return _seat(account, round, r);
    }

    /// @inheritdoc IFederation
    function commitmentOf(uint256 round, address voter, bytes32 ballot, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), round, voter, ballot, salt));
    }

    // ------------------------------------------------------------------ checks

    function _phaseOf(uint256 round, Round memory r) private view returns (Phase current) {
        current = RoundClock.phase({
            r: r,
            s: _schedule(),
            seats: _seats(),
            voters: r.members == 0 ? 0 : _voters(round, r),
            sealBlock: r.drawnAt == 0 ? _clock.sealBlock : 0,
            time: block.timestamp,
            blockNumber: block.number
        });
        if (current == Phase.Publish && !_awaitsPublication(round, r)) return Phase.Settle;
    }

    function _requirePhase(Phase needed) private view {
        (uint256 round, Round memory r) = _current();
        _requirePhase(round, r, needed);
    }

    function _requirePhase(uint256 round, Round memory r, Phase needed) private view {
        Phase current = _phaseOf(round, r);
        if (current != needed) revert WrongPhase(current, needed);
    }

    /// @dev Only the current round is drawn and not settled: which it is, is looked up only where that doesn't tell.
    function _requireRound(uint256 round, Phase needed) internal view returns (Round memory r) {
        r = _record(round);
        bool running = r.drawnAt != 0 && r.outcome == Outcome.None;
        if (!running && round != _clock.round) revert WrongRound(round, _clock.round);
        _requirePhase(round, r, needed);
    }

    /// @dev The caller's entry and position, if it is drawn to be `needed` in `round` and hasn't acted in it yet.
    function _requireDrawn(uint256 round, Round memory r, Role needed)
        internal
        view
        returns (Member memory m, uint256 position)
    {
        m = _requireMember();
        position = Draw.position(_seed, m.index - 1, r.members);
        Role role = _roleAt(round, r, msg.sender, position);
        if (role != needed) revert WrongRole(msg.sender, role, needed);
        if (m.act != Act.None && m.round == round) revert AlreadyActed(msg.sender, round, m.act);
    }

    /// @dev The caller's entry, if it is a member.
    function _requireMember() private view returns (Member memory m) {
        m = _book.load(msg.sender);
        if (m.standing == Standing.Banned) revert AccountBanned(msg.sender);
        if (m.standing != Standing.Member) revert NotMember(msg.sender, m.standing);
    }

    function _requireNotInPlay(address account, Member memory m) private view {
        if (m.act != Act.None && _rounds[m.round].outcome == Outcome.None) revert SeatInPlay(account, m.round);
    }

    // ------------------------------------------------------------------ booking

    /// @dev The stake of entry `m` with what is due, whether anything is, and the round that it is due from.
    function _accrued(address account, Member memory m)
        private
        view
        returns (uint256 stake, bool settled, Round memory r)
    {
        stake = m.stake;
        if (m.act == Act.None) return (stake, false, r);
        r = roundOf(m.round);
        settled = r.outcome != Outcome.None;
        if (settled) stake = StakeBook.withDue(stake, _due(account, m, r));
    }

    /// @dev Book what is due to `account`. The caller writes the entry `m`.
    function _bookDue(address account, Member memory m) private {
        (uint256 stake, bool settled, Round memory r) = _accrued(account, m);
        if (!settled) return;
        emit Collected(account, m.round, int256(stake) - int256(uint256(m.stake)), stake);
        m.stake = uint96(stake);
        m.act = Act.None;
        if (_mustLeave(account, m, r)) {
            m.standing = Standing.Banned;
            emit Banned(account, m.round, stake);
        }
    }

    /// @dev Book what is due to the caller, and refuse to go on if that bans it.
    function _bookMember(Member memory m) private {
        _bookDue(msg.sender, m);
        if (m.standing == Standing.Banned) revert AccountBanned(msg.sender);
    }

    /// @dev Take entry `m` out of the registry and start its unbonding. The caller writes `m`.
    function _unregister(Member memory m) private {
        _book.strike(m);
        m.unbondsAt = uint40(block.timestamp + _unbondingSeconds);
    }

    /// @dev Transfer `amount` in from the caller, all of it.
    function _pull(uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 current = token.balanceOf(address(this));
        uint256 received = current > before ? current - before : 0;
        if (received != amount) revert TransferMismatch(amount, received);
    }

    function _schedule() internal view returns (Schedule memory) {
        return Schedule({
            open: _openSeconds,
            propose: _proposeSeconds,
            commit: _commitSeconds,
            reveal: _revealSeconds,
            publish: _publishSeconds,
            unbonding: _unbondingSeconds
        });
    }

    function _current() private view returns (uint256, Round memory) {
        return (_clock.round, _record(_clock.round));
    }

    /// @dev The record of `round` without its rewards: one slot.
    function _record(uint256 round) private view returns (Round memory r) {
        Round storage kept = _rounds[round];
        r.drawnAt = kept.drawnAt;
        r.members = kept.members;
        r.proposals = kept.proposals;
        r.commits = kept.commits;
        r.reveals = kept.reveals;
        r.lead = kept.lead;
        r.options = kept.options;
        r.leader = kept.leader;
        r.outcome = kept.outcome;
    }

    function _seat(address account, uint256 round, Round memory r) private view returns (Seat memory s) {
        s.account = account;
        s.member = _book.load(account);
        (s.balance,,) = _accrued(account, s.member);
        if (s.member.index != 0 && r.drawnAt != 0 && r.outcome == Outcome.None) {
            s.position = uint32(Draw.position(_seed, s.member.index - 1, r.members));
            s.role = _roleAt(round, r, account, s.position);
        }
    }
}
