// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Federation} from "../../contracts/Federation.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bench} from "./Bench.sol";

/// @dev A federation that takes every axis the other way: drawn publishers besides proposers and voters, each update
/// judged by a bit of the ballot, a publication that the verdict waits for, rewards by claimed samples from the pool, and
/// a guard that bans after two failures in a row.
contract UpdateJury is Federation {
    struct Update {
        uint32 samples;
        uint16 approvals;
    }

    uint256 private constant PROPOSERS = 2;
    uint256 private constant PUBLISHERS = 1;
    uint256 private constant FINE = 10;

    mapping(uint256 round => bytes32) public published;
    mapping(uint256 round => Update[]) public updates;
    mapping(address account => uint256) public numbers;
    mapping(address account => uint256) public failures;

    constructor(address token_, Schedule memory s) Federation(token_, address(0), keccak256("genesis"), 100, s) {}

    /// @dev The action that this federation adds.
    function publish(uint256 round, bytes32 digest) external {
        Round memory r = _requireRound(round, Phase.Publish);
        _requireDrawn(round, r, Role.Publisher);
        published[round] = digest;
    }

    function _seats() internal pure override returns (uint256) {
        return PROPOSERS;
    }

    function _fewestMembers() internal pure override returns (uint256) {
        return PROPOSERS + PUBLISHERS + 1;
    }

    function _voters(uint256, Round memory r) internal pure override returns (uint256) {
        return r.members - PROPOSERS - PUBLISHERS;
    }

    function _roleAt(uint256, Round memory r, address, uint256 position) internal pure override returns (Role) {
        if (position < PROPOSERS) return Role.Proposer;
        return position < r.members - PUBLISHERS ? Role.Voter : Role.Publisher;
    }

    function _admit(uint256 round, Round memory r, uint256, bytes32, uint256 samples) internal override {
        updates[round].push(Update(uint32(samples), 0));
        numbers[msg.sender] = r.proposals;
    }

    function _count(uint256 round, Round memory, address, bytes32 ballot) internal override returns (uint16) {
        for (uint256 i = 0; i < updates[round].length; ++i) {
            if ((uint256(ballot) >> i) & 1 == 1) ++updates[round][i].approvals;
        }
        return uint16(uint256(ballot));
    }

    function _verdict(uint256 round, Round memory) internal view override returns (Verdict memory v) {
        v.candidate = published[round];
        v.outcome = v.candidate == 0 ? Outcome.Rejected : Outcome.Accepted;
    }

    function _awaitsPublication(uint256 round, Round memory r) internal view override returns (bool) {
        return r.reveals != 0 && published[round] == 0;
    }

    function _reward(uint256 round, Round memory r, uint256 pool_) internal override returns (Payout memory p) {
        p.pool = pool_;
        for (uint256 i = 0; i < updates[round].length; ++i) {
            bool passed = uint256(updates[round][i].approvals) * 2 >= r.reveals;
            if (!passed) p.pool += FINE;
        }
    }

    function _due(address account, Member memory m, Round memory r) internal view override returns (int256) {
        if (m.act != Act.Proposed) return 0;
        Update memory u = updates[m.round][numbers[account]];
        return uint256(u.approvals) * 2 >= r.reveals ? int256(0) : -int256(FINE);
    }

    function _mustLeave(address account, Member memory, Round memory r) internal override returns (bool) {
        if (r.outcome == Outcome.Accepted) failures[account] = 0;
        else ++failures[account];
        return failures[account] >= 2;
    }
}

/// @dev The core carries other mechanisms than `stake_vote`, and the Publish phase that this one has no use for.
contract HooksTest is Bench {
    UpdateJury private jury;

    function setUp() public override {
        super.setUp();
        IFederation.Schedule memory s = schedule();
        s.publish = 80;
        jury = new UpdateJury(address(token), s);
        federation = jury;
        joinMany(6, 2 * BOND);
    }

    function test_roles_by_position() public {
        openAndDraw();
        assertEq(proposers().length, 2);
        assertEq(voters().length, 3);
        assertEq(publishers().length, 1);
    }

    function test_updates_are_judged_one_by_one() public {
        (address good, address bad) = playToPublish();
        publishNow();
        federation.settle();
        assertEq(federation.head(), MODEL);
        assertEq(balance(good), 2 * BOND);
        assertEq(balance(bad), 2 * BOND - 10);
        assertEq(federation.pool(), 10);
        assertEq(token.balanceOf(address(federation)), owed(members));
    }

    function test_publish_phase_ends_with_the_publication() public {
        playToPublish();
        assertEq(phase(), uint256(IFederation.Phase.Publish));
        publishNow();
        assertEq(phase(), uint256(IFederation.Phase.Settle));
    }

    function test_publish_phase_ends_in_time() public {
        playToPublish();
        uint256 end = federation.status().revealEnd + 80;
        vm.warp(end - 1);
        assertEq(phase(), uint256(IFederation.Phase.Publish));
        address voter = voters()[0];
        refuses(
            voter,
            abi.encodeCall(UpdateJury.publish, (1, OTHER)),
            abi.encodeWithSelector(
                IFederation.WrongRole.selector, voter, IFederation.Role.Voter, IFederation.Role.Publisher
            )
        );
        refusesPhase(voter, abi.encodeCall(IFederation.settle, ()), IFederation.Phase.Settle);
        address late = publishers()[0];
        vm.warp(end);
        assertEq(phase(), uint256(IFederation.Phase.Settle));
        refusesPhase(late, abi.encodeCall(UpdateJury.publish, (1, OTHER)), IFederation.Phase.Publish);
        federation.settle();
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Rejected));
    }

    function test_a_guard_of_its_own_bans_by_its_own_rule() public {
        for (uint256 i = 0; i < 2; ++i) {
            playToPublish();
            vm.warp(federation.status().revealEnd + 80);
            federation.settle();
            federation.evict(members);
        }
        uint256 banned;
        for (uint256 i = 0; i < members.length; ++i) {
            bool out = entry(members[i]).standing == IFederation.Standing.Banned;
            assertEq(out, jury.failures(members[i]) >= 2);
            if (out) ++banned;
        }
        assertGt(banned, 0);
        assertEq(federation.memberCount(), 6 - banned);
    }

    function playToPublish() private returns (address good, address bad) {
        openAndDraw();
        proposeAll();
        (good, bad) = (proposers()[0], proposers()[1]);
        bytes32[] memory ballots = new bytes32[](voters().length);
        for (uint256 i = 0; i < ballots.length; ++i) {
            ballots[i] = bytes32(uint256(1)); // the first update and not the second
        }
        vote(ballots);
    }

    function publishers() private view returns (address[] memory) {
        return drawn(IFederation.Role.Publisher);
    }

    function publishNow() private {
        uint256 number = round();
        address publisher = publishers()[0];
        vm.prank(publisher);
        jury.publish(number, MODEL);
    }
}
