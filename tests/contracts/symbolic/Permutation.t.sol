// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Draw} from "../../../contracts/libraries/Draw.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Whatever the seed hashes to, everybody has a place of its own.
/// A registry of a square's size is drawn in one go; others walk on from the values outside. They leave these behind
/// them one by one, since the square is permuted: a walk takes a step more than there are values outside at the most, and
/// the bounds below cut off nothing that could happen.
contract PermutationProofs is Test {
    /// @custom:halmos --loop 8
    function check_permutes_1(bytes32 seed) public pure {
        permutes(seed, 1);
    }

    /// @custom:halmos --loop 3
    function check_permutes_2(bytes32 seed) public pure {
        permutes(seed, 2);
    }

    /// @custom:halmos --loop 3
    function check_permutes_3(bytes32 seed) public pure {
        permutes(seed, 3);
    }

    /// @custom:halmos --loop 8
    function check_permutes_4(bytes32 seed) public pure {
        permutes(seed, 4);
    }

    function permutes(bytes32 seed, uint256 size) private pure {
        uint256 taken = 0;
        for (uint256 place = 0; place < size; ++place) {
            uint256 position = Draw.position(seed, place, size);
            assertLt(position, size);
            taken |= 1 << position;
        }
        assertEq(taken, (1 << size) - 1);
    }
}
