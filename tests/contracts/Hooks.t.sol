// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Federation} from "../../contracts/Federation.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bitmap} from "../../contracts/libraries/Bitmap.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Marks} from "../../contracts/libraries/Marks.sol";
import {Tally} from "../../contracts/libraries/Tally.sol";
import {Bench} from "./Bench.sol";

/// @dev A federation that takes every axis the other way: some have two roles, each update is judged by a bit of the
/// ballot, the verdict waits for publications, members earn and lose by each thing they did, and a guard counts
/// failures. Joining costs a fee, some are barred, and leaving, opening and committing can be put off.
contract UpdateJury is Federation {
    using Marks for Marks.Book;
    using Tally for Tally.Book;

    uint256 public constant FEE = 7;
    uint256 private constant PROPOSERS = 2;
    uint256 private constant PUBLISHERS = 2;
    uint256 private constant FINE = 10;
    uint256 private constant WAGE = 3;

    Marks.Book private _approvals;
    Tally.Book private _published;
    mapping(uint256 round => uint256) public passed;
    mapping(address account => bool) public barred;
    bool public shut;
    mapping(address account => uint16) public away;

    error Shut();

    constructor(address token_, Schedule memory s) Federation(CoreTerms(token_, address(0), keccak256("genesis"), 100, s)) {}

    function mechanism() external pure returns (string memory) {
        return "update_jury";
    }

    function bar(address account, bool barred_) external {
        barred[account] = barred_;
    }

    function miss(address account, uint16 count) external {
        away[account] = count;
    }

    function shutDown(bool shut_) external {
        shut = shut_;
    }

    function _fewestMembers() internal pure override returns (uint256) {
        return PROPOSERS + PUBLISHERS;
    }

    function _proposers(Round memory) internal pure override returns (uint256) {
        return PROPOSERS;
    }

    /// @dev Asked of the record before the first round, too.
    function _voters(Round memory r) internal pure override returns (uint256) {
        return r.members == 0 ? 0 : r.members - PROPOSERS;
    }

    function _publishers(Round memory) internal pure override returns (uint256) {
        return PUBLISHERS;
    }

    /// @dev The second proposer and the last voter publish.
    function _rolesAt(Round memory r, address, uint256 position) internal pure override returns (uint8 roles) {
        roles = position < PROPOSERS ? Roles.PROPOSER : Roles.VOTER;
        if (position == 1 || position == r.members - 1) roles |= Roles.PUBLISHER;
    }

    function _admit(uint256, Round memory, bytes32, uint256 samples, uint256 epochs) internal pure override {
        if (samples > 50) revert SamplesOutOfRange(samples, 50);
        if (epochs > 5) revert EpochsOutOfRange(epochs, 5);
    }

    function _checkCommit(Round memory) internal view override {
        if (shut) revert Shut();
    }

    function _count(uint256 round, Round memory r, bytes calldata ballot) internal override returns (uint16) {
        if (ballot.length != 1) revert InvalidBallot(ballot);
        uint256 approved = uint8(ballot[0]);
        _approvals.add(Bitmap.wrap(approved), r.proposals, r.reveals == 0);
        // a round that is not published has this selection: no later ballot is missing in it
        passed[round] = Bitmap.unwrap(_approvals.reaching(r.proposals, (uint256(r.reveals) + 2) / 2));
        return uint16(approved);
    }

    function _publish(uint256 round, Round memory r, Member memory, uint8, Publication memory p)
        internal
        override
        returns (uint16)
    {
        uint256 selection = Bitmap.unwrap(p.selection);
        if (selection != passed[round]) revert WrongSelection(selection, passed[round]);
        return _published.add(round, r, p.digest);
    }

    function _verdict(uint256, Round memory r) internal view override returns (Verdict memory v) {
        v.outcome = Outcome.Rejected;
        if (r.publications == 0) return v;
        (v.candidate, v.outcome, v.votesFor) = (_published.leadingDigest, Outcome.Accepted, r.leadingCount);
        v.votesAgainst = r.publications - r.leadingCount;
    }

    function _reward(uint256 round, Round memory r, uint256 pool_) internal view override returns (Payout memory p) {
        uint256 failed = r.proposals;
        for (uint256 left = passed[round]; left != 0; left &= left - 1) --failed;
        p.pool = pool_ + failed * FINE - (r.reveals + r.publications) * WAGE;
    }

    function _due(address, Member memory m, Round memory) internal view override returns (int256 due) {
        if (m.acts & Acts.PROPOSED != 0 && passed[m.round] >> m.updateNumber & 1 == 0) due -= int256(FINE);
        if (m.acts & Acts.REVEALED != 0) due += int256(WAGE);
        if (m.acts & Acts.PUBLISHED != 0) due += int256(WAGE);
    }

    function _admission(address account) internal view override returns (uint256) {
        if (barred[account]) revert NotAdmitted(account);
        return FEE;
    }

    function _checkExit() internal view override {
        if (shut) revert Shut();
    }

    function _checkOpen() internal view override {
        if (shut) revert Shut();
    }

    function _giveWay(Member memory) internal pure override {}

    function _closeUp(Member memory) internal pure override {}

    function _letIn() internal view override returns (uint256 count, uint256 fewest) {
        return (memberCount(), _fewestMembers());
    }

    function _waitsFor(Member memory) internal pure override returns (uint256) {
        return 0;
    }

    function _barred(address account) internal view override returns (bool) {
        return barred[account];
    }

    function _missed(address account, Member memory) internal view override returns (uint16, uint40) {
        return (away[account], 0);
    }

    function _isAbsent(address account, Member memory) internal view override returns (bool) {
        return away[account] != 0;
    }

    function _putOut(address account) internal override {
        delete away[account];
    }

    function _countInside() internal view override returns (uint256) {
        return memberCount();
    }

    function _guard(Member memory m, Round memory r) internal pure override returns (bool) {
        m.strikes = r.outcome == Outcome.Accepted ? 0 : m.strikes + 1;
        return m.strikes >= 2;
    }
}

/// @dev The core carries other mechanisms than `stake_vote`: each hook is asked where the protocol page says so.
contract HooksTest is Bench {
    uint256 private constant FEE = 7;
    uint256 private constant WAGE = 3;
    uint256 private constant FIRST = 1; // the selection of the first update alone

    UpdateJury private jury;

    function setUp() public override {
        super.setUp();
        IFederation.Schedule memory s = schedule();
        s.publish = 80;
        jury = new UpdateJury(address(token), s);
        federation = jury;
        for (uint256 i = 0; i < 6; ++i) {
            fund(account(i), 2 * BOND + FEE);
            vm.prank(account(i));
            federation.join(2 * BOND);
            members.push(account(i));
        }
    }

    // ------------------------------------------------------------------ roles and acts

    function test_roles_by_position() public {
        openAndDraw();
        assertEq(proposers().length, 2);
        assertEq(voters().length, 4);
        assertEq(publishers().length, 2);
        assertEq(publishers()[0], proposers()[1]);
        assertEq(publishers()[1], voters()[3]);
        assertEq(federation.memberOf(publishers()[0]).roles, Roles.PROPOSER | Roles.PUBLISHER);
        assertEq(federation.memberOf(publishers()[1]).roles, Roles.VOTER | Roles.PUBLISHER);
        IFederation.Status memory s = federation.status();
        assertEq(s.proposers, 2);
        assertEq(s.voters, 4);
        assertEq(s.publishers, 2);
        assertEq(s.publishEnd, s.revealEnd + 80);
    }

    function test_several_acts_in_a_round() public {
        playToPublish();
        (address proposer, address voter) = (publishers()[0], publishers()[1]);
        publish(proposer, MODEL);
        publish(voter, MODEL);
        assertEq(entry(proposer).acts, Acts.PROPOSED | Acts.PUBLISHED);
        assertEq(entry(voter).acts, Acts.COMMITTED | Acts.REVEALED | Acts.PUBLISHED);
        assertEq(entry(proposer).updateNumber, 1);
        assertEq(entry(proposer).option, 1, "of the publication");
        assertEq(entry(voter).option, 1, "of the publication, not of the ballot before");
        federation.settle();
        vm.expectEmit(address(federation));
        emit IFederation.Collected(proposer, 1, int256(WAGE) - 10, 2 * BOND + WAGE - 10);
        federation.collect(proposer);
        vm.expectEmit(address(federation));
        emit IFederation.Collected(voter, 1, int256(2 * WAGE), 2 * BOND + 2 * WAGE);
        federation.collect(voter);
        assertEq(entry(voter).acts, 0);
        assertEq(entry(voter).round, 1);
    }

    /// @dev What a member did in an earlier round is booked by its first act in a later one, and doesn't stay in `acts`.
    function test_acts_of_an_earlier_round_are_gone() public {
        playToPublish();
        publish(publishers()[0], MODEL);
        publish(publishers()[1], MODEL);
        federation.settle();
        openAndDraw();
        proposeAll();
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(entry(proposers()[i]).acts, Acts.PROPOSED);
            assertEq(entry(proposers()[i]).updateNumber, i);
            assertEq(entry(proposers()[i]).round, 2);
        }
        assertEq(token.balanceOf(address(federation)), owed(members));
    }

    function test_nothing_is_done_twice() public {
        playToPublish();
        (address proposer, address voter) = (publishers()[0], publishers()[1]);
        publish(proposer, MODEL);
        refuses(proposer, publishing(MODEL, FIRST), already(proposer, Acts.PROPOSED | Acts.PUBLISHED));
        refuses(voter, revealing(), phaseError(IFederation.Phase.Reveal));
        publish(voter, OTHER);
        refuses(voter, publishing(MODEL, FIRST), phaseError(IFederation.Phase.Publish));
    }

    function test_claims_are_the_mechanisms_to_refuse() public {
        openAndDraw();
        address proposer = proposers()[0];
        refuses(
            proposer,
            abi.encodeCall(IFederation.propose, (1, MODEL, 51, 6)),
            abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, 51, 50)
        );
        refuses(
            proposer,
            abi.encodeCall(IFederation.propose, (1, MODEL, 50, 6)),
            abi.encodeWithSelector(IFederation.EpochsOutOfRange.selector, 6, 5)
        );
    }

    // ------------------------------------------------------------------ verdict and publication

    function test_updates_are_judged_one_by_one() public {
        (address good, address bad) = playToPublish();
        publish(publishers()[0], OTHER);
        publish(publishers()[1], OTHER);
        vm.recordLogs();
        federation.settle();
        assertEq(federation.head(), OTHER);
        assertEq(balance(good), 2 * BOND);
        assertEq(balance(bad), 2 * BOND - 10 + WAGE);
        assertEq(federation.pool(), 6 * FEE + 10 - 6 * WAGE);
        assertEq(token.balanceOf(address(federation)), owed(members));
    }

    function test_publish_tells() public {
        playToPublish();
        vm.expectEmit(address(federation));
        emit IFederation.Published(1, publishers()[0], MODEL, FIRST, "nonce");
        publish(publishers()[0], MODEL);
        IFederation.Round memory r = federation.roundOf(1);
        assertEq(r.publications, 1);
        assertEq(r.leadingCount, 1);
        assertEq(r.leadingOption, 1);
        assertEq(r.options, 1);
        publish(publishers()[1], OTHER);
        r = federation.roundOf(1);
        assertEq(r.publications, 2);
        assertEq(r.leadingCount, 1);
        assertEq(r.leadingOption, 1);
        assertEq(r.options, 2);
    }

    function test_publish_is_refused() public {
        openAndDraw();
        refuses(publishers()[0], publishing(MODEL, FIRST), phaseError(IFederation.Phase.Publish));
        pass(IFederation.Phase.Propose);
        federation.settle();
        playToPublish();
        (address voter, address publisher) = (voters()[0], publishers()[0]);
        refuses(
            publisher,
            abi.encodeCall(IFederation.publish, (1, MODEL, FIRST, 0)),
            abi.encodeWithSelector(IFederation.WrongRound.selector, 1, 2)
        );
        refuses(
            account(50),
            publishing(MODEL, FIRST),
            abi.encodeWithSelector(
                IFederation.NotMember.selector, account(50), IFederation.Standing.Stranger
            )
        );
        refuses(
            voter,
            publishing(MODEL, FIRST),
            abi.encodeWithSelector(IFederation.WrongRole.selector, voter, Roles.VOTER, Roles.PUBLISHER)
        );
        refuses(publisher, publishing(MODEL, 3), abi.encodeWithSelector(IFederation.WrongSelection.selector, 3, FIRST));
        jury.bar(publisher, true);
        refuses(
            publisher, publishing(MODEL, 3), abi.encodeWithSelector(IFederation.AccountBanned.selector, publisher)
        );
    }

    function test_publish_phase_ends_with_the_last_publication() public {
        playToPublish();
        assertEq(phase(), uint256(IFederation.Phase.Publish));
        publish(publishers()[1], MODEL);
        assertEq(phase(), uint256(IFederation.Phase.Publish));
        publish(publishers()[0], MODEL);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
    }

    function test_publish_phase_ends_in_time() public {
        playToPublish();
        uint256 end = federation.status().publishEnd;
        vm.warp(end - 1);
        assertEq(phase(), uint256(IFederation.Phase.Publish));
        refusesPhase(account(0), abi.encodeCall(IFederation.settle, ()), IFederation.Phase.Settle);
        address late = publishers()[0];
        vm.warp(end);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        refusesPhase(late, publishing(OTHER, FIRST), IFederation.Phase.Publish);
        federation.settle();
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Rejected));
    }

    /// @dev Nobody waits for publications of a round in which half of the voters, or fewer, revealed.
    function test_nothing_is_published_without_a_quorum() public {
        for (uint256 ballots = 0; ballots <= 4; ++ballots) {
            uint256 snapshot = vm.snapshotState();
            openAndDraw();
            proposeAll();
            address[] memory list = voters();
            for (uint256 i = 0; i < 4; ++i) {
                commitBallot(list[i], hex"01");
            }
            for (uint256 i = 0; i < ballots; ++i) {
                revealBallot(list[i], hex"01");
            }
            pass(IFederation.Phase.Reveal);
            IFederation.Phase expected = ballots > 2 ? IFederation.Phase.Publish : IFederation.Phase.Settle;
            assertEq(phase(), uint256(expected));
            if (ballots <= 2) refusesPhase(publishers()[0], publishing(MODEL, FIRST), IFederation.Phase.Publish);
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------ who may come, go and begin

    function test_a_fee_goes_to_the_pool() public {
        fund(account(9), BOND + FEE);
        vm.expectEmit(address(federation));
        emit IFederation.Joined(account(9), BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Funded(account(9), FEE, 7 * FEE);
        vm.prank(account(9));
        federation.join(BOND);
        assertEq(federation.pool(), 7 * FEE);
        assertEq(entry(account(9)).stake, BOND);
        assertEq(token.balanceOf(account(9)), 0);
    }

    function test_admission_comes_before_the_stake() public {
        jury.bar(account(9), true);
        refuses(
            account(9),
            abi.encodeCall(IFederation.join, (1)),
            abi.encodeWithSelector(IFederation.NotAdmitted.selector, account(9))
        );
    }

    function test_the_mechanism_can_put_off_leaving_opening_and_committing() public {
        jury.shutDown(true);
        bytes memory refusal = abi.encodeWithSelector(UpdateJury.Shut.selector);
        refuses(account(0), abi.encodeCall(IFederation.exit, ()), refusal);
        refuses(account(0), abi.encodeCall(IFederation.open, ()), refusal);
        jury.shutDown(false);
        openAndDraw();
        proposeAll();
        jury.shutDown(true);
        refuses(voters()[0], abi.encodeCall(IFederation.commit, (1, bytes32("x"))), refusal);
        refuses(
            voters()[0],
            abi.encodeCall(IFederation.commit, (1, 0)),
            abi.encodeWithSelector(IFederation.EmptyCommitment.selector)
        );
    }

    function test_a_barred_account_is_out_and_evicting_bans_it() public {
        openAndDraw();
        address proposer = proposers()[0];
        jury.bar(proposer, true);
        assertTrue(federation.memberOf(proposer).out);
        assertEq(federation.memberOf(proposer).roles, 0);
        assertEq(federation.memberOf(proposer).position, 0, "keeps its place");
        bytes memory refusal = abi.encodeWithSelector(IFederation.AccountBanned.selector, proposer);
        refuses(proposer, abi.encodeCall(IFederation.propose, (1, 0, 0, 0)), refusal);
        pass(IFederation.Phase.Propose);
        federation.settle();
        refuses(proposer, abi.encodeCall(IFederation.deposit, (0)), refusal);
        // it may still go by itself, with what it has
        uint256 before = vm.snapshotState();
        vm.prank(proposer);
        federation.exit();
        assertEq(uint256(entry(proposer).standing), uint256(IFederation.Standing.Leaving));
        vm.revertToState(before);
        vm.expectEmit(address(federation));
        emit IFederation.Banned(proposer, 0, 2 * BOND);
        vm.expectEmit(address(federation));
        emit IFederation.Evicted(proposer, 2 * BOND, block.timestamp + 1000);
        federation.evict(members);
        assertEq(uint256(entry(proposer).standing), uint256(IFederation.Standing.Banned));
        assertEq(federation.memberCount(), 5);
        jury.bar(proposer, false);
        refuses(proposer, abi.encodeCall(IFederation.join, (BOND)), refusal);
        assertTrue(federation.memberOf(proposer).out, "for good");
    }

    /// @dev Whoever is barred does nothing more, in the middle of a round too: what it committed is not counted.
    function test_a_voter_barred_after_committing_may_not_reveal() public {
        openAndDraw();
        proposeAll();
        address[] memory list = voters();
        for (uint256 i = 0; i < 4; ++i) {
            commitBallot(list[i], hex"01");
        }
        jury.bar(list[0], true);
        bytes32 salt = saltOf(list[0]);
        bytes memory banned = abi.encodeWithSelector(IFederation.AccountBanned.selector, list[0]);
        refuses(list[0], abi.encodeCall(IFederation.reveal, (1, hex"01", salt)), banned);
        // before anything else is looked at
        refuses(list[0], abi.encodeCall(IFederation.reveal, (1, hex"0202", "salt")), banned);
        for (uint256 i = 1; i < 4; ++i) {
            revealBallot(list[i], hex"01");
        }
        assertEq(federation.roundOf(1).reveals, 3);
        pass(IFederation.Phase.Reveal);
        assertEq(phase(), uint256(IFederation.Phase.Publish), "the others go on");
    }

    // ------------------------------------------------------------------ duty

    function test_who_stays_away_is_put_out_with_its_stake() public {
        jury.miss(members[2], 3);
        assertEq(federation.memberOf(members[2]).missed, 3);
        assertFalse(federation.memberOf(members[2]).out, "it may still come");
        vm.expectEmit(address(federation));
        emit IFederation.Evicted(members[2], 2 * BOND, block.timestamp + 1000);
        federation.evict(members);
        assertEq(uint256(entry(members[2]).standing), uint256(IFederation.Standing.Leaving));
        assertEq(federation.memberCount(), 5, "nobody else");
    }

    // ------------------------------------------------------------------ the guard

    function test_a_guard_of_its_own_bans_by_its_own_rule() public {
        uint256 rounds = 0;
        while (federation.memberCount() == 6) {
            assertLt(++rounds, 5);
            playToPublish();
            pass(IFederation.Phase.Publish);
            federation.settle();
            federation.evict(members);
        }
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.Member memory m = entry(members[i]);
            assertEq(m.standing == IFederation.Standing.Banned, m.strikes >= 2);
            assertEq(federation.memberOf(members[i]).out, m.strikes >= 2);
        }
        assertGt(rounds, 1);
    }

    function test_strikes_are_reset() public {
        playToPublish();
        address voter = voters()[0];
        pass(IFederation.Phase.Publish);
        federation.settle();
        federation.collect(voter);
        assertEq(entry(voter).strikes, 1);
        do {
            playToPublish();
            publish(publishers()[0], MODEL);
            pass(IFederation.Phase.Publish);
            federation.settle();
        } while (entry(voter).round != round());
        federation.collect(voter);
        assertEq(entry(voter).strikes, 0);
    }

    /// @dev The view of a member foretells a booking and changes nothing.
    function test_a_seat_foretells_the_ban() public {
        for (uint256 i = 0; i < 2; ++i) {
            playToPublish();
            pass(IFederation.Phase.Publish);
            federation.settle();
            if (i == 0) collectAll();
        }
        for (uint256 i = 0; i < members.length; ++i) {
            IFederation.MemberView memory before = federation.memberOf(members[i]);
            federation.collect(members[i]);
            IFederation.MemberView memory booked = federation.memberOf(members[i]);
            assertEq(before.out, booked.out);
            assertEq(before.balance, booked.balance);
            assertEq(booked.record.stake, booked.balance);
            assertEq(booked.out, booked.record.standing == IFederation.Standing.Banned);
        }
    }

    // ------------------------------------------------------------------ words

    /// @dev A round in which all propose and all voters approve the first update.
    function playToPublish() private returns (address good, address bad) {
        openAndDraw();
        proposeAll();
        (good, bad) = (proposers()[0], proposers()[1]);
        address[] memory list = voters();
        for (uint256 i = 0; i < list.length; ++i) {
            commitBallot(list[i], hex"01");
        }
        for (uint256 i = 0; i < list.length; ++i) {
            revealBallot(list[i], hex"01");
        }
    }

    function collectAll() private {
        for (uint256 i = 0; i < members.length; ++i) {
            federation.collect(members[i]);
        }
    }

    function publishers() private view returns (address[] memory) {
        return drawn(Roles.PUBLISHER);
    }

    function publish(address who, bytes32 digest) private {
        uint256 number = round();
        vm.prank(who);
        federation.publish(number, digest, FIRST, "nonce");
    }

    function publishing(bytes32 digest, uint256 selection) private view returns (bytes memory) {
        return abi.encodeCall(IFederation.publish, (round(), digest, selection, "nonce"));
    }

    function revealing() private view returns (bytes memory) {
        return abi.encodeCall(IFederation.reveal, (round(), hex"01", "salt"));
    }

    function phaseError(IFederation.Phase needed) private view returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.WrongPhase.selector, federation.phase(), needed);
    }

    function already(address who, uint8 acts) private view returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.AlreadyActed.selector, who, round(), acts);
    }
}
