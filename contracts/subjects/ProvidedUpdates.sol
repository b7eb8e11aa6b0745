// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Claims} from "../books/Claims.sol";
import {ElectionBook} from "../books/ElectionBook.sol";

/// @title Subject: each update, whose provider goes on record and may be elected for it.
abstract contract ProvidedUpdates is ElectionBook, Claims {
    /// @inheritdoc Axes
    function _admit(uint256 round, Round memory r, bytes32 digest, uint256 samples, uint256 epochs) internal override {
        _checkClaims(samples, epochs);
        _pending[r.proposals] = Record(digest, msg.sender, 0);
        _noteProvider(round, r.proposals);
    }
}
