// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {StakeJuryBench} from "./StakeJuryBench.sol";

/// @dev Nine members of whom three propose and four judge, one update in three a decoy. Members anchor chains of two
/// secrets that make decoys of the updates that a test names: it looks at the seed before they anchor, as no member can.
abstract contract DecoyBench is StakeJuryBench {
    uint16 internal constant ODDS = 3;

    /// @dev Who proposes in the round in progress, in the order of the draw: update 0 is the first one's.
    address[] internal authors;
    address[] internal jurors;
    /// @dev What leads to a member's anchor.
    mapping(address member => bytes32) internal secretOf;

    constructor() {
        decoyOdds = ODDS;
    }

    function setUp() public virtual override {
        super.setUp();
        populate();
        fillPool(POOL);
    }

    function populate() internal virtual {
        joinMany(9, BOND);
    }

    // ------------------------------------------------------------------ words

    function hashOf(bytes32 secret) internal pure returns (bytes32) {
        return keccak256(abi.encode(secret));
    }

    function lotOf(bytes32 secret, bytes32 seed, uint256 odds) internal pure returns (bool) {
        return uint256(keccak256(abi.encode(secret, seed))) % odds == 0;
    }

    function anchoring(bytes32 end) internal pure returns (bytes memory) {
        return abi.encodeCall(IStakeJury.anchor, (end));
    }

    function anchor(address who, bytes32 secret) internal {
        vm.prank(who);
        jury().anchor(hashOf(secret));
        secretOf[who] = secret;
    }

    function showing(bytes32 secret) internal view returns (bytes memory) {
        return abi.encodeCall(IStakeJury.show, (round(), secret));
    }

    function show(address who) internal {
        uint256 number = round();
        vm.prank(who);
        jury().show(number, secretOf[who]);
    }

    /// @dev The authors of the updates in `shown` show their secrets.
    function showThose(uint256 shown) internal {
        for (uint256 n = 0; n < authors.length; ++n) {
            if (shown >> n & 1 != 0) show(authors[n]);
        }
    }

    function badSecret(address who, bytes32 secret) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IStakeJury.BadSecret.selector, secret, jury().anchorOf(who));
    }

    function notProposed(address who) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IStakeJury.NotProposed.selector, who, round());
    }

    function notMember(address who, IFederation.Standing standing_) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.NotMember.selector, who, standing_);
    }

    function inPhase(IFederation.Phase expected) internal view {
        assertEq(phase(), uint256(expected), "phase");
    }

    // ------------------------------------------------------------------ a round

    /// @dev A round whose proposers anchored secrets that make decoys of the updates in `decoys`, and of no others.
    function plant(uint256 decoys) internal {
        uint256 snapshot = vm.snapshotState();
        openAndDraw();
        bytes32 seed = federation.status().seed;
        address[] memory list = proposers();
        vm.revertToState(snapshot);
        for (uint256 n = 0; n < list.length; ++n) {
            anchor(list[n], secretFor(list[n], seed, decoys >> n & 1 != 0));
        }
        openAndDraw();
        assertEq(federation.status().seed, seed, "anchors change no seed");
        (authors, jurors) = (list, voters());
    }

    /// @dev A secret of `who` that makes its update a decoy, or none, in the round of `seed`; itself a hash.
    function secretFor(address who, bytes32 seed, bool decoy) private view returns (bytes32 secret) {
        secret = keccak256(abi.encode("chain", who));
        do {
            secret = hashOf(secret);
        } while (lotOf(secret, seed, decoyOdds) != decoy);
    }

    /// @dev Up to the last ballot of a planted round: all propose, and the jurors, in the order of the draw, reveal these
    /// ballots.
    function playBallots(uint256 decoys, bytes[] memory ballots) internal {
        plant(decoys);
        proposeAll();
        for (uint256 i = 0; i < ballots.length; ++i) {
            commitBallot(jurors[i], ballots[i]);
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < ballots.length; ++i) {
            revealBallot(jurors[i], ballots[i]);
        }
    }

    /// @dev Up to phase Publish of a planted round, of which these updates' secrets are shown.
    function playShown(uint256 decoys, uint256 shown, bytes[] memory ballots) internal {
        playBallots(decoys, ballots);
        showThose(shown);
        pass(IFederation.Phase.Reveal);
        inPhase(IFederation.Phase.Publish);
    }

    function same(bytes memory each) internal pure returns (bytes[] memory) {
        return four(each, each, each, each);
    }

    // ------------------------------------------------------------------ looking

    /// @dev What the round in progress, once settled, has given `who`, who had its bond before.
    function gain(address who) internal view returns (int256) {
        return int256(balance(who)) - int256(BOND);
    }

    function assertGains(address[] memory list, int256[4] memory expected) internal view {
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(gain(list[i]), expected[i], vm.toString(i));
        }
    }
}
