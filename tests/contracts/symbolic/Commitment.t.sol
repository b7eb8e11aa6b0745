// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../../contracts/JuryToken.sol";
import {Draw} from "../../../contracts/libraries/Draw.sol";
import {Subject, subjectTerms} from "./Subject.sol";
import {Test} from "forge-std/Test.sol";

/// @dev What is hashed is all that has to be bound: keccak256 itself is taken to have no collisions.
/// @custom:halmos --default-bytes-lengths 32,64
contract CommitmentProofs is Test {
    Subject private one;
    Subject private other;

    struct Hidden {
        uint64 chain;
        bool here;
        uint256 round;
        address voter;
        bytes ballot;
        bytes32 salt;
    }

    function setUp() public {
        JuryToken token = new JuryToken(0, address(0), address(this));
        one = new Subject(subjectTerms(token, 100, 40, 30));
        other = new Subject(subjectTerms(token, 100, 40, 30));
    }

    /// @dev Two that differ in anything have different commitments: none can be copied, replayed or opened otherwise.
    /// Ballots are of one word or of two, as mechanisms have them.
    function check_commitment_binds(Hidden memory a, Hidden memory b) public {
        bytes32 hiddenA = commitmentOf(a);
        bytes32 hiddenB = commitmentOf(b);
        bool same = a.chain == b.chain && a.here == b.here && a.round == b.round && a.voter == b.voter
            && keccak256(a.ballot) == keccak256(b.ballot) && a.salt == b.salt;
        assertEq(hiddenA == hiddenB, same);
    }

    function commitmentOf(Hidden memory h) private returns (bytes32) {
        vm.chainId(h.chain);
        return (h.here ? one : other).commitmentOf(h.round, h.voter, h.ballot, h.salt);
    }

    /// @dev Whoever changes one of what goes into a seed changes the seed.
    function check_seed_binds(bytes32 entropyA, bytes32 mixA, uint256 a, bytes32 entropyB, bytes32 mixB, uint256 b)
        public
        pure
    {
        bool same = entropyA == entropyB && mixA == mixB && a == b;
        assertEq(Draw.seedOf(entropyA, mixA, a) == Draw.seedOf(entropyB, mixB, b), same);
    }
}
