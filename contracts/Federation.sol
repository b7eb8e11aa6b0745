// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Membership} from "./Membership.sol";
import {RoundBook} from "./RoundBook.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {IFederation} from "./interfaces/IFederation.sol";
import {Bitmap} from "./libraries/Bitmap.sol";
import {Draw} from "./libraries/Draw.sol";
import {Acts, Roles} from "./libraries/Flags.sol";
import {RoundClock} from "./libraries/RoundClock.sol";
import {StakeBook} from "./libraries/StakeBook.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The core of every federation: the course of a round.
/// @notice A federation is this core and a choice of policies for the axes: see `Axes.sol`.
/// @dev A round's money moves in two steps.
///
/// - *Settling* (`settle`) happens once a round. It fixes the outcome, the head, two rewards (per recipient or per
///   unit) and the pool. It never looks at members, so it costs the same for any number of them.
/// - *Booking* (`Membership._bookDue`) happens once a member and round. It computes from the settled record what the
///   member gained or lost, when the member next acts, deposits, claims, leaves, is collected or is evicted.
///
/// What always holds: a settled record never changes, so a booking gives the same result however late it comes. A
/// member never has more than one round to book, because an act in a later round books the earlier one first. Views
/// show balances as if everything were booked.
abstract contract Federation is Membership {
    using SafeCast for uint256;
    using StakeBook for StakeBook.Book;

    /// @dev The terms that the core needs.
    struct CoreTerms {
        address token;
        address beacon;
        bytes32 genesis;
        uint256 bond;
        Schedule schedule;
    }

    /// @inheritdoc IFederation
    IBeacon public immutable beacon;

    /// @inheritdoc IFederation
    bytes32 public head;
    bytes32 private _mix;
    /// @dev A proposer's pledge, until the account commits to a ballot; a voter's commitment. The next one overwrites
    /// the last, and the account's record says which of them it made, in which round.
    mapping(address account => bytes32) private _commitments;

    constructor(CoreTerms memory t) RoundBook(t.schedule) Membership(t.token, t.bond) {
        _requireTerm(t.token != address(0), "token", 0);
        _requireTerm(t.genesis != 0, "genesis", 0);
        _requireTerm(t.bond != 0 && t.bond <= StakeBook.MAX_STAKE, "bond", t.bond);
        Schedule memory s = t.schedule;
        // without a pause, one transaction could settle and open, and keep everybody from leaving
        _requireTerm(s.open != 0, "open", 0);
        _requireTerm(s.propose != 0, "propose", 0);
        _requireTerm(s.commit != 0, "commit", 0);
        _requireTerm(s.reveal != 0, "reveal", 0);
        // A stake that left can't be slashed, but members leave only in phase Open, and book what is due first. This
        // check is a second safeguard: even if a member could leave during a round, its stake would still be here when
        // the round ends.
        uint256 slashing = uint256(s.pledge) + s.propose + s.commit + s.reveal + s.publish;
        _requireTerm(s.unbonding >= slashing, "unbonding", s.unbonding);
        beacon = IBeacon(t.beacon);
        head = t.genesis;
    }

    // ------------------------------------------------------------------ actions

    /// @inheritdoc IFederation
    function open() external {
        _requirePhase(Phase.Open);
        Current storage c = _current;
        _requireTime(c.restUntil);
        (uint256 count, uint256 fewest) = _letIn();
        uint40 round = c.round + 1;
        if (count < fewest) {
            if ((round == 1 ? count : memberCount()) < _fewestMembers()) revert TooFewMembers(count, fewest);
            // Without a round those who joined since the last would wait for ever, and so would the founders who are
            // there for others who never come. A pause that is no shorter than a round lets these come, and lets
            // everybody else see the newcomers and leave.
            uint256 until = block.timestamp + _unbondingSeconds;
            c.restUntil = uint40(until);
            emit Postponed(round, until);
            return;
        }
        _checkOpen();

        (c.round, c.sealBlock) = (round, uint48(block.number));
        _rounds[round].members = uint16(count);
        emit Opened(round, count, block.number);
    }

    /// @inheritdoc IFederation
    function draw() external {
        _requirePhase(Phase.Draw);
        (uint256 round, uint256 sealBlock) = (_current.round, _current.sealBlock);
        if (block.number <= sealBlock) revert BlockTooEarly(block.number, sealBlock + 1);
        bytes32 entropy = address(beacon) == address(0) ? blockhash(sealBlock) : beacon.entropy(round, sealBlock);

        bytes32 seed = Draw.seedOf(entropy, _mix, round);
        _seed = seed;
        _rounds[round].drawnAt = uint40(block.timestamp);
        emit Drawn(round, seed);
    }

    /// @inheritdoc IFederation
    function pledge(uint256 round, bytes32 pledged) external {
        Part memory part = Part(Phase.Pledge, Roles.PROPOSER, Acts.PLEDGED);
        Round memory r = _requireRound(round, part);
        (Member memory m,) = _requireDrawn(round, r, part);
        if (pledged == 0) revert EmptyPledge();
        _bookMember(m);

        _saveSealed(m, round, part.act, pledged);
        _rounds[round].pledges = r.pledges + 1;
        emit Pledged(round, msg.sender, pledged);
    }

    /// @inheritdoc IFederation
    function propose(uint256 round, bytes32 digest, uint256 samples, uint256 epochs) external {
        Part memory part = Part(Phase.Propose, Roles.PROPOSER, Acts.PROPOSED);
        Round memory r = _requireRound(round, part);
        (Member memory m,) = _requireDrawn(round, r, part);
        if (digest == 0) revert EmptyDigest();
        // a phase Propose that follows a phase Pledge has pledges to wait for; no other has any
        if (r.pledges != 0) _requirePledged(m, round, digest, samples, epochs);
        _admit(round, r, digest, samples, epochs);
        _bookMember(m);

        m.updateNumber = r.proposals;
        _saveAct(m, round, part.act);
        _rounds[round].proposals = r.proposals + 1;
        emit Proposed(round, msg.sender, r.proposals, digest, samples, epochs);
    }

    /// @inheritdoc IFederation
    function commit(uint256 round, bytes32 commitment) external {
        Part memory part = Part(Phase.Commit, Roles.VOTER, Acts.COMMITTED);
        Round memory r = _requireRound(round, part);
        (Member memory m,) = _requireDrawn(round, r, part);
        if (commitment == 0) revert EmptyCommitment();
        _checkCommit(r);
        _bookMember(m);

        _saveSealed(m, round, part.act, commitment);
        _rounds[round].commits = r.commits + 1;
        emit Committed(round, msg.sender, commitment);
    }

    /// @inheritdoc IFederation
    function reveal(uint256 round, bytes calldata ballot, bytes32 salt) external {
        Part memory part = Part(Phase.Reveal, 0, Acts.REVEALED);
        Round memory r = _requireRound(round, part);
        Member memory m = _requireMember();
        _requireNotDone(m, round, part.act);
        if (m.round != round || m.acts & Acts.COMMITTED == 0) revert NotCommitted(msg.sender, round);
        bytes32 committed = _commitments[msg.sender];
        bytes32 revealed = commitmentOf(round, msg.sender, ballot, salt);
        if (revealed != committed) revert CommitmentMismatch(msg.sender, committed, revealed);

        m.option = _count(round, r, ballot);
        _saveAct(m, round, part.act);
        _mix ^= keccak256(abi.encode(msg.sender, salt));
        Round storage kept = _rounds[round];
        kept.reveals = r.reveals + 1;
        _saveTally(kept, r);
        emit Revealed(round, msg.sender, ballot, salt);
    }

    /// @inheritdoc IFederation
    function publish(uint256 round, bytes32 digest, uint256 selection, bytes32 nonce) external {
        Part memory part = Part(Phase.Publish, Roles.PUBLISHER, Acts.PUBLISHED);
        Round memory r = _requireRound(round, part);
        (Member memory m, uint8 roles) = _requireDrawn(round, r, part);
        _bookMember(m);

        m.option = _publish(round, r, m, roles, Publication(digest, Bitmap.wrap(selection), nonce));
        _saveAct(m, round, part.act);
        Round storage kept = _rounds[round];
        kept.publications = r.publications + 1;
        _saveTally(kept, r);
        emit Published(round, msg.sender, digest, selection, nonce);
    }

    /// @inheritdoc IFederation
    function settle() external {
        Current storage c = _current;
        uint256 round = c.round;
        Round memory r = _record(round);
        _requirePhase(r, Phase.Settle);

        Verdict memory v = _verdict(round, r);
        r.outcome = v.outcome;
        Payout memory p = _reward(round, r, c.pool);
        (c.pool, c.restUntil) = (p.pool.toUint128(), uint40(block.timestamp + _schedule().open));
        if (v.outcome == Outcome.Accepted) head = v.candidate;
        Round storage kept = _rounds[round];
        kept.outcome = v.outcome;
        if (p.proposerReward != 0 || p.voterReward != 0) {
            kept.proposerReward = p.proposerReward.toUint96();
            kept.voterReward = p.voterReward.toUint96();
        }
        emit Settled(
            round, v.outcome, v.candidate, head, v.votesFor, v.votesAgainst, p.proposerReward, p.voterReward, p.pool
        );
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFederation
    function status() external view returns (Status memory s) {
        Current storage c = _current;
        s.record = roundOf(c.round);
        s.phase = _phaseOf(s.record);
        s.round = c.round;
        s.restUntil = c.restUntil;
        s.sealBlock = c.sealBlock;
        s.members = uint16(memberCount());
        s.proposers = uint16(_proposers(s.record));
        s.voters = uint16(_voters(s.record));
        s.publishers = uint16(_publishers(s.record));
        s.head = head;
        s.pool = c.pool;
        if (s.record.drawnAt != 0) {
            Schedule memory schedule = _schedule();
            s.pledgeEnd = uint40(RoundClock.pledgeEnd(s.record, schedule));
            s.proposeEnd = uint40(RoundClock.proposeEnd(s.record, schedule));
            s.commitEnd = uint40(RoundClock.commitEnd(s.record, schedule));
            s.revealEnd = uint40(RoundClock.revealEnd(s.record, schedule));
            s.publishEnd = uint40(RoundClock.publishEnd(s.record, schedule));
            s.seed = _seed;
        }
    }

    /// @inheritdoc IFederation
    function members(uint256 start, uint256 count) external view returns (MemberView[] memory list) {
        uint256 size = memberCount();
        uint256 left = start < size ? size - start : 0;
        list = new MemberView[](count < left ? count : left);
        Round memory r = _record(_current.round);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _memberOf(_book.registry[start + i], r);
        }
    }

    /// @inheritdoc IFederation
    function memberOf(address account) external view returns (MemberView memory) {
        return _memberOf(account, _record(_current.round));
    }

    /// @inheritdoc IFederation
    function pledgeOf(uint256 round, address proposer, bytes32 digest, uint256 samples, uint256 epochs)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), round, proposer, digest, samples, epochs));
    }

    /// @inheritdoc IFederation
    function commitmentOf(uint256 round, address voter, bytes calldata ballot, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), round, voter, ballot, salt));
    }

    // ------------------------------------------------------------------ for actions

    /// @dev The caller's record and roles, if it is drawn for `part` in `round` and hasn't done that in it yet.
    function _requireDrawn(uint256 round, Round memory r, Part memory part)
        internal
        view
        returns (Member memory m, uint8 roles)
    {
        m = _requireMember();
        (, roles) = _partOf(r, msg.sender, m);
        if (roles & part.role == 0) revert WrongRole(msg.sender, roles, part.role);
        _requireNotDone(m, round, part.act);
    }

    /// @dev Revert unless the caller, of record `m`, pledged this update in `round`.
    function _requirePledged(Member memory m, uint256 round, bytes32 digest, uint256 samples, uint256 epochs)
        private
        view
    {
        if (m.round != round || m.acts & Acts.PLEDGED == 0) revert NotPledged(msg.sender, round);
        bytes32 pledged = _commitments[msg.sender];
        bytes32 shown = pledgeOf(round, msg.sender, digest, samples, epochs);
        if (shown != pledged) revert PledgeMismatch(msg.sender, pledged, shown);
    }

    /// @dev Record that the caller, whose booked record is `m`, did `act` in `round`; write the record.
    function _saveAct(Member memory m, uint256 round, uint8 act) private {
        // acts of another round were booked before, so overwriting them loses nothing
        m.acts = m.round == round ? m.acts | act : act;
        m.round = uint40(round);
        _book.save(msg.sender, m);
    }

    /// @dev The same for an act that seals `word`.
    function _saveSealed(Member memory m, uint256 round, uint8 act, bytes32 word) private {
        _saveAct(m, round, act);
        _commitments[msg.sender] = word;
    }

    function _saveTally(Round storage kept, Round memory r) private {
        kept.leadingCount = r.leadingCount;
        kept.options = r.options;
        kept.leadingOption = r.leadingOption;
    }

    function _memberOf(address account, Round memory r) private view returns (MemberView memory s) {
        s.account = account;
        s.record = _book.load(account);
        Member memory m = _book.load(account);
        (, bool banned) = _addDue(account, m);
        s.balance = m.stake;
        s.out = banned || s.record.standing == Standing.Banned || _barred(account);
        s.waitsFor = uint40(_waitsFor(m));
        (s.missed, s.missedRound) = _missed(account, m);
        s.absent = m.index != 0 && _isAbsent(account, m);
        if (r.drawnAt != 0 && r.outcome == Outcome.None) {
            (s.position, s.roles) = _partOf(r, account, m);
            if (s.out) s.roles = 0;
        }
    }
}
