// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {Bitmap} from "../libraries/Bitmap.sol";
import {Weights} from "../libraries/Weights.sol";

/// @title The weight of each update, and the selection of a round: the updates that passed.
/// @dev A round has at most `Bitmaps.SIZE` updates.
abstract contract UpdateBook is Axes {
    using Weights for Weights.Book;

    Weights.Book private _weights;
    mapping(uint256 round => Bitmap) private _selections;

    // ------------------------------------------------------------------ hooks: verdict

    /// @dev The updates of `round`, of record `r`, that passed. Asked once, when all ballots are revealed.
    function _select(uint256 round, Round memory r) internal virtual returns (Bitmap selection);

    // ------------------------------------------------------------------ for policies

    function _fixSelection(uint256 round, Round memory r) internal returns (Bitmap selection) {
        selection = _select(round, r);
        if (!selection.isEmpty()) _selections[round] = selection;
    }

    /// @dev The selection of `round`; empty before anybody published.
    function _selection(uint256 round) internal view returns (Bitmap) {
        return _selections[round];
    }

    /// @dev Whether the last update of the owner of record `m` was selected.
    function _isSelected(Member memory m) internal view returns (bool) {
        return _selection(m.round).has(m.updateNumber);
    }

    /// @dev Record the weight of update `updateNumber` of `round`, once.
    function _weigh(uint256 round, uint256 updateNumber, uint256 weight) internal {
        _weights.set(round, updateNumber, weight);
    }

    function _weightOf(uint256 round, uint256 updateNumber) internal view returns (uint256) {
        return _weights.get(round, updateNumber);
    }

    /// @dev The weight of that update, or 0 if it wasn't selected.
    function _selectedWeight(Member memory m) internal view returns (uint256) {
        return _isSelected(m) ? _weightOf(m.round, m.updateNumber) : 0;
    }

    /// @dev The weight of the selection of `round`.
    function _totalWeight(uint256 round) internal view returns (uint256) {
        return _weights.total(round, _selection(round));
    }
}
