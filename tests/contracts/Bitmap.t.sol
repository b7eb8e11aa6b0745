// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bitmap} from "../../contracts/libraries/Bitmap.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Sets, against asking number by number.
contract BitmapTest is Test {
    uint256 private constant NUMBERS = 256;

    /// @dev Random words are never sparse: the second has one in sixteen of the numbers, the third one or none.
    function testFuzz_sets_are_told_by_their_members(uint256 word, uint256 mask, uint256 limit) public pure {
        limit = bound(limit, 0, NUMBERS);
        check(word, limit);
        check(word & mask & (mask >> 1) & (mask >> 2), limit);
        check(limit == NUMBERS ? 0 : 1 << limit, limit);
        uint256 all = limit == 0 ? 0 : type(uint256).max >> (NUMBERS - limit);
        check(all, limit);
        check(all & ~(1 << mask % NUMBERS), limit);
    }

    function testFuzz_members_of_two_sets(uint256 one, uint256 two, uint8 number) public pure {
        (Bitmap a, Bitmap b) = (Bitmap.wrap(one), Bitmap.wrap(two));
        for (uint256 n = 0; n < NUMBERS; ++n) {
            assertEq(a.with(number).has(n), a.has(n) || n == number, "with");
            assertEq(a.without(b).has(n), a.has(n) && !b.has(n), "without");
            assertEq(a.intersection(b).has(n), a.has(n) && b.has(n), "intersection");
        }
        assertEq(a.equals(b), one == two, "equals");
        assertTrue(a.equals(Bitmap.wrap(one)), "equals itself");
        assertFalse(a.equals(Bitmap.wrap(one ^ 1 << number)), "equals but for a member");
    }

    function check(uint256 word, uint256 limit) private pure {
        Bitmap set = Bitmap.wrap(word);
        uint256 count;
        bool fits = true;
        bool fills = true;
        for (uint256 n = 0; n < NUMBERS; ++n) {
            bool member = word / 2 ** n % 2 == 1;
            assertEq(set.has(n), member, "has");
            assertEq(set.below(limit).has(n), member && n < limit, "below");
            if (member) ++count;
            if (member && n >= limit) fits = false;
            if (member != (n < limit)) fills = false;
        }
        assertEq(set.count(), count, "count");
        assertEq(set.isEmpty(), count == 0, "isEmpty");
        assertEq(set.fits(limit), fits, "fits");
        assertEq(set.fills(limit), fills, "fills");
    }
}
