// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {EachUpdate} from "./EachUpdate.sol";
import {Weights} from "../libraries/Weights.sol";

/// @title Subject: each update, which weighs as many sample visits as its proposer claims.
abstract contract SampleVisits is EachUpdate {
    using Weights for Weights.Book;

    /// @inheritdoc Axes
    function _admit(uint256 round, Round memory r, bytes32, uint256 samples, uint256 epochs) internal override {
        _checkClaims(samples, epochs);
        _weights.set(round, r.proposals, samples * epochs);
    }
}
