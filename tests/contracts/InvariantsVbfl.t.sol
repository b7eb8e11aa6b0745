// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {Vbfl} from "../../contracts/federations/Vbfl.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IMined} from "../../contracts/interfaces/IMined.sol";
import {IVbfl} from "../../contracts/interfaces/IVbfl.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Handler} from "./Handler.sol";
import {Invariants} from "./Invariants.sol";
import {UpdateHandler} from "./UpdateHandler.sol";
import {Watch, World} from "./Watch.sol";

contract VbflHandler is UpdateHandler {
    uint256 private constant UNIT_REWARD = 3;
    uint256 private constant KICK_ROUNDS = 2;

    uint256 private immutable _powBits;
    uint256 private immutable _updateUnits;
    /// @dev Rejected updates in a row, counted at each settlement.
    mapping(address account => uint256) private _failures;
    uint256 public kicked;

    constructor(IFederation federation_, JuryToken token_, uint256 unbonding, uint256 powBits)
        Watch(federation_, token_, unbonding)
    {
        _powBits = powBits;
        IVbfl.VbflTerms memory t = IVbfl(address(federation_)).terms();
        _updateUnits = t.updateUnits;
        _govern(t.managers.length != 0);
        _limit(t.newcomers, t.founders);
    }

    function _fewest() internal pure override returns (uint256) {
        return 5;
    }

    function _claimsOf(uint256, uint256 choice) internal pure override returns (uint256, uint256) {
        return (1 + choice % 8, 1 + choice % 4);
    }

    /// @dev Three of four updates are approved of, in some rounds none by anybody.
    function _ballotFor(World memory w, uint256, uint256 choice) internal pure override returns (bytes memory) {
        if (uint256(w.s.seed) % 6 == 0) return abi.encode(0);
        return abi.encode((choice | choice >> 3) % (1 << w.s.record.proposals));
    }

    function _badBallot(World memory w, uint256 choice) internal pure override returns (bytes memory) {
        if (choice % 3 == 0) return hex"";
        if (choice % 3 == 1) return abi.encode(0, 0);
        return abi.encode(uint256(1) << w.s.record.proposals);
    }

    // ------------------------------------------------------------------ the page, read again

    function _selectionOf(World memory w) internal view override returns (uint256 selection) {
        for (uint256 n = 0; n < w.s.record.proposals; ++n) {
            uint256 positive = _marks(w, n, 0);
            if (positive >= w.s.record.reveals - positive) selection |= 1 << n;
        }
    }

    function _weightOf(World memory, uint256 i) internal view override returns (uint256) {
        return _updateUnits == 0 ? _samples[accounts[i]] * _epochs[accounts[i]] : _updateUnits;
    }

    /// @dev Miners alone, and with a proof of work where one is asked for.
    function _competes(World memory w, address who, bytes32 digest, bytes32 nonce)
        internal
        view
        override
        returns (bool)
    {
        if (federation.memberOf(who).roles & Roles.VOTER != 0) return false;
        return _isProven(w, who, digest, nonce, _powBits);
    }

    function _strengthOf(World memory b, uint256 i) internal view override returns (uint256) {
        return _powBits == 0 ? super._strengthOf(b, i) : 1;
    }

    function _poolAfter(World memory b, Expected memory e) internal view override returns (uint256) {
        return b.s.pool - (e.outcome == IFederation.Outcome.Undecided ? 0 : _unit(b, e) * _units(b, e));
    }

    function _deltaOf(World memory b, uint256 i, Expected memory e) internal view override returns (int256) {
        if (e.outcome == IFederation.Outcome.Undecided) return 0;
        uint256 units = _isSelected(b, i, e.selection) ? _weightOf(b, i) : 0;
        if (_did(b, i, Acts.REVEALED)) units += 2 * uint256(b.s.record.proposals);
        if (_isMiner(b, i, e)) units += uint256(b.s.record.proposals) * b.s.record.reveals;
        return int256(units * _unit(b, e));
    }

    function _unit(World memory b, Expected memory e) private view returns (uint256) {
        uint256 affordable = b.s.pool / _units(b, e);
        return affordable < UNIT_REWARD ? affordable : UNIT_REWARD;
    }

    function _units(World memory b, Expected memory e) private view returns (uint256 units) {
        (uint256 proposals, uint256 reveals) = (b.s.record.proposals, b.s.record.reveals);
        units = e.weight + 2 * proposals * reveals;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_isMiner(b, i, e)) units += proposals * reveals;
        }
    }

    /// @dev Whether `i`, of no other role, published the leading digest.
    function _isMiner(World memory b, uint256 i, Expected memory e) private view returns (bool) {
        bool miner = _did(b, i, Acts.PUBLISHED) && b.members[i].roles == Roles.PUBLISHER;
        return miner && _published[accounts[i]].digest == e.digest;
    }

    // ------------------------------------------------------------------ laws of this mechanism

    function _settled(World memory b, World memory a, Expected memory e) internal override {
        block_is_won_by_the_strongest(b, e);
        nobody_is_slashed(b, a);
        kicked_at_so_many_rejections_in_a_row(b, a, e);
    }

    /// @dev The block is the miner's with the highest stake, or the first with a proof of work, of those who published
    /// the majority's model.
    function block_is_won_by_the_strongest(World memory b, Expected memory e) private view {
        require(IMined(address(federation)).winnerOf(b.s.round) == e.winner, "block_is_won_by_the_strongest");
    }

    /// @dev In this mechanism bad work earns nothing; stakes are never taken.
    function nobody_is_slashed(World memory b, World memory a) private pure {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            require(a.members[i].balance >= b.members[i].balance, "nobody_is_slashed");
        }
    }

    /// @dev A worker is out exactly when so many of its updates in a row were rejected, or pledged and not proposed,
    /// whenever that is booked.
    function kicked_at_so_many_rejections_in_a_row(World memory b, World memory a, Expected memory e) private {
        bool decided = e.outcome != IFederation.Outcome.Undecided;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            uint256 failures = _failures[accounts[i]];
            if (decided && _did(b, i, Acts.PROPOSED | Acts.PLEDGED)) {
                failures = _isSelected(b, i, e.selection) ? 0 : failures + 1;
                _failures[accounts[i]] = failures;
                if (failures == KICK_ROUNDS) ++kicked;
            }
            bool banned = b.members[i].record.standing == IFederation.Standing.Banned;
            bool out = failures >= KICK_ROUNDS || banned || isBarred(a, participant(i));
            require(a.members[i].out == out, "kicked_at_so_many_rejections_in_a_row");
        }
    }
}

abstract contract VbflInvariants is Invariants {
    function _powBits() internal pure virtual returns (uint8);

    /// @dev What an update earns, whatever it claims; 0: by its claims.
    function _updateUnits() internal pure virtual returns (uint32) {
        return 0;
    }

    function _deploy() internal override returns (Handler) {
        IVbfl.VbflTerms memory t = IVbfl.VbflTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            managers: _managers(),
            founders: _founders(),
            newcomers: _newcomers(),
            unitReward: 3,
            updateUnits: _updateUnits(),
            proposers: 3,
            validators: 2,
            miners: 2,
            maxSamples: 8,
            maxEpochs: 4,
            kickRounds: 2,
            powBits: _powBits(),
            schedule: _schedule(100)
        });
        return new VbflHandler(new Vbfl(t), token, UNBONDING, _powBits());
    }

    function _countReached() internal override {
        VbflHandler h = VbflHandler(address(handler));
        _count("join", h.done(IFederation.join.selector), 20);
        _count("exit", h.done(IFederation.exit.selector), 1);
        _count("publish", h.done(IFederation.publish.selector), 50);
        _count("workers kicked", h.kicked(), 1);
        _count("blocks won", h.blocks(), 10);
        _count("publications that win no block", h.idle(), 10);
    }
}

/// @dev The highest stake wins the block.
contract InvariantsVbflTest is VbflInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 0;
    }
}

/// @dev The first proof of work wins it; all updates earn the same.
/// forge-config: ci.invariant.runs = 16
contract InvariantsVbflProofOfWorkTest is VbflInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 1;
    }

    function _updateUnits() internal pure override returns (uint32) {
        return 5;
    }
}

/// @dev Updates are pledged.
/// forge-config: ci.invariant.runs = 16
contract InvariantsVbflPledgedTest is VbflInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 0;
    }

    function _isPledging() internal pure override returns (bool) {
        return true;
    }
}

/// @dev Under managers.
/// forge-config: ci.invariant.runs = 16
contract InvariantsVbflManagedTest is VbflInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 0;
    }

    function _isManaged() internal pure override returns (bool) {
        return true;
    }
}

/// @dev With five founders, and two newcomers a round.
/// forge-config: ci.invariant.runs = 16
contract InvariantsVbflNewcomersTest is VbflInvariants {
    function _powBits() internal pure override returns (uint8) {
        return 0;
    }

    function _newcomers() internal pure override returns (uint16) {
        return 2;
    }
}
