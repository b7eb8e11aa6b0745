// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Watch, World} from "./Watch.sol";

/// @dev Members, outsiders, the token's owner and time, for any federation. What a function here does is allowed, and
/// must go through; what `trespass` does is not, and must be refused; `meddle` tries anything.
abstract contract Handler is Watch {
    uint256 public constant PARTICIPANTS = 8;

    /// @dev The ballot and the round of a participant's last commitment.
    mapping(address account => bytes) internal _ballots;
    mapping(address account => uint256) internal _sealedIn;
    mapping(address account => bool) internal _isBad;
    /// @dev The claims and the round of a participant's last pledge.
    mapping(address account => uint256[2]) private _pledgedClaims;
    mapping(address account => uint256) private _pledgedIn;
    /// @dev What a campaign calls here.
    bytes4[] internal _selectors;

    constructor() {
        _selectors = [
            Handler.join.selector,
            Handler.gather.selector,
            Handler.deposit.selector,
            Handler.exit.selector,
            Handler.withdraw.selector,
            Handler.claim.selector,
            Handler.collect.selector,
            Handler.evict.selector,
            Handler.fund.selector,
            Handler.advance.selector,
            Handler.advanceFar.selector,
            Handler.advanceAgreeing.selector,
            Handler.pass.selector,
            Handler.mint.selector,
            Handler.trespass.selector,
            Handler.meddle.selector
        ];
        for (uint256 i = 0; i <= PARTICIPANTS; ++i) {
            _include(participant(i));
        }
    }

    function _include(address account) internal {
        accounts.push(account);
        vm.prank(account);
        token.approve(address(federation), type(uint256).max);
    }

    function _limit(uint256 newcomers, address[] memory founders) internal override {
        super._limit(newcomers, founders);
        if (newcomers != 0) _selectors.push(Handler.comeBack.selector);
    }

    function selectors() external view returns (bytes4[] memory) {
        return _selectors;
    }

    function participant(uint256 i) public pure returns (address) {
        return address(uint160(0xACC000 + i));
    }

    /// @dev Somebody who never joins.
    function outsider() internal pure returns (address) {
        return participant(PARTICIPANTS);
    }

    // ------------------------------------------------------------------ what a mechanism says

    /// @dev A ballot that counts.
    function _ballotFor(World memory w, uint256 i, uint256 choice) internal virtual returns (bytes memory);

    /// @dev A ballot that says nothing.
    function _badBallot(World memory w, uint256 choice) internal view virtual returns (bytes memory);

    /// @dev What participant `i` may claim.
    function _claimsOf(uint256 i, uint256 choice) internal view virtual returns (uint256 samples, uint256 epochs);

    /// @dev A publication that is taken.
    function _publicationFor(World memory w, uint256 i, uint256 choice)
        internal
        virtual
        returns (bytes32 digest, uint256 selection, bytes32 nonce)
    {}

    /// @dev What a stranger does to become a member.
    function _joining(uint256, uint256 stake) internal virtual returns (bytes memory) {
        return abi.encodeCall(IFederation.join, (stake));
    }

    function _fee() internal view virtual returns (uint256) {
        return 0;
    }

    function _movesPool(bytes4 action) internal view virtual override returns (bool) {
        return (action == IFederation.join.selector && _fee() != 0) || super._movesPool(action);
    }

    function _mayJoin(World memory, uint256) internal view virtual returns (bool) {
        return true;
    }

    /// @dev Whether the managers, if there are any, keep `account` out of the round in progress or, between rounds, of
    /// the next.
    function isBarred(World memory w, address account) public view virtual returns (bool);

    function _mayExit(World memory) internal view virtual returns (bool) {
        return true;
    }

    /// @dev Whether a federation with enough members may open a round, now or when it has rested.
    function _mayOpen(World memory) internal virtual returns (bool) {
        return true;
    }

    /// @dev What else members do in phase Reveal.
    function _revealMore(World memory w, uint256) internal virtual returns (World memory) {
        return w;
    }

    /// @dev Let time pass until votes may be cast, where that is later than the phase.
    function _awaitCommit(World memory w, uint256) internal virtual returns (World memory) {
        return w;
    }

    // ------------------------------------------------------------------ membership

    function join(uint256 who, uint256 stake) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        if (!_canJoin(w, i)) return;
        uint256 spare = w.wallets[i] - _fee();
        stake = _within(stake, _bond, spare < 3 * _bond ? spare : 3 * _bond);
        _call(w, participant(i), _joining(i, stake));
    }

    /// @dev Everybody who can joins, so that rounds are played; two of them later, where that makes a difference.
    function gather() external {
        _gather(look());
    }

    function _gather(World memory w) internal returns (World memory) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            bool later = _newcomers != 0 && w.s.round == 0 && i + 2 >= PARTICIPANTS;
            if (!later && _canJoin(w, i)) w = _call(w, participant(i), _joining(i, _bond));
        }
        return w;
    }

    function deposit(uint256 who, uint256 amount) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        if (w.s.phase != IFederation.Phase.Open || w.wallets[i] == 0 || !_isIn(w, i)) return;
        _call(w, participant(i), abi.encodeCall(IFederation.deposit, (_within(amount, 1, w.wallets[i]))));
    }

    function exit(uint256 who) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        // some stay: an empty federation tests nothing; now and then somebody leaves that waits
        if (who % 2 != 0) {
            for (i = 0; w.members[i].waitsFor == 0;) {
                if (++i == PARTICIPANTS) return;
            }
        }
        if (w.s.phase != IFederation.Phase.Open || !_isIn(w, i) || !_mayExit(w)) return;
        _call(w, participant(i), abi.encodeCall(IFederation.exit, ()));
    }

    function withdraw(uint256 who) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        for (uint256 n = 1; n < PARTICIPANTS && w.members[i].record.index != 0; ++n) {
            i = (i + 1) % PARTICIPANTS;
        }
        IFederation.Member memory m = w.members[i].record;
        if (m.index != 0 || m.stake == 0) return;
        if (block.timestamp < m.unbondsAt) _to(w, m.unbondsAt);
        _call(w, participant(i), abi.encodeCall(IFederation.withdraw, ()));
    }

    /// @dev Most of those who are in leave between two rounds, and perhaps one who waits, and those who can come back are
    /// too late for the next. Only where that makes a difference.
    function comeBack(uint256 who) external {
        World memory w = look();
        if (w.s.phase != IFederation.Phase.Open || w.s.round == 0) return;
        uint256 staying = 0;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_isIn(w, i)) continue;
            bool leaves = w.members[i].waitsFor == 0 ? ++staying >= _fewest() : i == who % PARTICIPANTS;
            if (!leaves) continue;
            w = _call(w, participant(i), abi.encodeCall(IFederation.exit, ()));
            _to(w, w.members[i].record.unbondsAt);
            w = _call(w, participant(i), abi.encodeCall(IFederation.withdraw, ()));
        }
        w = _gather(w);
        if (w.s.members < _fewest() || !_mayOpen(w)) return;
        if (block.timestamp < w.s.restUntil) _to(w, w.s.restUntil);
        _call(w, outsider(), abi.encodeCall(IFederation.open, ()));
    }

    function claim(uint256 who) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        if (!_isIn(w, i) || _inPlay(w, i) || w.members[i].balance <= _bond) return;
        _call(w, participant(i), abi.encodeCall(IFederation.claim, ()));
    }

    /// @dev Anybody books anybody's dues; the second time changes nothing.
    function collect(uint256 who) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        if (w.members[i].record.standing == IFederation.Standing.Stranger || _inPlay(w, i)) return;
        bytes memory data = abi.encodeCall(IFederation.collect, (participant(i)));
        w = _call(w, outsider(), data);
        World memory again = _call(w, outsider(), data);
        bool same = keccak256(abi.encode(w.members[i])) == keccak256(abi.encode(again.members[i]));
        require(same, "a_booking_is_what_was_foretold");
    }

    function evict(uint256 who) external {
        World memory w = look();
        if (w.s.phase != IFederation.Phase.Open) return;
        address[] memory list = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            list[i] = participant((who % PARTICIPANTS + i) % PARTICIPANTS);
        }
        _call(w, outsider(), abi.encodeCall(IFederation.evict, (list)));
    }

    function fund(uint256 who, uint256 amount) external {
        World memory w = look();
        uint256 i = who % accounts.length;
        if (w.wallets[i] != 0) {
            _call(w, accounts[i], abi.encodeCall(IFederation.fund, (_within(amount, 1, w.wallets[i]))));
        }
    }

    // ------------------------------------------------------------------ a round

    /// @dev A step of the round in progress, as far as some of the members bring it.
    function advance(uint256 which, uint256 choice) external {
        _step(look(), which, choice);
    }

    /// @dev More such steps, which may well settle the round.
    function advanceFar(uint256 which, uint256 choice) external {
        _steps(which, choice);
    }

    /// @dev The same with the voters mostly of one mind.
    function advanceAgreeing(uint256 which, uint256 choice) external {
        uint256 same;
        for (uint256 i = 0; i < 64; ++i) {
            uint256 nibble = (choice >> (4 * i)) & 15;
            same |= (nibble < 3 ? nibble : choice & 15) << (4 * i);
        }
        _steps(which, same);
    }

    function _steps(uint256 which, uint256 choice) private {
        World memory w = look();
        for (uint256 i = 0; i < 6; ++i) {
            w = _step(w, uint256(keccak256(abi.encode(which, i))), choice);
        }
    }

    function _step(World memory w, uint256 which, uint256 choice) private returns (World memory) {
        IFederation.Phase phase = w.s.phase;
        if (phase == IFederation.Phase.Open) return _open(w);
        if (phase == IFederation.Phase.Draw) return _draw(w, which % 1000);
        if (phase == IFederation.Phase.Settle) {
            return _call(w, outsider(), abi.encodeCall(IFederation.settle, ()));
        }
        if (phase == IFederation.Phase.Pledge) w = _pledge(w, which, choice);
        else if (phase == IFederation.Phase.Propose) w = _propose(w, which, choice);
        else if (phase == IFederation.Phase.Commit) w = _commit(w, which, choice);
        else if (phase == IFederation.Phase.Reveal) w = _revealMore(_reveal(w, which), which);
        else w = _publish(w, which, choice);
        if (w.s.phase == phase) _to(w, block.timestamp + 100);
        return w;
    }

    function _open(World memory w) private returns (World memory) {
        if (_ready(w) < _needed(w)) w = _gather(w);
        if (_ready(w) < _needed(w) || !_mayOpen(w)) return w;
        if (block.timestamp < w.s.restUntil) _to(w, w.s.restUntil);
        return _call(w, outsider(), abi.encodeCall(IFederation.open, ()));
    }

    /// @dev How many would be in if a round opened.
    function _ready(World memory w) private pure returns (uint256 count) {
        for (uint256 i = 0; i < w.members.length; ++i) {
            if (w.members[i].record.index != 0 && w.members[i].waitsFor <= w.s.round + 1) ++count;
        }
    }

    function _draw(World memory w, uint256 blocks) private returns (World memory) {
        // one draw in a while is missed
        vm.roll(block.number + 1 + (blocks > 900 ? 256 : 0));
        w.s = federation.status();
        if (w.s.phase != IFederation.Phase.Draw) return w;
        return _call(w, outsider(), abi.encodeCall(IFederation.draw, ()));
    }

    function _pledge(World memory w, uint256 which, uint256 choice) private returns (World memory) {
        uint256 round = w.s.round;
        for (uint256 i = 0; i < PARTICIPANTS && w.s.phase == IFederation.Phase.Pledge; ++i) {
            if ((which >> i) % 8 == 0 || !_isDue(w, i, Roles.PROPOSER, Acts.PLEDGED)) continue;
            address account = participant(i);
            (uint256 samples, uint256 epochs) = _claimsOf(i, choice >> (8 * i));
            bytes32 pledge = federation.pledgeOf(round, account, _updateOf(i, round), samples, epochs);
            w = _call(w, account, abi.encodeCall(IFederation.pledge, (round, pledge)));
            (_pledgedClaims[account], _pledgedIn[account]) = ([samples, epochs], round);
        }
        return w;
    }

    function _propose(World memory w, uint256 which, uint256 choice) private returns (World memory) {
        uint256 round = w.s.round;
        for (uint256 i = 0; i < PARTICIPANTS && w.s.phase == IFederation.Phase.Propose; ++i) {
            if ((which >> i) % 8 == 0 || !_isDue(w, i, Roles.PROPOSER, Acts.PROPOSED)) continue;
            address account = participant(i);
            (uint256 samples, uint256 epochs) = _claimsOf(i, choice >> (8 * i));
            bool pledged = _pledgedIn[account] == round;
            if (pledged) (samples, epochs) = (_pledgedClaims[account][0], _pledgedClaims[account][1]);
            bytes memory data = abi.encodeCall(IFederation.propose, (round, _updateOf(i, round), samples, epochs));
            if (_isPledging(w) && !pledged) _refused(account, data, "an update that wasn't pledged");
            else w = _call(w, account, data);
        }
        return w;
    }

    function _updateOf(uint256 i, uint256 round) private pure returns (bytes32) {
        return keccak256(abi.encode(i, round));
    }

    function _commit(World memory w, uint256 which, uint256 choice) private returns (World memory) {
        uint256 round = w.s.round;
        w = _awaitCommit(w, which);
        for (uint256 i = 0; i < PARTICIPANTS && w.s.phase == IFederation.Phase.Commit; ++i) {
            if ((which >> i) % 8 == 0 || !_isDue(w, i, Roles.VOTER, Acts.COMMITTED)) continue;
            address account = participant(i);
            // a few say nothing that counts, and can't reveal it
            bool bad = (which >> (i + 100)) % 16 == 0;
            bytes memory ballot = bad ? _badBallot(w, choice) : _ballotFor(w, i, choice >> (8 * i));
            bytes32 hidden = federation.commitmentOf(round, account, ballot, _saltOf(account, round));
            w = _call(w, account, abi.encodeCall(IFederation.commit, (round, hidden)));
            (_ballots[account], _sealedIn[account], _isBad[account]) = (ballot, round, bad);
        }
        return w;
    }

    function _reveal(World memory w, uint256 which) private returns (World memory) {
        uint256 round = w.s.round;
        for (uint256 i = 0; i < PARTICIPANTS && w.s.phase == IFederation.Phase.Reveal; ++i) {
            address account = participant(i);
            if ((which >> i) % 8 == 0 || _sealedIn[account] != round) continue;
            if (w.members[i].record.acts & Acts.REVEALED != 0) continue;
            bytes memory data = abi.encodeCall(IFederation.reveal, (round, _ballots[account], _saltOf(account, round)));
            if (_isBad[account]) _refused(account, data, "a ballot that says nothing");
            else if (w.members[i].out) _refused(account, data, "reveal by who is out");
            else w = _call(w, account, data);
        }
        return w;
    }

    function _publish(World memory w, uint256 which, uint256 choice) private returns (World memory) {
        uint256 round = w.s.round;
        for (uint256 i = 0; i < PARTICIPANTS && w.s.phase == IFederation.Phase.Publish; ++i) {
            if ((which >> i) % 8 == 0 || !_isDue(w, i, Roles.PUBLISHER, Acts.PUBLISHED)) continue;
            (bytes32 digest, uint256 selection, bytes32 nonce) = _publicationFor(w, i, choice >> (8 * i));
            bytes memory data = abi.encodeCall(IFederation.publish, (round, digest, selection, nonce));
            w = _call(w, participant(i), data);
        }
        return w;
    }

    // ------------------------------------------------------------------ time, and the token's owner

    function pass(uint256 time) external {
        vm.warp(block.timestamp + _within(time, 1, 120));
        vm.roll(block.number + 1);
    }

    /// @dev Let it be `time`: of what is seen only the phase depends on it.
    function _to(World memory w, uint256 time) internal {
        vm.warp(time);
        vm.roll(block.number + 1);
        w.s = federation.status();
    }

    /// @dev Tokens that the federation didn't ask for, and fresh ones for somebody.
    function mint(uint256 who, uint256 amount) external {
        amount = _within(amount, 1, 3 * _bond);
        if (who % 2 == 0) {
            vm.prank(token.minter());
            token.mint(address(federation), amount);
            forced += amount;
        } else {
            vm.prank(token.minter());
            token.mint(participant(who / 2 % PARTICIPANTS), amount);
        }
    }

    // ------------------------------------------------------------------ what isn't allowed

    /// @dev Something against the rules, whatever the state; it must be refused.
    function trespass(uint256 who, uint256 what, uint256 x) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        what %= 9;
        if (what == 0) _actInAnotherPhase(w, i, x);
        else if (what == 1) _actWithoutRole(w, i);
        else if (what == 2) _actWhenOut(w, i);
        else if (what == 3) _actAgain(w, i);
        else if (what == 4) _actAsAnOutsider(w, outsider(), x);
        else if (what == 5) _takeTooEarly(w, i);
        else if (what == 6) _revealWhatWasNotCommitted(w, i, x);
        else if (what == 7) _proposeWhatWasNotPledged(w, i, x);
        else _sayNonsense(w, i, x);
    }

    function _actInAnotherPhase(World memory w, uint256 i, uint256 x) private {
        (address account, uint256 round) = (participant(i), w.s.round);
        IFederation.Phase[10] memory needed = [
            IFederation.Phase.Open,
            IFederation.Phase.Open,
            IFederation.Phase.Open,
            IFederation.Phase.Draw,
            IFederation.Phase.Pledge,
            IFederation.Phase.Propose,
            IFederation.Phase.Commit,
            IFederation.Phase.Reveal,
            IFederation.Phase.Publish,
            IFederation.Phase.Settle
        ];
        bytes[10] memory calls = [
            abi.encodeCall(IFederation.join, (_bond)),
            abi.encodeCall(IFederation.exit, ()),
            abi.encodeCall(IFederation.open, ()),
            abi.encodeCall(IFederation.draw, ()),
            abi.encodeCall(IFederation.pledge, (round, "pledge")),
            abi.encodeCall(IFederation.propose, (round, "digest", 1, 1)),
            abi.encodeCall(IFederation.commit, (round, "hidden")),
            abi.encodeCall(IFederation.reveal, (round, _ballots[account], _saltOf(account, round))),
            abi.encodeCall(IFederation.publish, (round, "digest", 1, 0)),
            abi.encodeCall(IFederation.settle, ())
        ];
        x %= 10;
        if (needed[x] != w.s.phase) _refused(account, calls[x], "another phase's action");
    }

    function _actWithoutRole(World memory w, uint256 i) private {
        (address account, uint256 round, uint8 roles) = (participant(i), w.s.round, w.members[i].roles);
        if (roles & Roles.PROPOSER == 0) {
            (uint256 samples, uint256 epochs) = _claimsOf(i, 0);
            bytes memory data = abi.encodeCall(IFederation.propose, (round, "digest", samples, epochs));
            _refused(account, data, "propose without the role");
            _refused(account, abi.encodeCall(IFederation.pledge, (round, "pledge")), "pledge without the role");
        }
        if (roles & Roles.VOTER == 0) {
            _refused(account, abi.encodeCall(IFederation.commit, (round, "hidden")), "commit without the role");
        }
        if (roles & Roles.PUBLISHER == 0) {
            bytes memory data = abi.encodeCall(IFederation.publish, (round, "digest", 1, 0));
            _refused(account, data, "publish without the role");
        }
    }

    function _actWhenOut(World memory w, uint256 i) private {
        if (!w.members[i].out) return;
        address account = participant(i);
        _refused(account, abi.encodeCall(IFederation.deposit, (1)), "deposit by who is out");
        _refused(account, _joining(i, _bond), "join by who is out");
    }

    function _actAgain(World memory w, uint256 i) private {
        (address account, uint256 round) = (participant(i), w.s.round);
        IFederation.Member memory m = w.members[i].record;
        if (m.round != round) return;
        if (m.acts & Acts.PROPOSED != 0) {
            (uint256 samples, uint256 epochs) = _claimsOf(i, 0);
            bytes memory data = abi.encodeCall(IFederation.propose, (round, "digest", samples, epochs));
            _refused(account, data, "propose again");
        }
        if (m.acts & Acts.PLEDGED != 0) {
            _refused(account, abi.encodeCall(IFederation.pledge, (round, "pledge")), "pledge again");
        }
        if (m.acts & Acts.COMMITTED != 0) {
            _refused(account, abi.encodeCall(IFederation.commit, (round, "hidden")), "commit again");
        }
        if (m.acts & Acts.REVEALED != 0) {
            bytes memory data = abi.encodeCall(IFederation.reveal, (round, _ballots[account], _saltOf(account, round)));
            _refused(account, data, "reveal again");
        }
        if (m.acts & Acts.PUBLISHED != 0) {
            (bytes32 digest, uint256 selection, bytes32 nonce) = _publicationFor(w, i, 0);
            bytes memory data = abi.encodeCall(IFederation.publish, (round, digest, selection, nonce));
            _refused(account, data, "publish again");
        }
    }

    function _actAsAnOutsider(World memory w, address account, uint256 x) private {
        bytes[9] memory calls = [
            abi.encodeCall(IFederation.deposit, (1)),
            abi.encodeCall(IFederation.exit, ()),
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeCall(IFederation.claim, ()),
            abi.encodeCall(IFederation.propose, (w.s.round, "digest", 1, 1)),
            abi.encodeCall(IFederation.commit, (w.s.round, "hidden")),
            abi.encodeCall(IFederation.publish, (w.s.round, "digest", 1, 0)),
            abi.encodeCall(IFederation.collect, (account)),
            abi.encodeCall(IFederation.pledge, (w.s.round, "pledge"))
        ];
        _refused(account, calls[x % 9], "an outsider's");
    }

    function _takeTooEarly(World memory w, uint256 i) private {
        address account = participant(i);
        IFederation.Member memory m = w.members[i].record;
        if (m.index != 0 || block.timestamp < m.unbondsAt || m.stake == 0) {
            _refused(account, abi.encodeCall(IFederation.withdraw, ()), "withdraw too early");
        }
        if (_inPlay(w, i)) {
            _refused(account, abi.encodeCall(IFederation.claim, ()), "claim while in play");
            _refused(account, abi.encodeCall(IFederation.collect, (account)), "collect while in play");
        }
        if (w.members[i].balance <= _bond) {
            _refused(account, abi.encodeCall(IFederation.claim, ()), "claim of nothing");
        }
    }

    function _revealWhatWasNotCommitted(World memory w, uint256 i, uint256 x) private {
        (address account, uint256 round) = (participant(i), w.s.round);
        bytes memory other = _ballots[participant(x % PARTICIPANTS)];
        if (_sealedIn[account] != round || keccak256(other) != keccak256(_ballots[account])) {
            bytes32 salt = _saltOf(account, round);
            _refused(account, abi.encodeCall(IFederation.reveal, (round, other, salt)), "another ballot");
        }
        _refused(account, abi.encodeCall(IFederation.reveal, (round, _ballots[account], bytes32(x))), "another salt");
    }

    /// @dev Another update than its own pledged one, another's among them, or other claims; where nothing is pledged,
    /// this is a pledge.
    function _proposeWhatWasNotPledged(World memory w, uint256 i, uint256 x) private {
        (address account, uint256 round) = (participant(i), w.s.round);
        if (!_isPledging(w)) {
            return _refused(account, abi.encodeCall(IFederation.pledge, (round, bytes32(x))), "a pledge for nothing");
        }
        bytes32 digest = _updateOf(x % PARTICIPANTS, round);
        (uint256 samples, uint256 epochs) = (_pledgedClaims[account][0], _pledgedClaims[account][1]);
        if (_pledgedIn[account] == round && x % PARTICIPANTS == i) {
            (samples, epochs) = x / PARTICIPANTS % 2 == 0 ? (samples ^ 1, epochs) : (samples, epochs ^ 1);
        }
        bytes memory data = abi.encodeCall(IFederation.propose, (round, digest, samples, epochs));
        _refused(account, data, "another update than was pledged");
    }

    function _sayNonsense(World memory w, uint256 i, uint256 x) private {
        (uint256 samples, uint256 epochs) = _claimsOf(i, 0);
        uint256 round = w.s.round;
        uint256 wrong = x % 2 == 0 ? round + 1 : round + (1 << 40);
        bytes[13] memory calls = [
            abi.encodeCall(IFederation.fund, (0)),
            abi.encodeCall(IFederation.fund, (uint256(type(uint96).max) + 1)),
            abi.encodeCall(IFederation.join, (_bond - 1)),
            abi.encodeCall(IFederation.deposit, (0)),
            abi.encodeCall(IFederation.propose, (round, 0, samples, epochs)),
            abi.encodeCall(IFederation.propose, (round, "digest", 0, epochs)),
            abi.encodeCall(IFederation.propose, (round, "digest", samples, 0)),
            abi.encodeCall(IFederation.propose, (wrong, "digest", samples, epochs)),
            abi.encodeCall(IFederation.commit, (round, 0)),
            abi.encodeCall(IFederation.commit, (wrong, "hidden")),
            abi.encodeCall(IFederation.publish, (wrong, "digest", 1, 0)),
            abi.encodeCall(IFederation.pledge, (round, 0)),
            abi.encodeCall(IFederation.pledge, (wrong, "pledge"))
        ];
        _refused(participant(i), calls[(x >> 1) % 13], "nonsense");
    }

    /// @dev Any call by anybody; it may fail, and what it changes must not break anything.
    function meddle(uint256 who, uint256 what, uint256 x, bytes32 y, bytes32 z) external {
        World memory w = look();
        uint256 round = w.s.round;
        address account = accounts[who % accounts.length];
        address[] memory list = new address[](2);
        (list[0], list[1]) = (account, participant(x % PARTICIPANTS));
        bytes[15] memory calls = [
            abi.encodeCall(IFederation.join, (x)),
            abi.encodeCall(IFederation.fund, (x)),
            abi.encodeCall(IFederation.deposit, (x)),
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeCall(IFederation.claim, ()),
            abi.encodeCall(IFederation.collect, (account)),
            abi.encodeCall(IFederation.evict, (list)),
            abi.encodeCall(IFederation.open, ()),
            abi.encodeCall(IFederation.draw, ()),
            abi.encodeCall(IFederation.settle, ()),
            abi.encodeCall(IFederation.propose, (round, y, x % 9, uint256(z) % 5)),
            abi.encodeCall(IFederation.commit, (round, y)),
            abi.encodeCall(IFederation.reveal, (round, abi.encode(y), z)),
            abi.encodeCall(IFederation.publish, (round, y, x % 16, z)),
            abi.encodeCall(IFederation.pledge, (round, y))
        ];
        // outsiders stay outside
        if (who % accounts.length >= PARTICIPANTS && what % 15 == 0) return;
        _try(w, account, calls[what % 15]);
    }

    // ------------------------------------------------------------------ words

    function _saltOf(address account, uint256 round) internal pure returns (bytes32) {
        return keccak256(abi.encode(account, round));
    }

    function _canJoin(World memory w, uint256 i) internal view returns (bool) {
        bool stranger = w.members[i].record.standing == IFederation.Standing.Stranger;
        bool rich = w.wallets[i] >= _bond + _fee();
        return w.s.phase == IFederation.Phase.Open && stranger && rich && _mayJoin(w, i);
    }

    /// @dev A member whom no booking would ban.
    function _isIn(World memory w, uint256 i) internal pure returns (bool) {
        return w.members[i].record.standing == IFederation.Standing.Member && !w.members[i].out;
    }

    function _inPlay(World memory w, uint256 i) internal pure returns (bool) {
        return _did(w, i, type(uint8).max) && w.s.record.outcome == IFederation.Outcome.None;
    }

    /// @dev Whether participant `i` did any of `acts` in the round in progress, or in the last one.
    function _did(World memory w, uint256 i, uint8 acts) internal pure returns (bool) {
        IFederation.Member memory m = w.members[i].record;
        return m.round == w.s.round && m.acts & acts != 0;
    }

    /// @dev Whether the drawn round `w` has a phase Pledge.
    function _isPledging(World memory w) internal pure returns (bool) {
        return w.s.pledgeEnd > w.s.record.drawnAt;
    }

    /// @dev Whether participant `i` pledged an update in that round and hasn't proposed it.
    function _owesUpdate(World memory w, uint256 i) internal pure returns (bool) {
        return _did(w, i, Acts.PLEDGED) && !_did(w, i, Acts.PROPOSED);
    }

    /// @dev Whether participant `i` has `role` and hasn't done `act` yet.
    function _isDue(World memory w, uint256 i, uint8 role, uint8 act) internal pure returns (bool) {
        return w.members[i].roles & role != 0 && !_did(w, i, act);
    }
}
