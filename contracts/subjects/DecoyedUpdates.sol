// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Membership} from "../Membership.sol";
import {RoundBook} from "../RoundBook.sol";
import {DecoyBook} from "../books/DecoyBook.sol";
import {IStakeJury} from "../interfaces/IStakeJury.sol";
import {Acts} from "../libraries/Flags.sol";
import {RoundClock} from "../libraries/RoundClock.sol";
import {StakeBook} from "../libraries/StakeBook.sol";
import {ClaimedUpdates} from "./ClaimedUpdates.sol";

/// @title Subject: claimed updates, of which some are decoys, against jurors who approve without looking (after the
/// forced errors of Teutsch and Reitwiessner, arXiv 1908.04756, section 4).
/// @notice A proposer's lot is its next secret and the round's seed. Nobody could choose it, as the secret is anchored
/// before the seed is known, and nobody else knows it before the ballots are fixed. Every proposer shows its secret
/// then, and nothing is published before.
abstract contract DecoyedUpdates is IStakeJury, Membership, DecoyBook, ClaimedUpdates {
    using StakeBook for StakeBook.Book;

    /// @inheritdoc IStakeJury
    mapping(address account => bytes32) public anchorOf;

    /// @inheritdoc IStakeJury
    function anchor(bytes32 end) external {
        _requirePhase(Phase.Open);
        _requireMember();
        if (end == 0) revert EmptyAnchor();

        anchorOf[msg.sender] = end;
        emit Anchored(msg.sender, end);
    }

    /// @inheritdoc IStakeJury
    function show(uint256 round, bytes32 secret) external {
        _requireRound(round, Part(Phase.Reveal, 0, Acts.SHOWN));
        Member memory m = _requireMember();
        _requireNotDone(m, round, Acts.SHOWN);
        if (m.round != round || m.acts & Acts.PROPOSED == 0) revert NotProposed(msg.sender, round);
        bytes32 end = anchorOf[msg.sender];
        if (keccak256(abi.encode(secret)) != end) revert BadSecret(secret, end);

        anchorOf[msg.sender] = secret;
        m.acts |= Acts.SHOWN;
        _book.save(msg.sender, m);
        _shown[round] = _shown[round].with(m.updateNumber);
        bool decoy = _decoyOdds != 0 && uint256(keccak256(abi.encode(secret, _seed))) % _decoyOdds == 0;
        if (decoy) _decoys[round] = _decoys[round].with(m.updateNumber);
        emit Shown(round, msg.sender, secret, decoy);
    }

    /// @dev Phase Reveal lasts until all updates are shown, if something is to be published.
    /// @inheritdoc RoundBook
    function _phaseOf(Round memory r) internal view virtual override returns (Phase) {
        Phase current = super._phaseOf(r);
        bool waits = current == Phase.Publish && _decoyOdds != 0
            && block.timestamp < RoundClock.revealEnd(r, _schedule()) && !_shown[_current.round].fills(r.proposals);
        return waits ? Phase.Reveal : current;
    }
}
