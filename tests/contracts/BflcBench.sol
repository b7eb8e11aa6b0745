// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bflc} from "../../contracts/federations/Bflc.sol";
import {IBflc} from "../../contracts/interfaces/IBflc.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev Three managers; a committee of three, four updates a model, at most five proposals.
abstract contract BflcBench is LeafBench {
    uint256 internal constant FEE = 7;

    uint32 internal committee = 3;
    uint32 internal updates = 4;
    uint32 internal mostProposers = 5;
    uint16 internal minScore = 5000;
    uint8 internal election;
    uint16 internal speedBps;
    uint16 internal profitBps = 2500;

    constructor() {
        managers = [ADA, BOB, CAT];
    }

    function deploy() internal virtual override returns (IFederation) {
        return new Bflc(bflcTerms());
    }

    function bflcTerms() internal view returns (IBflc.BflcTerms memory) {
        return IBflc.BflcTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            fee: FEE,
            managers: managers,
            founders: founders,
            newcomers: newcomers,
            committee: committee,
            updates: updates,
            proposers: mostProposers,
            maxSamples: 1000,
            maxEpochs: 10,
            minScore: minScore,
            election: election,
            speedBps: speedBps,
            profitBps: profitBps,
            schedule: longSchedule()
        });
    }

    function bflc() internal view returns (IBflc) {
        return IBflc(address(federation));
    }

    // ------------------------------------------------------------------ managers

    function named(address[] memory accounts) internal {
        vm.prank(ADA);
        bflc().nameCommittee(0, accounts);
        uint256 number = bflc().motionCount();
        vm.prank(CAT);
        bflc().nameCommittee(number, accounts);
    }

    function admit(address who, uint256 stake) internal {
        allowed(who);
        fund(who, stake + FEE);
        vm.prank(who);
        federation.join(stake);
        members.push(who);
    }

    function admitMany(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            admit(account(i), BOND);
        }
    }

    function redeploy(uint256 count) internal {
        federation = deploy();
        delete members;
        admitMany(count);
    }

    function firstThree() internal pure returns (address[] memory list) {
        list = new address[](3);
        (list[0], list[1], list[2]) = (account(0), account(1), account(2));
    }

    // ------------------------------------------------------------------ a round

    function ballot(bool good) internal pure override returns (bytes memory) {
        return good ? scores(9000, 9000, 9000, 9000, 9000) : scores(0, 0, 0, 0, 0);
    }

    function scores(uint256 a, uint256 b, uint256 c, uint256 d, uint256 e) internal pure returns (bytes memory) {
        return abi.encodePacked(uint16(a), uint16(b), uint16(c), uint16(d), uint16(e));
    }

    /// @dev A round in which all the committee give these scores, up to phase Publish; who proposed, by number.
    function toPublish(bytes memory each) internal returns (address[] memory providers) {
        openAndDraw();
        providers = proposers();
        for (uint256 i = 0; i < each.length / 2; ++i) {
            propose(providers[i]);
        }
        pass(IFederation.Phase.Propose);
        judgeAll(each);
    }

    /// @dev The same up to its settlement, with what passes published by all.
    function playBflc(bytes memory each, bytes32 digest, uint256 selection)
        internal
        returns (address[] memory providers)
    {
        providers = toPublish(each);
        publishAll(digest, selection);
        finish();
    }
}
