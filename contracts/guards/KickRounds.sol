// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";
import {UpdateBook} from "../books/UpdateBook.sol";
import {Acts} from "../libraries/Flags.sol";

/// @title Guard: a proposer is banned after `kickRounds` of its updates in a row were rejected, or pledged and not
/// proposed.
abstract contract KickRounds is UpdateBook {
    uint16 internal immutable _kickRounds;

    constructor(uint16 kickRounds) {
        _requireTerm(kickRounds != 0, "kickRounds", kickRounds);
        _kickRounds = kickRounds;
    }

    /// @inheritdoc Axes
    function _guard(Member memory m, Round memory r) internal view override returns (bool) {
        if (m.acts & (Acts.PROPOSED | Acts.PLEDGED) == 0 || r.outcome == Outcome.Undecided) return false;
        // an update number of an earlier round says nothing
        bool passed = m.acts & Acts.PROPOSED != 0 && _isSelected(m);
        m.strikes = passed ? 0 : m.strikes + 1;
        return m.strikes >= _kickRounds;
    }

    /// @inheritdoc Axes
    function _checkCommit(Round memory) internal pure override {}
}
