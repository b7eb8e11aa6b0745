// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Claims} from "../books/Claims.sol";
import {UpdateBook} from "../books/UpdateBook.sol";

/// @title Subject: each update, which weighs as many sample visits as its proposer claims.
abstract contract SampleVisits is Claims, UpdateBook {
    /// @inheritdoc Axes
    function _admit(uint256 round, Round memory r, bytes32, uint256 samples, uint256 epochs) internal override {
        _checkClaims(samples, epochs);
        _weigh(round, r.proposals, samples * epochs);
    }
}
