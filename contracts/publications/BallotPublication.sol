// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Axes} from "../Axes.sol";

/// @title Publication: none besides the ballots, whose majority names the next model.
abstract contract BallotPublication is Axes {
    /// @inheritdoc Axes
    function _publishers(Round memory) internal pure override returns (uint256) {}

    /// @inheritdoc Axes
    function _publish(uint256, Round memory, Member memory, uint8, Publication memory)
        internal
        pure
        override
        returns (uint16)
    {}
}
