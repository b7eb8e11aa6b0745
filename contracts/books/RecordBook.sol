// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IBflc} from "../interfaces/IBflc.sol";

/// @title Records addressed by number: model `t` has number `t (k + 1)`, and the `k` updates that make the next model
/// follow it (Li et al., arXiv 2004.00773, III-A).
abstract contract RecordBook is IBflc, Axes {
    /// @dev How many updates make a model: the paper's k.
    uint32 internal immutable _updates;

    /// @inheritdoc IBflc
    uint256 public height;
    mapping(uint256 recordNumber => Record) internal _records;
    /// @dev The proposals of the round in progress, by number; those of earlier rounds are overwritten.
    mapping(uint256 recordNumber => Record) internal _pending;

    constructor(BflcTerms memory t) {
        _records[0].digest = t.genesis;
        _updates = t.updates;
    }

    /// @inheritdoc IBflc
    function recordOf(uint256 recordNumber) external view returns (Record memory) {
        return _records[recordNumber];
    }
}
