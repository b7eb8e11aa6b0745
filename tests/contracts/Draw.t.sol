// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Draw} from "../../contracts/libraries/Draw.sol";
import {Test} from "forge-std/Test.sol";

contract DrawTest is Test {
    function test_permutes_every_small_registry() public pure {
        for (uint256 size = 1; size <= 64; ++size) {
            checkPermutation(keccak256(abi.encode(size)), size);
        }
    }

    function testFuzz_permutes_any_registry(bytes32 seed, uint256 size) public pure {
        checkPermutation(seed, bound(size, 1, 300));
    }

    function testFuzz_position_is_inside_and_as_the_protocol_page_says(bytes32 seed, uint256 place, uint16 size)
        public
        pure
    {
        vm.assume(size != 0);
        place = bound(place, 0, size - 1);
        uint256 position = Draw.position(seed, place, size);
        assertLt(position, size);
        assertEq(position, plainPosition(seed, place, size));
    }

    function test_leaves_the_memory_as_it_was() public pure {
        bytes memory before = abi.encode("before");
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        Draw.position(keccak256("seed"), 3, 10);
        uint256 later;
        assembly ("memory-safe") {
            later := mload(0x40)
        }
        assertEq(later, free);
        assertEq(before, abi.encode("before"));
    }

    /// @dev Over many seeds every place gets its share of the first positions: two of ten, a fifth of the draws.
    function test_is_fair() public pure {
        uint256[10] memory times;
        for (uint256 draw = 0; draw < 5000; ++draw) {
            for (uint256 place = 0; place < 10; ++place) {
                if (Draw.position(keccak256(abi.encode(draw)), place, 10) < 2) ++times[place];
            }
        }
        for (uint256 place = 0; place < 10; ++place) {
            // five standard deviations: 5 * sqrt(5000 * 0.2 * 0.8)
            assertApproxEqAbs(times[place], 1000, 142);
        }
    }

    function test_costs_the_same_for_any_registry() public view {
        uint256 small = costOf(12);
        uint256 large = costOf(10_000);
        assertLt(large, small + small / 4);
    }

    function test_seed_depends_on_each_part() public pure {
        bytes32 seed = Draw.seedOf("entropy", "mix", 7);
        assertEq(seed, keccak256(abi.encode(bytes32("entropy"), bytes32("mix"), uint256(7))));
        assertTrue(seed != Draw.seedOf("other", "mix", 7));
        assertTrue(seed != Draw.seedOf("entropy", "other", 7));
        assertTrue(seed != Draw.seedOf("entropy", "mix", 8));
    }

    // ------------------------------------------------------------------

    function checkPermutation(bytes32 seed, uint256 size) private pure {
        bool[] memory taken = new bool[](size);
        for (uint256 place = 0; place < size; ++place) {
            uint256 position = Draw.position(seed, place, size);
            assertLt(position, size, "outside");
            assertFalse(taken[position], "twice");
            taken[position] = true;
        }
    }

    /// @dev The average over some places: walking makes single ones differ.
    function costOf(uint256 size) private view returns (uint256 cost) {
        uint256 sum;
        for (uint256 place = 0; place < 12; ++place) {
            uint256 before = gasleft();
            sum += Draw.position("seed", place, size);
            cost += before - gasleft();
        }
        cost /= 12;
        require(sum != 0, "computed");
    }

    /// @dev The protocol page's sentence, word by word.
    function plainPosition(bytes32 seed, uint256 i, uint256 n) private pure returns (uint256 x) {
        uint256 a = 1;
        while (a * a < n) ++a;
        x = i;
        do {
            uint256 left = x / a;
            uint256 right = x % a;
            for (uint256 k = 0; k < 8; ++k) {
                (left, right) = (right, (left + uint256(keccak256(abi.encode(seed, k, right))) % a) % a);
            }
            x = left * a + right;
        } while (x >= n);
    }
}
