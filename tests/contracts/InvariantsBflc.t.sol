// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {Bflc} from "../../contracts/federations/Bflc.sol";
import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Draw} from "../../contracts/libraries/Draw.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Handler} from "./Handler.sol";
import {Invariants} from "./Invariants.sol";
import {UpdateHandler} from "./UpdateHandler.sol";
import {Watch, World} from "./Watch.sol";

contract BflcHandler is UpdateHandler {
    uint256 private constant FEE = 7;
    uint256 private constant COMMITTEE = 2;
    uint256 private constant UPDATES = 3;
    uint256 private constant MIN_SCORE = 2000;
    uint256 private constant SPEED_BPS = 3000;
    uint256 private constant PROFIT_BPS = 2500;

    /// @dev How the committee was chosen last.
    enum Chosen {
        Drawn,
        Named,
        Elected
    }

    IBflc.Election private immutable _election;

    /// @dev Whom the last accepted round elected.
    mapping(address account => uint256) private _electedBy;
    mapping(address account => uint256) private _placeAmongSelected;
    uint256 private _lastAccepted;
    /// @dev Whom the managers named last.
    address[] private _named;
    Chosen private _chosen;
    /// @dev How often the committee was drawn, named and elected, and how often one was named in the place of each.
    uint256[3] public committees;
    uint256[3] public replaced;
    uint256 private _height;
    mapping(uint256 number => bytes32) private _recordHash;

    constructor(IFederation federation_, JuryToken token_, uint256 unbonding, IBflc.Election election)
        Watch(federation_, token_, unbonding)
    {
        _election = election;
        _selectors.push(BflcHandler.name.selector);
        _selectors.push(BflcHandler.dismiss.selector);
        IBflc.BflcTerms memory t = IBflc(address(federation_)).terms();
        _govern(true);
        _limit(t.newcomers, t.founders);
        _recordHash[0] = keccak256(abi.encode(IBflc(address(federation_)).recordOf(0)));
    }

    function bflc() private view returns (IBflc) {
        return IBflc(address(federation));
    }

    function _fewest() internal pure override returns (uint256) {
        return COMMITTEE + UPDATES;
    }

    function _fee() internal pure override returns (uint256) {
        return FEE;
    }

    function _claimsOf(uint256, uint256 choice) internal pure override returns (uint256, uint256) {
        return (1 + choice % 8, 1 + choice % 4);
    }

    /// @dev A nibble an update.
    function _ballotFor(World memory w, uint256, uint256 choice) internal pure override returns (bytes memory ballot) {
        for (uint256 n = 0; n < w.s.record.proposals; ++n) {
            ballot = abi.encodePacked(ballot, uint16((choice >> (4 * n)) % 16 * 625 + choice % 100));
        }
    }

    function _badBallot(World memory w, uint256 choice) internal pure override returns (bytes memory) {
        if (choice % 2 == 0) return new bytes(2 * uint256(w.s.record.proposals) + 1 + choice % 3);
        bytes memory ballot = new bytes(2 * uint256(w.s.record.proposals));
        (ballot[ballot.length - 2], ballot[ballot.length - 1]) = (0x27, 0x11);
        return ballot;
    }

    // ------------------------------------------------------------------ managers name a committee

    function name(uint256 who, uint256 whom) external {
        World memory w = look();
        address[] memory list = new address[](COMMITTEE);
        for (uint256 i = 0; i < COMMITTEE; ++i) {
            list[i] = participant(whom % 2 + i);
        }
        bytes memory data = abi.encodeCall(IBflc.nameCommittee, (0, list));
        _vote(w, who, data, w.s.phase == IFederation.Phase.Open);
    }

    /// @dev Now and then the managers agree to expel a member, and somebody evicts it at once.
    function dismiss(uint256 who) external {
        World memory w = look();
        if (w.s.phase != IFederation.Phase.Open) return;
        address[] memory list = new address[](1);
        list[0] = participant(who % PARTICIPANTS);
        w = _agree(w, abi.encodeCall(IManagers.expel, (0, list)));
        _call(w, outsider(), abi.encodeCall(IFederation.evict, (list)));
    }

    /// @dev In about half of the runs the managers agree on a committee before the first round; later now and then.
    function _mayOpen(World memory w) internal override returns (bool) {
        uint256 chance = w.s.round == 0 ? (_named.length == 0 ? 2 : 32) : 8;
        if (uint256(keccak256(abi.encode(w.wallets, w.s.round))) % chance != 0) return true;
        address[] memory list = new address[](COMMITTEE);
        for (uint256 i = 0; i < COMMITTEE; ++i) {
            list[i] = participant(i + w.s.round + 1);
        }
        _agree(w, abi.encodeCall(IBflc.nameCommittee, (0, list)));
        return true;
    }

    // ------------------------------------------------------------------ the page, read again

    function _selectionOf(World memory w) internal view override returns (uint256 selection) {
        uint256 passed = 0;
        for (uint256 n = 0; n < w.s.record.proposals && passed < UPDATES; ++n) {
            if (_median(w, n) < MIN_SCORE) continue;
            selection |= 1 << n;
            ++passed;
        }
        if (passed < UPDATES) selection = 0;
    }

    function _weightOf(World memory w, uint256 i) internal view override returns (uint256) {
        return _median(w, w.members[i].record.updateNumber);
    }

    /// @dev The least score that at least half of the scores don't exceed.
    function _median(World memory w, uint256 number) private view returns (uint256 median) {
        median = type(uint256).max;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_did(w, i, Acts.REVEALED)) continue;
            uint256 score = _scoreBy(i, number);
            uint256 below = 0;
            for (uint256 j = 0; j < PARTICIPANTS; ++j) {
                if (_did(w, j, Acts.REVEALED) && _scoreBy(j, number) <= score) ++below;
            }
            if (below * 2 >= w.s.record.reveals && score < median) median = score;
        }
    }

    function _scoreBy(uint256 i, uint256 number) private view returns (uint256) {
        bytes memory ballot = _ballots[accounts[i]];
        return uint256(uint8(ballot[2 * number])) << 8 | uint8(ballot[2 * number + 1]);
    }

    function _poolAfter(World memory b, Expected memory e) internal pure override returns (uint256) {
        return b.s.pool - _unit(b, e) * e.weight;
    }

    function _deltaOf(World memory b, uint256 i, Expected memory e) internal view override returns (int256) {
        return _isSelected(b, i, e.selection) ? int256(_unit(b, e) * _weightOf(b, i)) : int256(0);
    }

    function _unit(World memory b, Expected memory e) private pure returns (uint256) {
        if (e.outcome != IFederation.Outcome.Accepted || e.weight == 0) return 0;
        return b.s.pool * PROFIT_BPS / 10_000 / e.weight;
    }

    // ------------------------------------------------------------------ laws of this mechanism

    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal override {
        super._mechanism(b, a, who, data);
        bytes4 action = bytes4(data);
        if (action == IBflc.nameCommittee.selector && _isCarried(who, data)) {
            ++replaced[uint256(_chosen)];
            (, address[] memory list) = abi.decode(_arguments(data), (uint256, address[]));
            (_named, _chosen) = (list, Chosen.Named);
        }
        if (action == IFederation.draw.selector) {
            committee_is_the_pages(a);
            all_others_propose(a);
        }
    }

    function _settled(World memory b, World memory a, Expected memory e) internal override {
        records_are_the_models_in_order(b, a, e);
        if (e.outcome == IFederation.Outcome.Accepted) {
            (_lastAccepted, _chosen) = (b.s.round, Chosen.Elected);
            _elect(b, e.selection);
        } else if (e.outcome == IFederation.Outcome.Undecided && b.s.record.proposals != 0) {
            _chosen = Chosen.Drawn; // updates, and no model
        }
    }

    /// @dev Model `t` has the number `t (k + 1)` for good, and the updates that it was made of, in their order, the
    /// numbers before it.
    function records_are_the_models_in_order(World memory b, World memory a, Expected memory e) private {
        if (e.outcome == IFederation.Outcome.Accepted) {
            uint256 first = _height * (UPDATES + 1) + 1;
            for (uint256 n = 0; n < b.s.record.proposals; ++n) {
                if (e.selection >> n & 1 == 0) continue;
                IBflc.Record memory record = bflc().recordOf(first);
                uint256 i = _proposerOf(b, n);
                require(record.uploader == participant(i), "records_are_the_models_in_order");
                require(record.score == _median(b, n), "records_are_the_models_in_order");
                _recordHash[first++] = keccak256(abi.encode(record));
            }
            ++_height;
            _recordHash[first] = keccak256(abi.encode(bflc().recordOf(first)));
        }
        require(bflc().height() == _height, "records_are_the_models_in_order");
        IBflc.Record memory model = bflc().recordOf(_height * (UPDATES + 1));
        require(model.digest == a.s.head && model.uploader == address(0), "records_are_the_models_in_order");
        for (uint256 number = 0; number <= _height * (UPDATES + 1); ++number) {
            bytes32 hash = keccak256(abi.encode(bflc().recordOf(number)));
            require(hash == _recordHash[number], "records_are_the_models_in_order");
        }
    }

    function _proposerOf(World memory w, uint256 number) private pure returns (uint256 i) {
        while (!_did(w, i, Acts.PROPOSED) || w.members[i].record.updateNumber != number) ++i;
    }

    /// @dev The best of the selected, ties to the lower number; of a random election, all: each round's seed says who.
    function _elect(World memory b, uint256 selection) private {
        uint256 place = 0;
        for (uint256 n = 0; n < b.s.record.proposals; ++n) {
            if (selection >> n & 1 == 0) continue;
            uint256 better = 0;
            for (uint256 other = 0; other < b.s.record.proposals; ++other) {
                if (selection >> other & 1 == 0 || other == n) continue;
                (uint256 own, uint256 its) = (_merit(b, n), _merit(b, other));
                if (its > own || (its == own && other < n)) ++better;
            }
            address provider = participant(_proposerOf(b, n));
            bool random = _election == IBflc.Election.Random;
            if (random || better < COMMITTEE) _electedBy[provider] = b.s.round;
            _placeAmongSelected[provider] = place++;
        }
    }

    function _merit(World memory b, uint256 number) private view returns (uint256) {
        uint256 score = _median(b, number);
        if (_election == IBflc.Election.Score) return score;
        uint256 proposals = b.s.record.proposals;
        uint256 speed = 10_000 * (proposals - number) / proposals;
        return score * (10_000 - SPEED_BPS) + SPEED_BPS * speed;
    }

    /// @dev In the committee sit those who were chosen last: whom an accepted round elected or the managers named, less
    /// those who left or were expelled, and nobody takes their seats; or whom the draw says, before anything was chosen
    /// and after a round with updates that was left undecided.
    function committee_is_the_pages(World memory a) private {
        ++committees[uint256(_chosen)];
        uint256 voters = 0;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            bool votes = a.members[i].roles & Roles.VOTER != 0;
            require((a.members[i].roles == Roles.VOTER | Roles.PUBLISHER) == votes, "committee_is_the_pages");
            if (votes) ++voters;
            if (a.members[i].record.index == 0 || a.members[i].out || a.members[i].waitsFor != 0) continue;
            bool sits = _chosen == Chosen.Drawn
                ? a.members[i].position < COMMITTEE
                : _chosen == Chosen.Elected ? _isElected(a, participant(i)) : _isNamed(participant(i));
            require(sits == votes, "committee_is_the_pages");
        }
        require(voters <= COMMITTEE, "committee_is_the_pages");
    }

    /// @dev All propose who are in and don't sit.
    function all_others_propose(World memory a) private view {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (a.members[i].record.index == 0 || a.members[i].out) continue;
            bool proposes = a.members[i].waitsFor == 0 && a.members[i].roles & Roles.VOTER == 0;
            require((a.members[i].roles & Roles.PROPOSER != 0) == proposes, "all_others_propose");
        }
    }

    function _isElected(World memory a, address account) private view returns (bool) {
        if (_electedBy[account] != _lastAccepted) return false;
        if (_election != IBflc.Election.Random) return true;
        return Draw.position(a.s.seed, _placeAmongSelected[account], UPDATES) < COMMITTEE;
    }

    function _isNamed(address account) private view returns (bool) {
        for (uint256 i = 0; i < _named.length; ++i) {
            if (_named[i] == account) return true;
        }
        return false;
    }
}

abstract contract BflcInvariants is Invariants {
    function _election() internal pure virtual returns (IBflc.Election);

    function _deploy() internal override returns (Handler) {
        IBflc.BflcTerms memory t = IBflc.BflcTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            fee: 7,
            managers: _managers(),
            founders: _founders(),
            newcomers: _newcomers(),
            committee: 2,
            updates: 3,
            proposers: 4,
            maxSamples: 8,
            maxEpochs: 4,
            minScore: 2000,
            election: uint8(_election()),
            speedBps: 3000,
            profitBps: 2500,
            schedule: _schedule(100)
        });
        return new BflcHandler(new Bflc(t), token, UNBONDING, _election());
    }

    function _countReached() internal override {
        BflcHandler h = BflcHandler(address(handler));
        _count("join", h.done(IFederation.join.selector), 20);
        _count("exit", h.done(IFederation.exit.selector), 1);
        _count("publish", h.done(IFederation.publish.selector), 20);
        _count("expelled members banned", h.bans(), _newcomers() == 0 ? 1 : 0);
        _count("nameCommittee", h.done(IBflc.nameCommittee.selector), 5);
        string[3] memory chosen = ["drawn", "named", "elected"];
        for (uint256 i = 0; i < 3; ++i) {
            _count(string.concat("committees ", chosen[i]), h.committees(i), 5);
            _count(string.concat("another named for one ", chosen[i]), h.replaced(i), 1);
        }
    }

    function _isManaged() internal pure override returns (bool) {
        return true;
    }

    /// @dev Nobody else is out: no booking bans.
    function _mechanism(World memory w) internal view virtual override {
        for (uint256 i = 0; i < w.members.length; ++i) {
            bool banned = w.members[i].record.standing == IFederation.Standing.Banned;
            require(w.members[i].out == (banned || handler.isBarred(w, w.members[i].account)), "expelled_are_out");
        }
    }
}

contract InvariantsBflcTest is BflcInvariants {
    function _election() internal pure override returns (IBflc.Election) {
        return IBflc.Election.Score;
    }
}

/// forge-config: ci.invariant.runs = 16
contract InvariantsBflcRandomTest is BflcInvariants {
    function _election() internal pure override returns (IBflc.Election) {
        return IBflc.Election.Random;
    }
}

/// forge-config: ci.invariant.runs = 16
contract InvariantsBflcFactorsTest is BflcInvariants {
    function _election() internal pure override returns (IBflc.Election) {
        return IBflc.Election.Factors;
    }
}

/// @dev The managers vouch for the first ones; later one comes in with a round.
/// forge-config: ci.invariant.runs = 16
contract InvariantsBflcNewcomersTest is BflcInvariants {
    function _election() internal pure override returns (IBflc.Election) {
        return IBflc.Election.Score;
    }

    function _newcomers() internal pure override returns (uint16) {
        return 1;
    }
}
