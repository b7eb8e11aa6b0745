// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Blade} from "../../contracts/federations/Blade.sol";
import {IBlade} from "../../contracts/interfaces/IBlade.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev A task of three rounds for 9,000, with four places; bids are taken for 1,000 seconds.
abstract contract BladeBench is LeafBench {
    uint256 internal constant BOUNTY = 9000;
    uint40 internal constant BIDDING_ENDS = uint40(START + 1000);
    uint40 internal constant DEADLINE = uint40(START + 50_000);
    address internal constant PUBLISHER = address(0xBEEF);
    /// @dev Noise seeds are hashed on from a secret; round n's is this many hashes before the anchor.
    uint256 internal constant CHAIN = 60;

    uint40 internal deadline = DEADLINE;
    uint32 internal winners = 4;
    uint32 internal minWinners = 3;
    uint32 internal taskRounds = 3;
    uint16 internal blockBps = 1000;
    uint8 internal powBits;

    function deploy() internal virtual override returns (IFederation) {
        return new Blade(bladeTerms());
    }

    function bladeTerms() internal view returns (IBlade.BladeTerms memory) {
        return IBlade.BladeTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            managers: managers,
            publisher: PUBLISHER,
            bounty: BOUNTY,
            rule: "weighted mean",
            rounds: taskRounds,
            biddingEnds: BIDDING_ENDS,
            deadline: deadline,
            winners: winners,
            minWinners: minWinners,
            minSamples: 10,
            maxSamples: 1000,
            maxEpochs: 5,
            blockBps: blockBps,
            powBits: powBits,
            challenge: 40,
            schedule: longSchedule()
        });
    }

    function blade() internal view returns (IBlade) {
        return IBlade(address(federation));
    }

    // ------------------------------------------------------------------ bids

    /// @dev `who`'s noise seed of a round; of round 0: its anchor.
    function noiseSeed(address who, uint256 number) internal pure returns (bytes32 seed) {
        seed = keccak256(abi.encode("secret", who));
        for (uint256 i = number; i < CHAIN; ++i) {
            seed = keccak256(abi.encode(seed));
        }
    }

    function bidding(address who, uint256 capability, uint256 cost) internal pure returns (bytes memory) {
        return abi.encodeCall(IBlade.bid, (capability, cost, noiseSeed(who, 0)));
    }

    function bid(address who, uint256 capability, uint256 cost) internal {
        fund(who, BOND);
        vm.prank(who);
        blade().bid(capability, cost, noiseSeed(who, 0));
        members.push(who);
    }

    /// @dev Four members who may claim 200 samples each, and a pool that holds the bounty; bidding is over.
    function startTask() internal {
        for (uint256 i = 0; i < 4; ++i) {
            bid(account(i), 200, 10);
        }
        fillPool(BOUNTY);
        vm.warp(BIDDING_ENDS);
    }

    function fillPool(uint256 amount) internal {
        fund(address(this), amount);
        federation.fund(amount);
    }

    // ------------------------------------------------------------------ a round

    function ballot(bool good) internal pure override returns (bytes memory) {
        return good ? approving(15, 0) : approving(0, 15);
    }

    /// @dev Whom a voter approves of, and whom it holds to be a copy.
    function approving(uint256 approved, uint256 copied) internal pure returns (bytes memory) {
        return abi.encode(approved, copied);
    }

    /// @dev All propose, in the order of the draw.
    function train(uint256 samples) internal returns (address[] memory list) {
        list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            train(list[i], samples, 1);
        }
    }

    function pastChallenge() internal {
        IFederation.Status memory s = federation.status();
        if (block.timestamp < s.proposeEnd + 40) vm.warp(s.proposeEnd + 40);
    }

    /// @dev A round in which all act alike.
    function playBlade(bytes32 digest, uint256 selection) internal returns (IFederation.Round memory) {
        openAndDraw();
        train(100);
        pastChallenge();
        judgeAll(approving(selection, 0));
        publishAll(digest, selection);
        return finish();
    }

    function accuse(address who, uint256 number) internal {
        uint256 current = round();
        bytes32 seed = noiseSeed(who, current);
        vm.prank(who);
        blade().accuse(current, number, seed, 9000);
    }

    function accusing(address who, uint256 number) internal view returns (bytes memory) {
        return abi.encodeCall(IBlade.accuse, (round(), number, noiseSeed(who, round()), 9000));
    }
}
