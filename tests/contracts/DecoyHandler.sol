// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {UpdateHandler} from "./UpdateHandler.sol";
import {World} from "./Watch.sol";

/// @dev Members who hide secrets and show them, for federations some of whose updates are decoys. It works out what was
/// shown and what is a decoy itself.
abstract contract DecoyHandler is UpdateHandler {
    uint256 private constant LENGTH = 3;

    /// @dev The first of a chain's secrets, and how many of them aren't shown yet.
    struct Chain {
        bytes32 start;
        uint256 left;
    }

    uint256 internal _odds;
    mapping(address account => Chain) private _chains;
    mapping(address account => bytes32) private _anchors;
    uint256 private _anchored;
    /// @dev The round in which an account showed its last secret, and whether that made its update a decoy.
    mapping(address account => uint256) private _shownIn;
    mapping(address account => bool) private _isDecoy;

    /// @dev One update in `odds` is a decoy; 0: none, and members show all the same.
    function _plant(uint256 odds) internal {
        _odds = odds;
        if (odds == 0) return;
        _selectors.push(DecoyHandler.anchor.selector);
        _selectors.push(DecoyHandler.show.selector);
        _selectors.push(DecoyHandler.showWrongly.selector);
    }

    // ------------------------------------------------------------------ actions

    /// @dev A new chain between rounds; now and then one whose secrets nobody knows.
    function anchor(uint256 who, uint256 x) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        if (w.s.phase == IFederation.Phase.Open && _isIn(w, i)) _anchor(w, i, x % 4 == 0 ? 0 : LENGTH);
    }

    /// @dev Before a round opens, most of those who have no secrets left anchor a new chain.
    function _mayOpen(World memory w) internal override returns (bool) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            bool forgets = uint256(keccak256(abi.encode(i, w.s.head, w.s.round))) % 8 == 0;
            if (_isIn(w, i) && _chains[participant(i)].left == 0 && !forgets) _anchor(w, i, LENGTH);
        }
        return true;
    }

    /// @dev What is seen doesn't change by it.
    function _anchor(World memory w, uint256 i, uint256 length) private {
        address account = participant(i);
        bytes32 start = keccak256(abi.encode("chain", ++_anchored));
        _chains[account] = Chain(start, length);
        _call(w, account, abi.encodeCall(IStakeJury.anchor, (_hashed(start, LENGTH))));
    }

    /// @dev One proposer shows its secret, whether ballots are revealed or not.
    function show(uint256 who) external {
        _show(look(), who % PARTICIPANTS);
    }

    /// @dev Most proposers show theirs; whoever has none can't.
    function _revealMore(World memory w, uint256 which) internal virtual override returns (World memory) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if ((which >> i) % 8 != 0) w = _show(w, i);
        }
        return w;
    }

    function _show(World memory w, uint256 i) private returns (World memory) {
        address account = participant(i);
        bool due = _did(w, i, Acts.PROPOSED) && !_did(w, i, Acts.SHOWN);
        if (w.s.phase != IFederation.Phase.Reveal || !due || _chains[account].left == 0) return w;
        w = _call(w, account, abi.encodeCall(IStakeJury.show, (w.s.round, _secretOf(account))));
        --_chains[account].left;
        return w;
    }

    /// @dev Too early, too late, another's or no secret, twice, without an update; and anchors in a round, or of nothing, or
    /// of outsiders.
    function showWrongly(uint256 who, uint256 x) external {
        World memory w = look();
        uint256 i = who % PARTICIPANTS;
        (address account, address other, uint256 round) =
            (participant(i), participant((i + 1 + x % (PARTICIPANTS - 1)) % PARTICIPANTS), w.s.round);
        bytes memory right = abi.encodeCall(IStakeJury.show, (round, _secretOf(account)));
        bool due = _did(w, i, Acts.PROPOSED) && !_did(w, i, Acts.SHOWN);
        if (w.s.phase != IFederation.Phase.Reveal || !due) _refused(account, right, "shown by who can't");
        bytes32[3] memory wrong = [_secretOf(other), _anchors[account], bytes32(x)];
        _refused(account, abi.encodeCall(IStakeJury.show, (round, wrong[x % 3])), "a wrong secret");
        _refused(account, abi.encodeCall(IStakeJury.show, (round + 1, _secretOf(account))), "another round's");
        bytes memory data = abi.encodeCall(IStakeJury.anchor, (bytes32(x | 1)));
        _refused(outsider(), data, "an outsider's anchor");
        if (w.s.phase != IFederation.Phase.Open) _refused(account, data, "an anchor in a round");
        _refused(account, abi.encodeCall(IStakeJury.anchor, (0)), "no anchor");
    }

    // ------------------------------------------------------------------ laws

    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal virtual override {
        bytes4 action = bytes4(data);
        if (action == IStakeJury.anchor.selector) {
            require(b.s.phase == IFederation.Phase.Open, "anchors_are_older_than_the_seed");
            (_anchors[who]) = abi.decode(_arguments(data), (bytes32));
        } else if (action == IStakeJury.show.selector) {
            (uint256 round, bytes32 secret) = abi.decode(_arguments(data), (uint256, bytes32));
            require(round == b.s.round, "secrets_are_shown_in_sequence");
            require(_hashed(secret, 1) == _anchors[who], "secrets_are_shown_in_sequence");
            (_anchors[who], _shownIn[who]) = (secret, round);
            _isDecoy[who] = _isLot(secret, b.s.seed);
        } else if (action == IFederation.publish.selector) {
            nothing_is_published_before_all_is_shown(b);
        }
        anchors_change_by_their_owners_alone();
        super._mechanism(b, a, who, data);
    }

    function anchors_change_by_their_owners_alone() private view {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            bytes32 kept = IStakeJury(address(federation)).anchorOf(participant(i));
            require(kept == _anchors[participant(i)], "anchors_change_by_their_owners_alone");
        }
    }

    function nothing_is_published_before_all_is_shown(World memory w) private view {
        bool over = block.timestamp >= w.s.revealEnd;
        require(
            _odds == 0 || over || _countShown(w) == w.s.record.proposals, "nothing_is_published_before_all_is_shown"
        );
    }

    /// @dev Phase Reveal lasts while a ballot or a secret may come, and no phase Publish comes before.
    function reveal_waits_for_ballots_and_secrets(World memory w) public view {
        if (w.s.phase == IFederation.Phase.Publish) nothing_is_published_before_all_is_shown(w);
        if (w.s.phase != IFederation.Phase.Reveal) return;
        IFederation.Round memory r = w.s.record;
        bool waits = r.reveals < r.commits || (_odds != 0 && _countShown(w) < r.proposals);
        require(waits && block.timestamp < w.s.revealEnd, "reveal_waits_for_ballots_and_secrets");
    }

    // ------------------------------------------------------------------ the page, read again

    /// @dev Whether participant `i` showed its secret in the round in progress, or in the last one.
    function _hasShown(World memory w, uint256 i) internal view returns (bool) {
        return w.s.round != 0 && _shownIn[accounts[i]] == w.s.round;
    }

    /// @dev Whether that made its update a decoy.
    function _isShownDecoy(World memory w, uint256 i) internal view returns (bool) {
        return _hasShown(w, i) && _isDecoy[accounts[i]];
    }

    function _countShown(World memory w) internal view returns (uint256 count) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_hasShown(w, i)) ++count;
        }
    }

    /// @dev The updates that count: all but decoys and what isn't shown, where there may be decoys.
    function _counting(World memory w) internal view returns (uint256 counting) {
        if (_odds == 0) return type(uint256).max;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            bool counts = _hasShown(w, i) && !_isDecoy[accounts[i]];
            if (counts) counting |= 1 << w.members[i].record.updateNumber;
        }
    }

    /// @dev The updates that turned out to be decoys.
    function _decoysOf(World memory w) internal view returns (uint256 decoys) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_isShownDecoy(w, i)) decoys |= 1 << w.members[i].record.updateNumber;
        }
    }

    /// @dev The updates whose proposers know that they are decoys, as far as they know their secrets.
    function _plantedIn(World memory w) internal view returns (uint256 planted) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            address account = participant(i);
            if (!_did(w, i, Acts.PROPOSED) || _chains[account].left == 0) continue;
            if (_isLot(_secretOf(account), w.s.seed)) planted |= 1 << w.members[i].record.updateNumber;
        }
    }

    function _isLot(bytes32 secret, bytes32 seed) private view returns (bool) {
        return _odds != 0 && uint256(keccak256(bytes.concat(secret, seed))) % _odds == 0;
    }

    /// @dev The next secret of `account`, if it has one left.
    function _secretOf(address account) private view returns (bytes32) {
        Chain memory c = _chains[account];
        return c.left == 0 ? bytes32("none") : _hashed(c.start, c.left - 1);
    }

    function _hashed(bytes32 secret, uint256 times) private pure returns (bytes32) {
        for (uint256 i = 0; i < times; ++i) {
            secret = keccak256(bytes.concat(secret));
        }
        return secret;
    }
}
