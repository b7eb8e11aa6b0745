// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "./IFederation.sol";

/// @title Blocks, each with a winner.
interface IMined is IFederation {
    /// @notice `winner` published the model `digest` of `round` before, or with more stake than, the other miners.
    event BlockWon(uint256 indexed round, address indexed winner, bytes32 digest);

    /// @notice The winner of the block of `round`; 0: nobody.
    function winnerOf(uint256 round) external view returns (address);
}
