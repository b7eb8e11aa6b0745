// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The draw: a keyed permutation of the frozen registry.
/// @notice Nobody's role is stored: whoever asks computes it, at a cost that doesn't depend on the registry's size.
library Draw {
    uint256 private constant STEPS = 8;

    /// @notice The key of `round`'s permutation.
    function seedOf(bytes32 entropy, bytes32 mix, uint256 round) internal pure returns (bytes32) {
        return keccak256(abi.encode(entropy, mix, round));
    }

    /// @notice Where the member at `place` of a registry of `size` comes in the permutation keyed by `seed`.
    /// @dev A Feistel network over the pairs below `a`, the least square root that holds the registry. It permutes
    /// 0 … a²-1; walking on from a value outside 0 … size-1 until one is inside permutes these.
    /// @param place below `size`
    function position(bytes32 seed, uint256 place, uint256 size) internal pure returns (uint256 x) {
        uint256 a = Math.sqrt(size, Math.Rounding.Ceil);
        x = place;
        do {
            (uint256 left, uint256 right) = (x / a, x % a);
            for (uint256 k = 0; k < STEPS; ++k) {
                (left, right) = (right, (left + _hash(seed, k, right) % a) % a);
            }
            x = left * a + right;
        } while (x >= size);
    }

    /// @dev keccak256(abi.encode(seed, k, half)), in memory that is free again afterwards.
    function _hash(bytes32 seed, uint256 k, uint256 half) private pure returns (uint256 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, seed)
            mstore(add(free, 0x20), k)
            mstore(add(free, 0x40), half)
            digest := keccak256(free, 0x60)
        }
    }
}
