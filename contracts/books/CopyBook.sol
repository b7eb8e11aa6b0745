// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Acts} from "../libraries/Flags.sol";

/// @title The updates accused of being copies, and those that the jury convicts.
abstract contract CopyBook is Axes {
    /// @dev The accused of a round; only the convicted remain once its selection is fixed.
    mapping(uint256 round => Bitmap) internal _accused;

    /// @dev Convict those accused of `round` that are in `named`, and return them.
    function _convict(uint256 round, Bitmap named) internal returns (Bitmap convicted) {
        convicted = _accused[round].intersection(named);
        _accused[round] = convicted;
    }

    /// @dev Whether the jury of round `r` convicted the update that the owner of record `m` proposed in it.
    function _isConvicted(Member memory m, Round memory r) internal view returns (bool) {
        if (m.acts & Acts.PROPOSED == 0 || r.outcome == Outcome.Undecided) return false;
        return _accused[m.round].has(m.updateNumber);
    }

    /// @dev How many updates the jury of `round` convicted.
    function _countConvicted(uint256 round) internal view returns (uint256) {
        return _accused[round].count();
    }
}
