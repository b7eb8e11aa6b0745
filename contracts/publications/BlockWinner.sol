// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Membership} from "../Membership.sol";
import {BlockBook} from "../books/BlockBook.sol";
import {MajorityPublication} from "./MajorityPublication.sol";

/// @title Publication by miners: of those who publish the majority's digest, one wins the block.
/// @notice Without a proof of work the highest stake wins, the first among equals; with one, the first proof wins.
abstract contract BlockWinner is Membership, BlockBook, MajorityPublication {
    uint256 private constant MAX_BITS = 64;

    uint8 internal immutable _powBits;

    constructor(uint8 powBits) {
        _requireTerm(powBits <= MAX_BITS, "powBits", powBits);
        _powBits = powBits;
    }

    // ------------------------------------------------------------------ hook: for the leaf

    /// @dev Whether a publisher of record `m` and with `roles` competes for the block of the round of record `r`.
    function _mayMine(Member memory m, Round memory r, uint8 roles) internal view virtual returns (bool);

    // ------------------------------------------------------------------ policy

    /// @dev Only competitors count as having chosen an option.
    /// @inheritdoc Axes
    function _publish(uint256 round, Round memory r, Member memory m, uint8 roles, Publication memory p)
        internal
        override(Axes, MajorityPublication)
        returns (uint16 option)
    {
        uint16 known = r.options;
        option = MajorityPublication._publish(round, r, m, roles, p);
        Mining memory mining = option > known ? Mining(address(0), 0) : _mining[option];
        bool competes = _mayMine(m, r, roles);
        if (competes) {
            ++mining.miners;
            if (_beats(m, mining.winner) && _isProven(p)) mining.winner = msg.sender;
        }
        if (competes || option > known) _mining[option] = mining;
        if (!competes) return 0;
    }

    /// @dev Record the winner of the block of `round`, of record `r` and verdict `v`.
    function _noteWinner(uint256 round, Round memory r, Verdict memory v) internal {
        address winner = _mining[r.leadingOption].winner;
        if (v.outcome == Outcome.Undecided || winner == address(0)) return;
        winnerOf[round] = winner;
        emit BlockWon(round, winner, v.candidate);
    }

    /// @dev Whether the caller, whose booked record is `m`, beats `winner`, whose record was booked when it published.
    function _beats(Member memory m, address winner) private view returns (bool) {
        if (winner == address(0)) return true;
        return _powBits == 0 && m.stake > _book.records[winner].stake;
    }

    function _isProven(Publication memory p) private view returns (bool) {
        bytes32 proof = keccak256(abi.encode(_seed, msg.sender, p.digest, p.nonce));
        return uint256(proof) >> (256 - uint256(_powBits)) == 0;
    }
}
