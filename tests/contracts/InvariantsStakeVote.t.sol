// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Acts} from "../../contracts/libraries/Flags.sol";
import {Handler} from "./Handler.sol";
import {Invariants} from "./Invariants.sol";
import {ManagedHandler} from "./ManagedHandler.sol";
import {Watch, World} from "./Watch.sol";

/// @dev Judges every settlement by the protocol page's table, from the ballots that it cast itself.
contract StakeVoteHandler is ManagedHandler {
    uint256 private constant PROPOSER_STAKE = 37;
    uint256 private constant VOTER_STAKE = 23;
    uint256 private constant QUORUM_BPS = 5000;

    bool public immutable attribution;
    /// @dev Rejected rounds in which some and not all proposers lost.
    uint256 public partlyBlamed;

    /// @dev What a round should come to.
    struct Expected {
        IFederation.Outcome outcome;
        bytes32 digest;
        uint256 leadingCount;
        uint256 blamed;
        uint256 proposals;
        uint256 pool;
    }

    constructor(IFederation federation_, JuryToken token_, uint256 unbonding, bool attribution_)
        Watch(federation_, token_, unbonding)
    {
        attribution = attribution_;
        IStakeVote.StakeVoteTerms memory t = IStakeVote(address(federation_)).terms();
        _govern(t.managers.length != 0);
        _limit(t.newcomers, t.founders);
    }

    function _fewest() internal pure override returns (uint256) {
        return 5;
    }

    function _claimsOf(uint256, uint256 choice) internal pure override returns (uint256, uint256) {
        return (1 + choice % 100, 1 + choice % 5);
    }

    /// @dev Half accept the aggregate, some another, the rest reject and name some updates, or none.
    function _ballotFor(World memory w, uint256, uint256 choice) internal view override returns (bytes memory) {
        uint256 option = choice % 16;
        bytes32 digest = option < 6 ? bytes32(0) : keccak256(abi.encode(option < 14, w.s.round));
        if (!attribution) return abi.encode(digest);
        uint256 named = digest == 0 ? (choice >> 4) % (1 << w.s.record.proposals) : 0;
        return abi.encode(digest, named);
    }

    function _badBallot(World memory w, uint256 choice) internal view override returns (bytes memory) {
        if (choice % 3 == 0) return hex"";
        if (!attribution) return abi.encode(choice, 1);
        uint256 one = 1 << w.s.record.proposals;
        return choice % 3 == 1 ? abi.encode(1, 1) : abi.encode(0, one);
    }

    // ------------------------------------------------------------------ laws of this mechanism

    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal override {
        super._mechanism(b, a, who, data);
        if (bytes4(data) != IFederation.settle.selector) return;
        Expected memory e = _expected(b);
        verdict_is_the_majoritys(b, a, e);
        payout_is_the_tables(b, a, e);
        only_the_blamed_are_slashed(b, a, e);
    }

    /// @dev The outcome and the head follow from the ballots, counted again.
    function verdict_is_the_majoritys(World memory b, World memory a, Expected memory e) private pure {
        require(a.s.record.outcome == e.outcome, "verdict_is_the_majoritys");
        bool accepted = e.outcome == IFederation.Outcome.Accepted;
        require(a.s.head == (accepted ? e.digest : b.s.head), "verdict_is_the_majoritys");
    }

    /// @dev Everybody gains and loses what the page's table says, whoever does nothing nothing; the pool takes the rest.
    function payout_is_the_tables(World memory b, World memory a, Expected memory e) private view {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            int256 delta = int256(a.members[i].balance) - int256(b.members[i].balance);
            require(delta == _deltaOf(b, i, e), "payout_is_the_tables");
        }
        require(a.s.pool == e.pool, "payout_is_the_tables");
    }

    /// @dev With attribution only proposers whom more than half of the rejecting ballots name lose anything, and
    /// nobody if nobody is named so; without, all proposers of a rejected round lose.
    function only_the_blamed_are_slashed(World memory b, World memory a, Expected memory e) private {
        uint256 slashed;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_did(b, i, Acts.PROPOSED)) continue;
            if (a.members[i].balance < b.members[i].balance) slashed |= 1 << b.members[i].record.updateNumber;
        }
        require(slashed == e.blamed, "only_the_blamed_are_slashed");
        if (slashed != 0 && slashed + 1 != 1 << e.proposals) ++partlyBlamed;
    }

    // ------------------------------------------------------------------ the page, read again

    function _expected(World memory b) private view returns (Expected memory e) {
        IFederation.Round memory r = b.s.record;
        e.proposals = r.proposals;
        e.pool = b.s.pool + PROPOSER_STAKE * _brokenPledges(b);
        e.outcome = IFederation.Outcome.Undecided;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_did(b, i, Acts.REVEALED)) continue;
            bytes32 digest = _digestOf(i);
            uint256 entries = _countDigest(b, digest);
            if (entries > e.leadingCount) (e.leadingCount, e.digest) = (entries, digest);
        }
        uint256 voters = b.s.voters;
        if (r.reveals == 0 || uint256(r.reveals) * 10_000 < QUORUM_BPS * voters || e.leadingCount * 2 <= r.reveals) {
            e.pool += VOTER_STAKE * (r.commits - r.reveals);
            return e;
        }
        if (e.digest == 0) {
            e.outcome = IFederation.Outcome.Rejected;
            for (uint256 n = 0; n < r.proposals; ++n) {
                if (!_isBlamed(b, n, e.leadingCount)) continue;
                e.blamed |= 1 << n;
                e.pool += PROPOSER_STAKE;
            }
        } else {
            e.outcome = IFederation.Outcome.Accepted;
            e.pool -= b.s.pool / r.proposals * r.proposals;
        }
        e.pool += VOTER_STAKE * (r.commits - e.leadingCount) % e.leadingCount;
    }

    function _deltaOf(World memory b, uint256 i, Expected memory e) private view returns (int256) {
        if (_did(b, i, Acts.PROPOSED)) {
            if (e.outcome == IFederation.Outcome.Accepted) return int256(b.s.pool / e.proposals);
            return e.blamed >> b.members[i].record.updateNumber & 1 != 0 ? -int256(PROPOSER_STAKE) : int256(0);
        }
        if (_did(b, i, Acts.PLEDGED)) return -int256(PROPOSER_STAKE);
        if (!_did(b, i, Acts.COMMITTED)) return 0;
        if (_did(b, i, Acts.REVEALED)) {
            if (e.outcome == IFederation.Outcome.Undecided) return 0;
            if (_digestOf(i) == e.digest) {
                return int256(VOTER_STAKE * (b.s.record.commits - e.leadingCount) / e.leadingCount);
            }
        }
        return -int256(VOTER_STAKE);
    }

    function _brokenPledges(World memory b) private pure returns (uint256 count) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_owesUpdate(b, i)) ++count;
        }
    }

    function _isBlamed(World memory b, uint256 number, uint256 leadingCount) private view returns (bool) {
        if (!attribution) return true;
        uint256 names = 0;
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (!_did(b, i, Acts.REVEALED)) continue;
            (bytes32 digest, uint256 named) = abi.decode(_ballots[accounts[i]], (bytes32, uint256));
            if (digest == 0 && named >> number & 1 != 0) ++names;
        }
        return names * 2 > leadingCount;
    }

    function _countDigest(World memory b, bytes32 digest) private view returns (uint256 entries) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (_did(b, i, Acts.REVEALED) && _digestOf(i) == digest) ++entries;
        }
    }

    function _digestOf(uint256 i) private view returns (bytes32) {
        return bytes32(_ballots[accounts[i]]);
    }
}

abstract contract StakeVoteInvariants is Invariants {
    function _attribution() internal pure virtual returns (bool);

    function _deploy() internal override returns (Handler) {
        IStakeVote.StakeVoteTerms memory t = IStakeVote.StakeVoteTerms({
            token: address(token),
            beacon: address(beacon),
            genesis: GENESIS,
            bond: BOND,
            managers: _managers(),
            founders: _founders(),
            newcomers: _newcomers(),
            proposerStake: 37,
            voterStake: 23,
            proposers: 2,
            minVoters: 3,
            quorumBps: 5000,
            maxSamples: 100,
            maxEpochs: 5,
            attribution: _attribution(),
            schedule: _schedule(0)
        });
        return new StakeVoteHandler(new StakeVote(t), token, UNBONDING, _attribution());
    }

    function _countReached() internal override {
        StakeVoteHandler h = StakeVoteHandler(address(handler));
        _count("join", h.done(IFederation.join.selector), 20);
        _count("exit", h.done(IFederation.exit.selector), 1);
        _count("members banned", h.bans(), 5);
        _count("rejected rounds that some pay for", h.partlyBlamed(), _attribution() ? 1 : 0);
    }
}

/// @dev As in the paper: all proposers of a rejected round are slashed.
contract InvariantsStakeVoteTest is StakeVoteInvariants {
    function _attribution() internal pure override returns (bool) {
        return false;
    }
}

/// @dev With attribution: those whom the rejecting voters name.
contract InvariantsStakeVoteAttributionTest is StakeVoteInvariants {
    function _attribution() internal pure override returns (bool) {
        return true;
    }
}

/// @dev Updates are pledged.
/// forge-config: ci.invariant.runs = 16
contract InvariantsStakeVotePledgedTest is StakeVoteInvariants {
    function _attribution() internal pure override returns (bool) {
        return true;
    }

    function _isPledging() internal pure override returns (bool) {
        return true;
    }
}

/// @dev Under managers.
/// forge-config: ci.invariant.runs = 16
contract InvariantsStakeVoteManagedTest is StakeVoteInvariants {
    function _attribution() internal pure override returns (bool) {
        return false;
    }

    function _isManaged() internal pure override returns (bool) {
        return true;
    }
}

/// @dev With five founders, and one newcomer a round.
/// forge-config: ci.invariant.runs = 16
contract InvariantsStakeVoteNewcomersTest is StakeVoteInvariants {
    function _attribution() internal pure override returns (bool) {
        return true;
    }

    function _newcomers() internal pure override returns (uint16) {
        return 1;
    }
}
