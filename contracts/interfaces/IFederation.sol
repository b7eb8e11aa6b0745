// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IBeacon} from "./IBeacon.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The one interface of every federation: structs, events, errors and actions.
/// @notice The rules behind each action, and the order in which they are checked, are in
/// `docs/reference/protocol.md`; the executable specification is `clients/protocol/`.
/// Times are in seconds since 1970, money in token base units, digests are the 32 bytes of a CIDv1
/// (dag-pb, sha2-256).
interface IFederation {
    // ------------------------------------------------------------------ types

    /// @notice The phase of the round in progress: computed from the clock and the tallies, never stored.
    enum Phase {
        Open, // no round in progress: members join, deposit, leave, are evicted
        Draw, // membership is frozen, the seed isn't known yet
        Pledge, // only if the schedule gives it a length: proposers fix their updates before anybody sees one
        Propose,
        Commit,
        Reveal,
        Publish, // only if the federation's publication policy asks for it
        Settle // the round waits for nothing more: anybody may settle
    }

    /// @notice The result of a settled round.
    enum Outcome {
        None, // not settled
        Accepted,
        Rejected,
        Undecided // no quorum, no majority, or nothing to judge: the head stays, nobody is in a minority
    }

    /// @notice An account's standing with the federation.
    enum Standing {
        Stranger,
        Member,
        Leaving, // out of the registry, its stake unbonding
        Banned // for good; the rest of its stake can be withdrawn after eviction
    }

    /// @notice The lengths of a round's phases and of the unbonding period, in seconds.
    struct Schedule {
        uint32 open; // shortest pause between two rounds, in which the registry may change
        uint32 pledge; // 0: updates are proposed without a pledge
        uint32 propose;
        uint32 commit;
        uint32 reveal;
        uint32 publish; // 0 if nobody has to publish
        uint32 unbonding; // at least pledge + propose + commit + reveal + publish
    }

    /// @notice An account's record in the ledger; one storage slot.
    struct Member {
        uint96 stake; // as of the last collection
        uint40 unbondsAt; // when the stake of a member that left may be withdrawn
        uint16 index; // 1 + place in the registry; 0: not in it
        uint40 round; // the last round in which it acted
        uint16 updateNumber; // of the last update that it proposed, among its round's
        uint16 option; // of the tally that its ballot or its publication counts for
        uint16 strikes; // rounds in a row that the guard holds against it
        uint8 acts; // what it did in that round: a set of `Acts`; 0 once collected
        Standing standing;
    }

    /// @notice A round's record; two storage slots. Settled rounds never change.
    struct Round {
        uint40 drawnAt; // when the seed was drawn; 0 before
        uint16 members; // who are in: the first so many of the frozen registry
        uint16 pledges;
        uint16 proposals;
        uint16 commits;
        uint16 reveals;
        uint16 publications;
        uint16 leadingCount; // entries for the leading option
        uint16 options; // number of distinct entries in the tally
        uint16 leadingOption; // the leading option, numbered from 1
        Outcome outcome;
        uint96 proposerReward; // for an accepted update, or a unit of work, which may be a voter's or publisher's too
        uint96 voterReward; // to each voter in the majority, or to the winner of the block
    }

    /// @notice Everything a client needs to know of the round in progress, in one call.
    struct Status {
        Phase phase;
        uint40 round; // 0 before the first
        uint40 restUntil; // the earliest time of the next `open`
        uint40 pledgeEnd; // 0 before the draw, like the four below
        uint40 proposeEnd;
        uint40 commitEnd;
        uint40 revealEnd;
        uint40 publishEnd;
        uint64 sealBlock; // the block whose hash goes into the seed
        uint16 members; // size of the registry now
        uint16 proposers; // pledges, or else proposals, awaited, given the frozen membership; likewise the next two
        uint16 voters; // commitments
        uint16 publishers; // publications
        bytes32 seed; // 0 before the draw
        bytes32 head; // digest of the accepted model
        uint256 pool;
        Round record;
    }

    /// @notice An account's present state: its record, its stake with dues, and its part in the round in progress.
    struct MemberView {
        address account;
        Member record;
        uint256 balance; // stake as if every settled round were booked
        uint8 roles; // a set of `Roles`; 0 before the draw, and for an account that can't act
        uint16 position; // its place in the drawn permutation
        bool out; // whether it is barred or banned, or would be banned when it next acts or is collected
        uint40 waitsFor; // the earliest round that it can come in with, if it waits; else 0
        uint16 missed; // rounds in a row for which it was drawn and which it is reported to have missed
        uint40 missedRound; // the last of them
        bool absent; // whether it missed so many that anybody may evict it between rounds, if it isn't out
    }

    // ------------------------------------------------------------------ events

    /// @notice `account` became a member with `stake` on its book.
    event Joined(address indexed account, uint256 stake);
    /// @notice `account` added `amount` to its stake, which is now `stake`.
    event Deposited(address indexed account, uint256 amount, uint256 stake);
    /// @notice `account` left of its own will; its `stake` may be withdrawn from `unbondsAt` on.
    event Left(address indexed account, uint256 stake, uint256 unbondsAt);
    /// @notice `account` was taken out of the registry, being banned, barred or absent too often; its `stake` may
    /// be withdrawn from `unbondsAt` on.
    event Evicted(address indexed account, uint256 stake, uint256 unbondsAt);
    /// @notice `account` added to the pool.
    event Funded(address indexed account, uint256 amount, uint256 pool);
    /// @notice `account` was paid its stake of `amount` after leaving.
    event Withdrawn(address indexed account, uint256 amount);
    /// @notice `account` was paid `amount`, which it had above the bond; `stake` remains.
    event Claimed(address indexed account, uint256 amount, uint256 stake);
    /// @notice A member's part in `round` was booked: its gain or loss, and its stake afterwards.
    event Collected(address indexed account, uint256 indexed round, int256 delta, uint256 stake);
    /// @notice `account` can't come back: after its part in `round` its `stake` or its record was too low, or it was
    /// barred and evicted.
    event Banned(address indexed account, uint256 indexed round, uint256 stake);

    /// @notice `round` began with `members` who are in, in an order that is frozen; its seed comes from `sealBlock`.
    event Opened(uint256 indexed round, uint256 members, uint256 sealBlock);
    /// @notice `round`, for which too few were in, opens at `until` at the earliest: who waits may come in with it.
    event Postponed(uint256 indexed round, uint256 until);
    /// @notice The `seed` of `round`, from which every member's roles follow.
    event Drawn(uint256 indexed round, bytes32 seed);
    /// @notice `proposer` fixed the update of `round` that it will propose: see `pledgeOf`.
    event Pledged(uint256 indexed round, address indexed proposer, bytes32 pledge);
    /// @notice `proposer` made an update of `round` known: its model's digest, and the training that it claims.
    event Proposed(
        uint256 indexed round,
        address indexed proposer,
        uint256 updateNumber,
        bytes32 digest,
        uint256 samples,
        uint256 epochs
    );
    /// @notice `voter` committed to a ballot of `round`.
    event Committed(uint256 indexed round, address indexed voter, bytes32 commitment);
    /// @notice `voter` opened its ballot of `round` with the `salt` that it had committed to.
    event Revealed(uint256 indexed round, address indexed voter, bytes ballot, bytes32 salt);
    /// @notice `publisher` put the model of `round` on record, made from the updates in `selection`.
    event Published(uint256 indexed round, address indexed publisher, bytes32 digest, uint256 selection, bytes32 nonce);
    /// @notice The result of `round`, and what it pays.
    /// @param candidate the leading digest; 0 where it rejects or there is none
    /// @param head the accepted model after this round
    event Settled(
        uint256 indexed round,
        Outcome outcome,
        bytes32 candidate,
        bytes32 head,
        uint256 votesFor,
        uint256 votesAgainst,
        uint256 proposerReward,
        uint256 voterReward,
        uint256 pool
    );

    // ------------------------------------------------------------------ errors

    /// @notice The term `field` can't be `given`.
    error InvalidTerms(string field, uint256 given);
    /// @notice The round is in phase `current`, and this is for phase `needed`.
    error WrongPhase(Phase current, Phase needed);
    /// @notice The round in progress is `current`, not `given`.
    error WrongRound(uint256 given, uint256 current);
    /// @notice `account` has `roles` in this round, and none of `needed`.
    error WrongRole(address account, uint8 roles, uint8 needed);
    /// @notice It is `time`, and this may be done from `earliest` on.
    error TooEarly(uint256 time, uint256 earliest);
    /// @notice This is block `blockNumber`, and this may be done from block `earliest` on.
    error BlockTooEarly(uint256 blockNumber, uint256 earliest);
    /// @notice There are `members`, and a round needs `needed`.
    error TooFewMembers(uint256 members, uint256 needed);
    /// @notice There are as many members as there may be: `limit`.
    error RegistryFull(uint256 limit);
    /// @notice Nobody has let `account` in.
    error NotAdmitted(address account);
    /// @notice `account` is no member, but `standing`.
    error NotMember(address account, Standing standing);
    /// @notice `account` is `standing` already.
    error AlreadyMember(address account, Standing standing);
    /// @notice `account` is banned, for good.
    error AccountBanned(address account);
    /// @notice A stake of `stake` is less than the `needed`.
    error StakeTooLow(uint256 stake, uint256 needed);
    /// @notice `amount` is more than the `limit`.
    error AmountTooLarge(uint256 amount, uint256 limit);
    /// @notice `account` has done this in `round` already; all its acts in the round are `acts`.
    error AlreadyActed(address account, uint256 round, uint8 acts);
    /// @notice `account` has committed to no ballot in `round`.
    error NotCommitted(address account, uint256 round);
    /// @notice `account` acted in `round`, which isn't settled: its money stays where it is.
    error RoundInPlay(address account, uint256 round);
    /// @notice A digest can't be 0.
    error EmptyDigest();
    /// @notice A pledge can't be 0.
    error EmptyPledge();
    /// @notice `account` has pledged no update in `round`.
    error NotPledged(address account, uint256 round);
    /// @notice `account` pledged `pledged`, but the update that it proposes gives `shown`.
    error PledgeMismatch(address account, bytes32 pledged, bytes32 shown);
    /// @notice An update can't claim `given` samples: from 1 to `limit`.
    error SamplesOutOfRange(uint256 given, uint256 limit);
    /// @notice An update can't claim `given` epochs: from 1 to `limit`.
    error EpochsOutOfRange(uint256 given, uint256 limit);
    /// @notice A commitment can't be 0.
    error EmptyCommitment();
    /// @notice `account` committed to `committed`, but its ballot and salt give `revealed`.
    error CommitmentMismatch(address account, bytes32 committed, bytes32 revealed);
    /// @notice `ballot` doesn't have the form of this mechanism's ballots.
    error InvalidBallot(bytes ballot);
    /// @notice The votes select `counted`, not `given`.
    error WrongSelection(uint256 given, uint256 counted);
    /// @notice A `digest` needs a `selection` of at least one update, and an empty digest an empty selection.
    error DigestMismatch(bytes32 digest, uint256 selection);
    /// @notice There is nothing to pay to `account`.
    error NothingToClaim(address account);
    /// @notice `account` has left no stake here.
    error NothingToWithdraw(address account);
    /// @notice An amount can't be 0.
    error ZeroAmount();
    /// @notice `expected` tokens should have arrived, and `received` arrived.
    error TransferMismatch(uint256 expected, uint256 received);

    // ------------------------------------------------------------------ actions

    /// @notice Become a member with `stake`, taken from the caller by `transferFrom` with the fee, if there is one.
    function join(uint256 stake) external;

    /// @notice Add `amount` of the caller's tokens to the pool that rewards are paid from.
    function fund(uint256 amount) external;

    /// @notice Add `amount` to the caller's stake.
    function deposit(uint256 amount) external;

    /// @notice Leave the registry; the stake can be withdrawn after the unbonding period.
    function exit() external;

    /// @notice Withdraw the unbonded stake.
    function withdraw() external;

    /// @notice Take out what the caller owns above the bond.
    function claim() external;

    /// @notice Book what `account` gained or lost in the last settled round in which it acted.
    function collect(address account) external;

    /// @notice Remove from the registry those of `accounts`, one after the other, that are banned, barred or absent too
    /// often; skip the others.
    function evict(address[] calldata accounts) external;

    /// @notice Freeze the registry and open the next round. If too few are in or may come in, and with those who joined
    /// since the last round there are enough, postpone it by the unbonding period instead.
    function open() external;

    /// @notice Record the seed of the round in progress. Void if not done within 256 blocks of `open`.
    function draw() external;

    /// @notice Pledge an update, without showing it: see `pledgeOf`.
    function pledge(uint256 round, bytes32 pledged) external;

    /// @notice Propose the update `digest`, trained on `samples` samples for `epochs` epochs. If the schedule
    /// has a phase Pledge, the caller pledged exactly this.
    function propose(uint256 round, bytes32 digest, uint256 samples, uint256 epochs) external;

    /// @notice Commit to a ballot: see `commitmentOf`.
    function commit(uint256 round, bytes32 commitment) external;

    /// @notice Reveal the ballot and the salt behind the caller's commitment.
    function reveal(uint256 round, bytes calldata ballot, bytes32 salt) external;

    /// @notice Publish the model `digest`, made of the updates in the bitmap `selection`.
    /// @param nonce a proof of work, if there is something to mine
    function publish(uint256 round, bytes32 digest, uint256 selection, bytes32 nonce) external;

    /// @notice Settle the round in progress. The cost doesn't grow with members or earlier rounds. If updates are
    /// judged one by one, or blame is attributed, it grows a little with the round's updates.
    function settle() external;

    // ------------------------------------------------------------------ views

    /// @notice The name of this federation's mechanism, such as `stake_vote`.
    function mechanism() external view returns (string memory);
    function token() external view returns (IERC20);
    function beacon() external view returns (IBeacon);
    /// @notice The least stake to join with. `claim` leaves it.
    function bond() external view returns (uint256);
    function head() external view returns (bytes32);
    function pool() external view returns (uint256);
    function phase() external view returns (Phase);
    function status() external view returns (Status memory);
    function roundOf(uint256 round) external view returns (Round memory);
    function memberCount() external view returns (uint256);
    /// @notice Up to `count` members, in the order of the registry, from place `start`.
    function members(uint256 start, uint256 count) external view returns (MemberView[] memory);
    function memberOf(address account) external view returns (MemberView memory);
    /// @notice keccak256(abi.encode(chain id, this contract, round, proposer, digest, samples, epochs))
    /// @dev It needs no salt: nobody can guess the digest of weights that they don't have.
    function pledgeOf(uint256 round, address proposer, bytes32 digest, uint256 samples, uint256 epochs)
        external
        view
        returns (bytes32);
    /// @notice keccak256(abi.encode(chain id, this contract, round, voter, ballot, salt))
    function commitmentOf(uint256 round, address voter, bytes calldata ballot, bytes32 salt)
        external
        view
        returns (bytes32);
}
