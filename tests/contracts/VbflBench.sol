// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Vbfl} from "../../contracts/federations/Vbfl.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IVbfl} from "../../contracts/interfaces/IVbfl.sol";
import {Roles} from "../../contracts/libraries/Flags.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev Three workers, three validators and two miners a round.
abstract contract VbflBench is LeafBench {
    uint256 internal constant UNIT = 5;
    uint32 internal updateUnits;
    uint32 internal mostProposers = 3;
    uint32 internal validators = 3;
    uint32 internal miners = 2;
    uint16 internal kickRounds = 2;
    uint8 internal powBits;

    function deploy() internal virtual override returns (IFederation) {
        return new Vbfl(vbflTerms());
    }

    function vbflTerms() internal view returns (IVbfl.VbflTerms memory) {
        return IVbfl.VbflTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            managers: managers,
            founders: founders,
            newcomers: newcomers,
            unitReward: UNIT,
            updateUnits: updateUnits,
            proposers: mostProposers,
            validators: validators,
            miners: miners,
            maxSamples: 1000,
            maxEpochs: 10,
            kickRounds: kickRounds,
            powBits: powBits,
            schedule: longSchedule()
        });
    }

    function vbfl() internal view returns (IVbfl) {
        return IVbfl(address(federation));
    }

    function redeploy(uint256 count) internal {
        federation = deploy();
        delete members;
        joinMany(count, BOND);
    }

    function fillPool(uint256 amount) internal {
        fund(address(this), amount);
        federation.fund(amount);
    }

    /// @dev Who mines and doesn't validate, in the order of the draw.
    function minersOnly() internal view returns (address[] memory list) {
        address[] memory all = publishers();
        uint256 count = all.length - voters().length;
        list = new address[](count);
        uint256 next;
        for (uint256 i = 0; i < all.length; ++i) {
            if (federation.memberOf(all[i]).roles == Roles.PUBLISHER) list[next++] = all[i];
        }
    }

    function ballot(bool good) internal pure override returns (bytes memory) {
        return abi.encode(good ? uint256(7) : uint256(0));
    }

    /// @dev Everybody acts: all workers propose, all validators approve of `selection`, all publish `digest`.
    function playVbfl(bytes32 digest, uint256 selection) internal returns (IFederation.Round memory) {
        openAndDraw();
        proposeAll();
        judgeAll(abi.encode(selection));
        publishAll(digest, selection);
        return finish();
    }
}
