// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The draw: a keyed permutation of the frozen registry.
/// @notice Nobody's role is stored: anyone can compute it, at a cost that doesn't depend on the registry's size.
library Draw {
    uint256 private constant STEPS = 8;

    /// @notice The key of `round`'s permutation.
    function seedOf(bytes32 entropy, bytes32 mix, uint256 round) internal pure returns (bytes32) {
        return keccak256(abi.encode(entropy, mix, round));
    }

    /// @notice The position of the member at `place` of a registry of `size`, in the permutation keyed by `seed`.
    /// @dev A Feistel network over the pairs of numbers below `a`, where `a` is the least with a² >= size. It permutes
    /// 0 … a²-1. Applying it again while the value is outside 0 … size-1 permutes 0 … size-1.
    /// @param place below `size`
    function position(bytes32 seed, uint256 place, uint256 size) internal pure returns (uint256 x) {
        uint256 a = _sideOf(size);
        x = place;
        do {
            (uint256 left, uint256 right) = (x / a, x % a);
            assembly ("memory-safe") {
                // (left, right) = (right, (left + keccak256(abi.encode(seed, k, right)) % a) % a), for k = 0 … 7;
                // hashes in free memory, and leaves that memory free
                let free := mload(0x40)
                mstore(free, seed)
                for { let k := 0 } lt(k, STEPS) { k := add(k, 1) } {
                    mstore(add(free, 0x20), k)
                    mstore(add(free, 0x40), right)
                    let next := mod(add(left, mod(keccak256(free, 0x60), a)), a)
                    left := right
                    right := next
                }
            }
            x = left * a + right;
        } while (x >= size);
    }

    /// @dev The least number whose square is `size` or more, a bit at a time: of registries alone, which have at most
    /// 65,535 members, this is smaller code than a root of any number.
    function _sideOf(uint256 size) private pure returns (uint256 a) {
        unchecked {
            for (uint256 bit = 128; bit != 0; bit >>= 1) {
                uint256 next = a | bit;
                if (next * next < size) a = next;
            }
            ++a;
        }
    }
}
