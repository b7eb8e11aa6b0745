// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bflc} from "../../contracts/federations/Bflc.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bitmap} from "../../contracts/libraries/Bitmap.sol";
import {BflcBench} from "./BflcBench.sol";

/// @dev A federation whose scores can be counted without playing a round.
contract Scores is Bflc {
    constructor(BflcTerms memory t) Bflc(t) {}

    function count(uint256 round, Round memory r, bytes calldata ballot) external {
        _count(round, r, ballot);
    }

    function select(uint256 round, Round memory r) external returns (uint256) {
        return Bitmap.unwrap(_select(round, r));
    }

    function weightOf(uint256 round, uint256 number) external view returns (uint256) {
        return _weightOf(round, number);
    }
}

/// @dev Medians are those that sorting gives, whatever the number of ballots and updates, and whatever the scores.
contract MediansTest is BflcBench {
    uint256 private constant MOST_BALLOTS = 32;
    uint256 private constant MOST_UPDATES = 256;
    uint256 private constant BEST = 10_000;

    Scores private subject;
    uint256 private played;

    function deploy() internal override returns (IFederation) {
        (committee, updates, mostProposers) = (32, 32, 256);
        subject = new Scores(bflcTerms());
        return subject;
    }

    /// @dev Scores of three kinds: any; few different ones; the extremes. A run counts and sorts up to 16,384 scores:
    /// 10,000 runs would take a core more than ten minutes.
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: ci.fuzz.runs = 500
    function testFuzz_medians_are_the_sorted_middle(uint256 ballots, uint256 proposals, uint256 random) public {
        ballots = bound(ballots, 1, MOST_BALLOTS);
        proposals = bound(proposals, 1, MOST_UPDATES);
        check(ballots, proposals, random);
        // and the next round, over what this one left behind
        check(1 + random % MOST_BALLOTS, 1 + random % MOST_UPDATES, ~random);
    }

    /// @dev Every number of ballots, on more updates than a word of scores holds.
    function test_every_size_of_a_committee() public {
        for (uint256 ballots = 1; ballots <= MOST_BALLOTS; ++ballots) {
            check(ballots, 17, ballots);
        }
    }

    function check(uint256 ballots, uint256 proposals, uint256 random) private {
        // the weights of a round are noted once
        ++played;
        IFederation.Round memory r;
        r.proposals = uint16(proposals);
        uint256[][] memory given = new uint256[][](proposals);
        for (uint256 n = 0; n < proposals; ++n) {
            given[n] = new uint256[](ballots);
        }
        for (uint256 i = 0; i < ballots; ++i) {
            bytes memory packed = new bytes(2 * proposals);
            for (uint256 n = 0; n < proposals; ++n) {
                uint256 score = scoreOf(random, i, n);
                given[n][i] = score;
                (packed[2 * n], packed[2 * n + 1]) = (bytes1(uint8(score >> 8)), bytes1(uint8(score)));
            }
            subject.count(played, r, packed);
            ++r.reveals;
        }
        uint256 selection = subject.select(played, r);
        uint256 expected = 0;
        uint256 passed = 0;
        for (uint256 n = 0; n < proposals; ++n) {
            uint256 median = lowerMiddle(given[n]);
            assertEq(subject.weightOf(played, n), median, "the median");
            if (median < minScore || passed == updates) continue;
            expected |= 1 << n;
            ++passed;
        }
        assertEq(selection, passed == updates ? expected : 0, "the selection");
    }

    function scoreOf(uint256 random, uint256 voter, uint256 number) private pure returns (uint256) {
        uint256 any = uint256(keccak256(abi.encode(random, voter, number)));
        uint256 kind = (random >> 8) % 3;
        if (kind == 0) return any % (BEST + 1);
        return kind == 1 ? 4998 + any % 5 : any % 2 * BEST;
    }

    function lowerMiddle(uint256[] memory list) private pure returns (uint256) {
        for (uint256 i = 1; i < list.length; ++i) {
            uint256 x = list[i];
            uint256 j = i;
            for (; j != 0 && list[j - 1] > x; --j) {
                list[j] = list[j - 1];
            }
            list[j] = x;
        }
        return list[(list.length - 1) / 2];
    }
}
