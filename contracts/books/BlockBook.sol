// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {IMined} from "../interfaces/IMined.sol";

/// @title The miners of each digest in the round in progress, and the winner of each round's block.
abstract contract BlockBook is IMined, Axes {
    /// @dev Who mines a digest; one slot.
    struct Mining {
        address winner;
        uint16 miners;
    }

    /// @inheritdoc IMined
    mapping(uint256 round => address) public winnerOf;
    /// @dev For the round in progress: an option's first miner overwrites an earlier round's.
    mapping(uint16 option => Mining) internal _mining;

    /// @dev The miners behind the leading digest of the round in progress, of record `r`.
    function _minersOf(Round memory r) internal view returns (uint256) {
        return _mining[r.leadingOption].miners;
    }
}
