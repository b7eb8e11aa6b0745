// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {ManagedHandler} from "./ManagedHandler.sol";
import {World} from "./Watch.sol";

/// @dev For federations that judge each update and publish the model of those selected: it works out the selection, the
/// verdict and the payouts of every round itself, from what it saw being claimed, voted and published.
abstract contract UpdateHandler is ManagedHandler {
    /// @dev What somebody published, and as which of the round's publications.
    struct Publication {
        bytes32 digest;
        uint256 order;
        bool competes;
    }

    /// @dev What a round should come to.
    struct Expected {
        IFederation.Outcome outcome;
        bytes32 digest;
        uint256 selection;
        uint256 weight; // of the selection
        uint256 leadingCount;
        address winner;
        uint256 pool;
    }

    /// @dev Of the round in progress, or of the last in which the account did it.
    mapping(address account => uint256) internal _samples;
    mapping(address account => uint256) internal _epochs;
    mapping(address account => Publication) internal _published;
    /// @dev How many blocks were won, and how many publications didn't compete for one.
    uint256 public blocks;
    uint256 public idle;

    constructor() {
        _selectors.push(UpdateHandler.publishAnother.selector);
    }

    // ------------------------------------------------------------------ what a mechanism says

    /// @dev The selection of the ballots revealed so far, as the page says it is.
    function _selectionOf(World memory w) internal view virtual returns (uint256);

    /// @dev The weight of participant `i`'s update, of number `number`.
    function _weightOf(World memory w, uint256 i) internal view virtual returns (uint256);

    /// @dev What participant `i` gains or loses by the round that `b` ends.
    function _deltaOf(World memory b, uint256 i, Expected memory e) internal view virtual returns (int256);

    /// @dev Whether what `who` publishes, being `nonce`, competes for a block.
    function _competes(World memory, address, bytes32, bytes32) internal view virtual returns (bool) {
        return false;
    }

    /// @dev The pool after the round.
    function _poolAfter(World memory b, Expected memory e) internal view virtual returns (uint256);

    /// @dev What participant `i` loses by the round that `b` ends if that has no quorum.
    function _lostWithoutQuorum(World memory, uint256) internal view virtual returns (uint256) {
        return 0;
    }

    /// @dev More laws for a settled round.
    function _settled(World memory b, World memory a, Expected memory e) internal virtual {}

    // ------------------------------------------------------------------ publications

    /// @dev Most publish the same model.
    function _publicationFor(World memory w, uint256, uint256 choice)
        internal
        view
        override
        returns (bytes32 digest, uint256 selection, bytes32 nonce)
    {
        selection = _selectionOf(w);
        if (selection != 0) digest = keccak256(abi.encode(choice % 16 < 13, w.s.round));
        nonce = bytes32(choice);
    }

    /// @dev Nothing but the votes' own selection can be published, and with it a model exactly if there is any.
    function publishAnother(uint256 who, uint256 selection) external {
        World memory w = look();
        if (w.s.phase != IFederation.Phase.Publish) return;
        uint256 right = _selectionOf(w);
        bytes memory data = abi.encodeCall(IFederation.publish, (w.s.round, "digest", selection, 0));
        if (selection != right) _refused(participant(who % PARTICIPANTS), data, "selection_is_the_votes");
        bytes32 digest = right == 0 ? bytes32("digest") : bytes32(0);
        data = abi.encodeCall(IFederation.publish, (w.s.round, digest, right, 0));
        _refused(participant(who % PARTICIPANTS), data, "selection_is_the_votes");
    }

    // ------------------------------------------------------------------ laws

    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal virtual override {
        super._mechanism(b, a, who, data);
        bytes4 action = bytes4(data);
        if (action == IFederation.propose.selector) {
            (,, _samples[who], _epochs[who]) = abi.decode(_arguments(data), (uint256, bytes32, uint256, uint256));
        } else if (action == IFederation.publish.selector) {
            (, bytes32 digest, uint256 selection, bytes32 nonce) =
                abi.decode(_arguments(data), (uint256, bytes32, uint256, bytes32));
            nothing_is_published_without_a_quorum(b);
            selection_is_the_votes(b, digest, selection);
            bool competes = _competes(b, who, digest, nonce);
            if (!competes) ++idle;
            _published[who] = Publication(digest, b.s.record.publications, competes);
        } else if (action == IFederation.settle.selector) {
            Expected memory e = _expected(b);
            verdict_is_the_publications(b, a, e);
            payout_is_the_pages(b, a, e);
            without_a_quorum_nothing_happens(b, a);
            _settled(b, a, e);
            if (e.winner != address(0)) ++blocks;
        }
    }

    /// @dev More than half of the voters drawn revealed before anything is published.
    function nothing_is_published_without_a_quorum(World memory b) private pure {
        require(_hasQuorum(b), "nothing_is_published_without_a_quorum");
    }

    /// @dev Where half of them stayed away, the round changes neither the model nor anybody's money or standing, except of
    /// those who broke their word.
    function without_a_quorum_nothing_happens(World memory b, World memory a) private view {
        if (_hasQuorum(b)) return;
        require(a.s.record.outcome == IFederation.Outcome.Undecided, "without_a_quorum_nothing_happens");
        require(a.s.head == b.s.head, "without_a_quorum_nothing_happens");
        uint256 taken = 0;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            uint256 lost = _lostWithoutQuorum(b, i);
            require(a.members[i].balance + lost == b.members[i].balance, "without_a_quorum_nothing_happens");
            taken += lost;
            if (lost != 0) continue;
            bool out = b.members[i].out || isBarred(a, participant(i));
            require(a.members[i].out == out, "without_a_quorum_nothing_happens");
        }
        require(a.s.pool == b.s.pool + taken, "without_a_quorum_nothing_happens");
    }

    function _hasQuorum(World memory b) private pure returns (bool) {
        return uint256(b.s.record.reveals) * 2 > b.s.voters;
    }

    /// @dev Whatever is published names the updates that the revealed ballots selected, counted again.
    function selection_is_the_votes(World memory b, bytes32 digest, uint256 selection) private view {
        require(selection == _selectionOf(b), "selection_is_the_votes");
        require((digest == 0) == (selection == 0), "selection_is_the_votes");
    }

    /// @dev A model is the head because more than half of all publishers drawn published it.
    function verdict_is_the_publications(World memory b, World memory a, Expected memory e) private pure {
        require(a.s.record.outcome == e.outcome, "verdict_is_the_publications");
        bool accepted = e.outcome == IFederation.Outcome.Accepted;
        require(a.s.head == (accepted ? e.digest : b.s.head), "verdict_is_the_publications");
    }

    /// @dev Everybody gains and loses what the page says, and the pool the rest.
    function payout_is_the_pages(World memory b, World memory a, Expected memory e) private view {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            int256 delta = int256(a.members[i].balance) - int256(b.members[i].balance);
            require(delta == _deltaOf(b, i, e), "payout_is_the_pages");
        }
        require(a.s.pool == e.pool, "payout_is_the_pages");
    }

    // ------------------------------------------------------------------ the page, read again

    function _expected(World memory b) private view returns (Expected memory e) {
        e.outcome = IFederation.Outcome.Undecided;
        e.digest = _leadingDigest(b);
        e.leadingCount = _countDigest(b, e.digest);
        e.selection = b.s.record.reveals == 0 ? 0 : _selectionOf(b);
        if (e.leadingCount * 2 > b.s.publishers) {
            e.outcome = e.digest == 0 ? IFederation.Outcome.Rejected : IFederation.Outcome.Accepted;
            e.winner = _winnerOf(b, e.digest);
        }
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_isSelected(b, i, e.selection)) e.weight += _weightOf(b, i);
        }
        e.pool = _poolAfter(b, e);
    }

    /// @dev Of a majority's digest it doesn't matter which came first.
    function _leadingDigest(World memory b) private view returns (bytes32 digest) {
        uint256 leadingCount;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_did(b, i, Acts.PUBLISHED)) continue;
            uint256 entries = _countDigest(b, _published[accounts[i]].digest);
            if (entries > leadingCount) (leadingCount, digest) = (entries, _published[accounts[i]].digest);
        }
    }

    function _countDigest(World memory b, bytes32 digest) private view returns (uint256 entries) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_did(b, i, Acts.PUBLISHED) && _published[accounts[i]].digest == digest) ++entries;
        }
    }

    function _winnerOf(World memory b, bytes32 digest) private view returns (address winner) {
        uint256 best;
        for (uint256 order = 0; order < b.s.record.publications; ++order) {
            for (uint256 i = 0; i < PARTICIPANTS; ++i) {
                Publication memory p = _published[accounts[i]];
                if (!_did(b, i, Acts.PUBLISHED) || p.order != order || p.digest != digest || !p.competes) continue;
                uint256 strength = _strengthOf(b, i);
                if (strength > best) (best, winner) = (strength, accounts[i]);
            }
        }
    }

    /// @dev What the winner of a block has more of than the others: stake, or nothing, so that the first one wins.
    function _strengthOf(World memory b, uint256 i) internal view virtual returns (uint256) {
        return b.members[i].record.stake;
    }

    /// @dev Whether `nonce` is a proof of work of `bits` bits for `who`'s `digest`.
    function _isProven(World memory w, address who, bytes32 digest, bytes32 nonce, uint256 bits)
        internal
        pure
        returns (bool)
    {
        return uint256(keccak256(abi.encode(w.s.seed, who, digest, nonce))) >> (256 - bits) == 0;
    }

    function _isSelected(World memory w, uint256 i, uint256 selection) internal pure returns (bool) {
        return _did(w, i, Acts.PROPOSED) && selection >> w.members[i].record.updateNumber & 1 != 0;
    }

    /// @dev How many revealed ballots have bit `number` of their word `word`.
    function _marks(World memory w, uint256 number, uint256 word) internal view returns (uint256 marks) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_did(w, i, Acts.REVEALED) && _wordOf(_ballots[accounts[i]], word) >> number & 1 != 0) ++marks;
        }
    }

    function _wordOf(bytes memory ballot, uint256 word) internal pure returns (uint256 bits) {
        assembly ("memory-safe") {
            bits := mload(add(add(ballot, 0x20), mul(0x20, word)))
        }
    }
}
