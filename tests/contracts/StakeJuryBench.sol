// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {LeafBench} from "./LeafBench.sol";

/// @dev Three proposers and a jury of four a round. A pool of 10,000 pays 1,000 for 3 * 6 + 4 * 1 parts: 45 a part, 270 an
/// update, 45 a seat.
abstract contract StakeJuryBench is LeafBench {
    uint256 internal constant ALL = 7;
    uint256 internal constant POOL = 10_000;
    uint256 internal constant PART = 45;
    uint256 internal constant UPDATE_PAY = 6 * PART;

    uint256 internal fee;
    uint256 internal floor = 60;
    uint256 internal proposerStake = PROPOSER_STAKE;
    uint256 internal voterStake = VOTER_STAKE;
    uint32 internal mostProposers = 3;
    uint32 internal mostVoters = 4;
    uint32 internal minVoters = 3;
    uint16 internal profitBps = 1000;
    uint16 internal decoyOdds;
    uint16 internal absentAfter;

    function deploy() internal virtual override returns (IFederation) {
        return new StakeJury(juryTerms());
    }

    function juryTerms() internal view returns (IStakeJury.StakeJuryTerms memory) {
        return IStakeJury.StakeJuryTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            fee: fee,
            managers: managers,
            founders: founders,
            newcomers: newcomers,
            floor: floor,
            proposerStake: proposerStake,
            voterStake: voterStake,
            proposers: mostProposers,
            voters: mostVoters,
            minVoters: minVoters,
            updateShares: 6,
            seatShares: 1,
            profitBps: profitBps,
            decoyOdds: decoyOdds,
            absentAfter: absentAfter,
            maxSamples: 1000,
            maxEpochs: 10,
            schedule: longSchedule()
        });
    }

    function jury() internal view returns (IStakeJury) {
        return IStakeJury(address(federation));
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

    function opinion(uint256 good, uint256 had) internal pure returns (bytes memory) {
        return abi.encode(good, had);
    }

    function ballot(bool good) internal pure override returns (bytes memory) {
        return opinion(good ? ALL : 0, ALL);
    }

    /// @dev A round up to phase Publish, in which three propose and the jurors reveal these ballots, in the order of the
    /// draw.
    function toPublish(bytes[] memory ballots) internal {
        openAndDraw();
        proposeAll();
        judge(ballots);
    }

    function four(bytes memory a, bytes memory b, bytes memory c, bytes memory d)
        internal
        pure
        returns (bytes[] memory list)
    {
        list = new bytes[](4);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
    }

    /// @dev Everybody acts, all jurors are of one mind and could have everything.
    function playJury(bytes32 digest, uint256 selection) internal returns (IFederation.Round memory) {
        openAndDraw();
        proposeAll();
        judgeAll(opinion(selection, ALL));
        publishAll(digest, selection);
        return finish();
    }

    /// @dev A round in which all act but `absent`, as far as they are drawn, up to the phase after Reveal.
    function playWithout(address absent) internal {
        openAndDraw();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != absent) propose(list[i]);
        }
        pass(IFederation.Phase.Propose);
        uint256 all = (1 << federation.roundOf(round()).proposals) - 1;
        list = voters();
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != absent) commitBallot(list[i], opinion(all, all));
        }
        pass(IFederation.Phase.Commit);
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != absent) revealBallot(list[i], opinion(all, all));
        }
        pass(IFederation.Phase.Reveal);
    }

    /// @dev Who proposed update `updateNumber` of the round.
    function authorOf(uint256 updateNumber) internal view returns (address) {
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.Member memory m = entry(members[i]);
            if (m.round == round() && m.acts & 1 != 0 && m.updateNumber == updateNumber) return members[i];
        }
        revert("no such update");
    }
}
