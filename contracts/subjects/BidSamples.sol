// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {BidBook} from "../books/BidBook.sol";
import {Claims} from "../books/Claims.sol";
import {UpdateBook} from "../books/UpdateBook.sol";

/// @title Subject: each update, which weighs as many samples as its proposer claims, within its bid.
abstract contract BidSamples is Claims, BidBook, UpdateBook {
    /// @inheritdoc Axes
    function _admit(uint256 round, Round memory r, bytes32, uint256 samples, uint256 epochs) internal override {
        _checkClaims(samples, epochs);
        _requireSamples(samples, _bids[msg.sender].capability);
        _weigh(round, r.proposals, samples);
    }
}
