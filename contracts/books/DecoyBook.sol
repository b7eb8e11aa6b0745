// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmap} from "../libraries/Bitmap.sol";

/// @title Whose lots were shown in a round, and which updates turned out to be decoys: bad on purpose.
abstract contract DecoyBook is Axes {
    /// @dev One update in so many is a decoy; 0: none.
    uint16 internal immutable _decoyOdds;

    mapping(uint256 round => Bitmap) internal _shown;
    /// @dev Once the selection is fixed, only those that were judged.
    mapping(uint256 round => Bitmap) internal _decoys;

    constructor(uint16 decoyOdds) {
        _requireTerm(decoyOdds != 1, "decoyOdds", decoyOdds);
        _decoyOdds = decoyOdds;
    }
}
