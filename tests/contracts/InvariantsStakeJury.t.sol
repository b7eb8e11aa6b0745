// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {StakeJury} from "../../contracts/federations/StakeJury.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeJury} from "../../contracts/interfaces/IStakeJury.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {DutyHandler} from "./DutyHandler.sol";
import {Handler} from "./Handler.sol";
import {Invariants} from "./Invariants.sol";
import {Watch, World} from "./Watch.sol";

contract StakeJuryHandler is DutyHandler {
    uint256 private constant FEE = 7;
    uint256 private constant FLOOR = 60;
    uint256 private constant PROPOSER_STAKE = 37;
    uint256 private constant VOTER_STAKE = 23;
    uint256 private constant UPDATE_SHARES = 3;
    uint256 private constant SEAT_SHARES = 2;
    uint256 private constant PROFIT_BPS = 2000;
    uint256 private constant GOOD = 0;
    uint256 private constant HAD = 1;

    uint256 public paidUpdates;
    uint256 public paidSeats;
    uint256 public lostSeats;
    uint256 public excused;
    uint256 public clearlyRejected;
    uint256 public merelyFallen;
    uint256 public unjudged;
    /// @dev Decoys that were paid, and those that weren't since too few could have them; jurors excused since they found a
    /// decoy good that failed; and updates that passed and weren't shown.
    uint256 public paidDecoys;
    uint256 public unpaidDecoys;
    uint256 public missedDecoys;
    uint256 public unshown;

    constructor(IFederation federation_, JuryToken token_, uint256 unbonding) Watch(federation_, token_, unbonding) {
        IStakeJury.StakeJuryTerms memory t = IStakeJury(address(federation_)).terms();
        _govern(t.managers.length != 0);
        _limit(t.newcomers, t.founders);
        _plant(t.decoyOdds);
        _oblige(t.absentAfter, t.proposers);
    }

    function floor() public pure override returns (uint256) {
        return FLOOR;
    }

    function _fewest() internal pure override returns (uint256) {
        return 5;
    }

    function _fee() internal pure override returns (uint256) {
        return FEE;
    }

    function _claimsOf(uint256, uint256 choice) internal pure override returns (uint256, uint256) {
        return (1 + choice % 8, 1 + choice % 4);
    }

    /// @dev Most could have everything, and judge alike; in some rounds all updates are bad, or all but decoys good. Decoys
    /// are mostly seen to be bad, but not by those who approve untested.
    function _ballotFor(World memory w, uint256, uint256 choice) internal view override returns (bytes memory) {
        uint256 all = (1 << w.s.record.proposals) - 1;
        uint256 had = choice % 16 < 11 ? all : (choice >> 4) & all;
        uint256 mood = uint256(w.s.seed) % 6;
        uint256 quality = mood == 0 ? 0 : (uint256(w.s.seed) >> 8) | 1;
        if (_odds != 0) {
            if (mood == 1 || mood == 2) quality = all;
            if (uint256(w.s.seed) % 5 != 0) quality &= ~_plantedIn(w);
            if (choice % 8 > 5) quality = all;
        }
        return abi.encode((choice % 8 == 2 ? ~quality : quality) & had, had);
    }

    function _badBallot(World memory w, uint256 choice) internal pure override returns (bytes memory) {
        if (choice % 3 == 0) return abi.encode(0);
        if (choice % 3 == 1) return abi.encode(1, 0);
        return abi.encode(0, uint256(1) << w.s.record.proposals);
    }

    // ------------------------------------------------------------------ the page, read again

    function _selectionOf(World memory w) internal view override returns (uint256) {
        return _passedOf(w) & _counting(w);
    }

    /// @dev What the jury finds good, in the model or not.
    function _passedOf(World memory w) private view returns (uint256 passed) {
        for (uint256 n = 0; n < w.s.record.proposals; ++n) {
            if (_isJudged(w, n) && _marks(w, n, GOOD) * 2 > w.s.record.reveals) passed |= 1 << n;
        }
    }

    function _weightOf(World memory, uint256) internal pure override returns (uint256) {
        return 1;
    }

    /// @dev More than half of the jury could have it, and it passes by all ballots, or fails by those of who had it.
    function _isJudged(World memory w, uint256 n) private view returns (bool) {
        (uint256 good, uint256 had) = (_marks(w, n, GOOD), _marks(w, n, HAD));
        return had * 2 > w.s.voters && (good * 2 > w.s.record.reveals || good * 2 <= had);
    }

    function _isClearlyRejected(World memory w, uint256 n) private view returns (bool) {
        (uint256 good, uint256 had) = (_marks(w, n, GOOD), _marks(w, n, HAD));
        return _isJudged(w, n) && (had - good) * 4 >= had * 3;
    }

    /// @dev What the ballot that participant `i` revealed comes to, if it also published: how many of the judged updates
    /// it is about, in how many of them it differs from the jury's, and how many were judged; decoys left out of all three.
    /// None without a ballot.
    function _held(World memory b, uint256 i) private view returns (uint256 about, uint256 differing, uint256 judged) {
        (uint256 passed, uint256 decoys) = (_passedOf(b), _decoysOf(b));
        (uint256 good, uint256 had) = (_wordOf(_ballots[accounts[i]], GOOD), _wordOf(_ballots[accounts[i]], HAD));
        for (uint256 n = 0; n < b.s.record.proposals; ++n) {
            if (!_isJudged(b, n) || decoys >> n & 1 != 0) continue;
            ++judged;
            if (had >> n & 1 == 0) continue;
            ++about;
            if (good >> n & 1 != passed >> n & 1) ++differing;
        }
    }

    function _gaveBoth(World memory b, uint256 i) private pure returns (bool) {
        return _did(b, i, Acts.PUBLISHED) && _did(b, i, Acts.REVEALED);
    }

    /// @dev Whether a decoy was judged and failed that the ballot of participant `i` finds good, or couldn't have.
    function _missesDecoy(World memory b, uint256 i) private view returns (bool) {
        (uint256 good, uint256 had) = (_wordOf(_ballots[accounts[i]], GOOD), _wordOf(_ballots[accounts[i]], HAD));
        (uint256 passed, uint256 decoys) = (_passedOf(b), _decoysOf(b));
        for (uint256 n = 0; n < b.s.record.proposals; ++n) {
            bool fails = decoys >> n & 1 != 0 && _isJudged(b, n) && passed >> n & 1 == 0;
            if (fails && (had >> n & 1 == 0 || good >> n & 1 != 0)) return true;
        }
        return false;
    }

    /// @dev Whether participant `i` published, and its ballot is about too little, differs a little too much, or misses a
    /// decoy.
    function _isExcused(World memory b, uint256 i) private view returns (bool) {
        if (!_gaveBoth(b, i)) return false;
        (uint256 about, uint256 differing, uint256 judged) = _held(b, i);
        if (about == 0 || about < judged - about) return true;
        if (differing * 3 <= about) return _missesDecoy(b, i);
        return differing <= about - differing;
    }

    /// @dev Whether participant `i` published the leading digest, and revealed a ballot about enough that is right in at
    /// least two thirds of that, and misses no decoy.
    function _isPaid(World memory b, uint256 i, Expected memory e) private view returns (bool) {
        if (!_gaveBoth(b, i) || _published[accounts[i]].digest != e.digest) return false;
        (uint256 about, uint256 differing, uint256 judged) = _held(b, i);
        return about != 0 && about >= judged - about && differing * 3 <= about && !_missesDecoy(b, i);
    }

    /// @dev Whether a decoy is why the seat of participant `i` isn't paid.
    function _missesSeat(World memory b, uint256 i) private view returns (bool) {
        (uint256 about, uint256 differing,) = _held(b, i);
        return _isExcused(b, i) && _missesDecoy(b, i) && about != 0 && differing * 3 <= about;
    }

    function _part(World memory b) private pure returns (uint256) {
        uint256 places = uint256(b.s.proposers) * UPDATE_SHARES + uint256(b.s.voters) * SEAT_SHARES;
        return b.s.pool * PROFIT_BPS / 10_000 / places;
    }

    function _deltaOf(World memory b, uint256 i, Expected memory e) internal view override returns (int256) {
        bool decided = e.outcome != IFederation.Outcome.Undecided;
        if (!decided) return -int256(_lostWithoutQuorum(b, i));
        if (_did(b, i, Acts.PROPOSED)) {
            if (_isSelected(b, i, e.selection)) return int256(_part(b) * UPDATE_SHARES);
            uint256 n = b.members[i].record.updateNumber;
            if (_isShownDecoy(b, i)) return _isJudged(b, n) ? int256(_part(b) * UPDATE_SHARES) : int256(0);
            return _isClearlyRejected(b, n) ? -int256(PROPOSER_STAKE) : int256(0);
        }
        if (_owesUpdate(b, i)) return -int256(PROPOSER_STAKE);
        if (!_did(b, i, Acts.COMMITTED) || _isExcused(b, i)) return 0;
        return _isPaid(b, i, e) ? int256(_part(b) * SEAT_SHARES) : -int256(VOTER_STAKE);
    }

    /// @dev The same in every round that stays undecided.
    function _lostWithoutQuorum(World memory b, uint256 i) internal pure override returns (uint256) {
        if (_owesUpdate(b, i)) return PROPOSER_STAKE;
        return _did(b, i, Acts.COMMITTED) && !_did(b, i, Acts.REVEALED) ? VOTER_STAKE : 0;
    }

    /// @dev All that members lose goes there, and all that they gain comes from it.
    function _poolAfter(World memory b, Expected memory e) internal view override returns (uint256) {
        int256 pool = int256(b.s.pool);
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            pool -= _deltaOf(b, i, e);
        }
        return uint256(pool);
    }

    // ------------------------------------------------------------------ laws of this mechanism

    function _settled(World memory b, World memory a, Expected memory e) internal override {
        a_round_pays_its_share_at_most(b, a, e);
        nobody_pays_for_another(b, a, e);
        _countSettled(b, e);
    }

    /// @dev A part is the same whoever earns how many, and all together are no more than the share.
    function a_round_pays_its_share_at_most(World memory b, World memory a, Expected memory e) private pure {
        uint256 paid = 0;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            (uint256 had, uint256 has) = (b.members[i].balance, a.members[i].balance);
            if (has > had) paid += has - had;
        }
        require(paid * 10_000 <= b.s.pool * PROFIT_BPS, "a_round_pays_its_share_at_most");
        uint256 part = e.outcome == IFederation.Outcome.Undecided ? 0 : _part(b);
        require(a.s.record.proposerReward == part, "a_round_pays_its_share_at_most");
        require(a.s.record.voterReward == 0, "a_round_pays_its_share_at_most");
    }

    /// @dev Whoever loses has broken its word or was outvoted. Whatever the outcome, an update that most of those who
    /// could have it find good costs its proposer nothing, nor does a decoy. Nor does a ballot on little of what was judged cost its juror that
    /// publishes anything, nor one in every point the jury's, published with the leading digest.
    function nobody_pays_for_another(World memory b, World memory a, Expected memory e) private view {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (a.members[i].balance >= b.members[i].balance) continue;
            if (_did(b, i, Acts.PROPOSED)) {
                uint256 n = b.members[i].record.updateNumber;
                require(_marks(b, n, GOOD) * 2 <= _marks(b, n, HAD), "nobody_pays_for_another");
                require(!_isShownDecoy(b, i), "nobody_pays_for_another");
            } else if (_did(b, i, Acts.REVEALED) && _did(b, i, Acts.PUBLISHED)) {
                (uint256 good, uint256 had) =
                    (_wordOf(_ballots[accounts[i]], GOOD), _wordOf(_ballots[accounts[i]], HAD));
                require(!_isExcused(b, i), "nobody_pays_for_another");
                bool alike = good == had & _passedOf(b);
                require(!alike || _published[accounts[i]].digest != e.digest, "nobody_pays_for_another");
            } else {
                require(_did(b, i, Acts.COMMITTED | Acts.PLEDGED), "nobody_pays_for_another");
            }
        }
    }

    function _countSettled(World memory b, Expected memory e) private {
        if (e.outcome == IFederation.Outcome.Undecided) return;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            uint256 n = b.members[i].record.updateNumber;
            if (_did(b, i, Acts.PROPOSED)) {
                if (_isSelected(b, i, e.selection)) ++paidUpdates;
                else if (_isShownDecoy(b, i)) _isJudged(b, n) ? ++paidDecoys : ++unpaidDecoys;
                else if (_isClearlyRejected(b, n)) ++clearlyRejected;
                else if (_passedOf(b) >> n & 1 != 0) ++unshown;
                else if (_isJudged(b, n)) ++merelyFallen;
                else ++unjudged;
            } else if (_did(b, i, Acts.PUBLISHED)) {
                if (_missesSeat(b, i)) ++missedDecoys;
                if (_isPaid(b, i, e)) ++paidSeats;
                else if (_isExcused(b, i)) ++excused;
                else ++lostSeats;
            }
        }
    }
}

abstract contract StakeJuryInvariants is Invariants {
    function _deploy() internal override returns (Handler) {
        IStakeJury.StakeJuryTerms memory t = IStakeJury.StakeJuryTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            fee: 7,
            managers: _managers(),
            founders: _founders(),
            newcomers: _newcomers(),
            floor: 60,
            proposerStake: 37,
            voterStake: 23,
            proposers: 3,
            voters: 4,
            minVoters: 2,
            updateShares: 3,
            seatShares: 2,
            profitBps: 2000,
            decoyOdds: _decoyOdds(),
            absentAfter: 1,
            maxSamples: 8,
            maxEpochs: 4,
            schedule: _schedule(100)
        });
        return new StakeJuryHandler(new StakeJury(t), token, UNBONDING);
    }

    /// @dev One update in so many is a decoy.
    function _decoyOdds() internal pure virtual returns (uint16) {
        return 3;
    }

    function _mechanism(World memory w) internal view override {
        StakeJuryHandler(address(handler)).reveal_waits_for_ballots_and_secrets(w);
    }

    function _countReached() internal override {
        StakeJuryHandler h = StakeJuryHandler(address(handler));
        bool decoys = _decoyOdds() != 0;
        _count("anchor", h.done(IStakeJury.anchor.selector), 50);
        _count("show", h.done(IStakeJury.show.selector), 50);
        _count("decoys paid", h.paidDecoys(), decoys ? 10 : 0);
        _count("decoys that too few could have", h.unpaidDecoys(), decoys ? 1 : 0);
        _count("decoys that jurors missed", h.missedDecoys(), decoys ? 1 : 0);
        _count("updates that passed and weren't shown", h.unshown(), decoys ? 5 : 0);
        _count("missed rounds", h.reported(), 20);
        _count("put out for staying away", h.putOut(), _newcomers() == 0 && !_isManaged() ? 1 : 0);
        _count("join", h.done(IFederation.join.selector), 20);
        _count("exit", h.done(IFederation.exit.selector), 1);
        _count("publish", h.done(IFederation.publish.selector), 50);
        _count("updates paid", h.paidUpdates(), 10);
        _count("updates clearly rejected", h.clearlyRejected(), 5);
        _count("updates that fell, not clearly", h.merelyFallen(), 1);
        _count("updates that too few could have", h.unjudged(), 1);
        _count("seats paid", h.paidSeats(), 20);
        _count("seats not paid", h.lostSeats(), 5);
        _count("jurors excused", h.excused(), 1);
    }
}

contract InvariantsStakeJuryTest is StakeJuryInvariants {}

/// @dev Updates are pledged.
/// forge-config: ci.invariant.runs = 16
contract InvariantsStakeJuryPledgedTest is StakeJuryInvariants {
    function _isPledging() internal pure override returns (bool) {
        return true;
    }
}

/// @dev With five founders, and one newcomer a round; without decoys.
/// forge-config: ci.invariant.runs = 16
contract InvariantsStakeJuryNewcomersTest is StakeJuryInvariants {
    function _decoyOdds() internal pure override returns (uint16) {
        return 0;
    }

    function _newcomers() internal pure override returns (uint16) {
        return 1;
    }
}

/// @dev Under managers, with pledges.
/// forge-config: ci.invariant.runs = 16
contract InvariantsStakeJuryManagedTest is StakeJuryInvariants {
    function _isManaged() internal pure override returns (bool) {
        return true;
    }

    function _isPledging() internal pure override returns (bool) {
        return true;
    }
}
