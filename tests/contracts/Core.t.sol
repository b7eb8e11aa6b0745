// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Acts, Roles} from "../../contracts/libraries/Flags.sol";
import {Bench} from "./Bench.sol";
import {FeeToken} from "./Tokens.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @dev What every federation has from the core besides the course of a round: the pool, the registry's limit, claims,
/// ballots of the wrong kind, and what the views tell.
contract CoreTest is Bench {
    address private immutable patron = account(99);

    function setUp() public override {
        super.setUp();
        joinMany(7, 2 * BOND); // two propose, five vote
    }

    // ------------------------------------------------------------------ the pool

    function test_anybody_funds_the_pool_in_any_phase() public {
        fund(patron, 700);
        uint256 pool;
        IFederation.Phase[7] memory phases = [
            IFederation.Phase.Open,
            IFederation.Phase.Draw,
            IFederation.Phase.Propose,
            IFederation.Phase.Commit,
            IFederation.Phase.Reveal,
            IFederation.Phase.Settle,
            IFederation.Phase.Open
        ];
        for (uint256 i = 0; i < phases.length; ++i) {
            assertEq(phase(), uint256(phases[i]));
            pool += 100;
            vm.expectEmit(address(federation));
            emit IFederation.Funded(patron, 100, pool);
            vm.prank(patron);
            federation.fund(100);
            assertEq(federation.pool(), pool);
            if (i == 0) federation.open();
            if (i == 1) vm.roll(block.number + 1);
            if (i == 1) federation.draw();
            if (i == 2) proposeAll();
            if (i == 3) commit(voters()[0], MODEL);
            if (i == 3) pass(IFederation.Phase.Commit);
            if (i == 4) pass(IFederation.Phase.Reveal);
            if (i == 5) pool += VOTER_STAKE; // of the silent voter
            if (i == 5) federation.settle();
        }
        assertEq(token.balanceOf(patron), 0);
        assertEq(token.balanceOf(address(federation)), owed(members));
    }

    function test_what_is_funded_goes_to_accepted_proposers() public {
        fund(patron, 101);
        vm.prank(patron);
        federation.fund(101);
        playRound(5, 0, 0);
        assertEq(federation.roundOf(1).proposerReward, 50);
        assertEq(federation.pool(), 1, "dust stays");
    }

    function test_fund_is_refused() public {
        refuses(patron, funding(0), abi.encodeWithSelector(IFederation.ZeroAmount.selector));
        uint256 amount = uint256(MAX) + 1;
        refuses(patron, funding(amount), abi.encodeWithSelector(IFederation.AmountTooLarge.selector, amount, MAX));
        refuses(
            patron,
            funding(5),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, federation, 0, 5)
        );
        fund(patron, 4);
        refuses(
            patron, funding(5), abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, patron, 4, 5)
        );
        assertEq(federation.pool(), 0);
    }

    function test_fund_takes_the_largest_amount_more_than_once() public {
        for (uint256 i = 1; i < 4; ++i) {
            fund(patron, MAX);
            vm.prank(patron);
            federation.fund(MAX);
            assertEq(federation.pool(), i * MAX);
        }
        // more than a member can hold: the pool keeps what a cut reward leaves
        playRound(5, 0, 0);
        assertEq(federation.roundOf(1).proposerReward, MAX);
        assertEq(federation.pool(), MAX);
    }

    function test_fund_with_a_fee_on_transfer() public {
        FeeToken taking = new FeeToken();
        IStakeVote.StakeVoteTerms memory t = terms();
        t.token = address(taking);
        federation = new StakeVote(t);
        taking.mint(patron, 10);
        vm.prank(patron);
        taking.approve(address(federation), 10);
        refuses(patron, funding(10), abi.encodeWithSelector(IFederation.TransferMismatch.selector, 10, 9));
    }

    // ------------------------------------------------------------------ the registry's limit

    function test_registry_full() public {
        fillRegistry(65_535);
        fund(patron, BOND);
        refuses(
            patron,
            abi.encodeCall(IFederation.join, (BOND)),
            abi.encodeWithSelector(IFederation.RegistryFull.selector, 65_535)
        );
        fillRegistry(65_534);
        vm.prank(patron);
        federation.join(BOND);
        assertEq(entry(patron).index, 65_535);
        assertEq(federation.memberCount(), 65_535);
        federation.open();
        assertEq(federation.roundOf(1).members, 65_535);
        assertEq(federation.status().voters, 65_533);
    }

    /// @dev A registry of `size`, of which but those who joined are nobody.
    function fillRegistry(uint256 size) private {
        vm.record();
        federation.memberCount();
        (bytes32[] memory reads,) = vm.accesses(address(federation));
        vm.store(address(federation), reads[0], bytes32(size));
        assertEq(federation.memberCount(), size);
    }

    // ------------------------------------------------------------------ claims

    function test_claims_out_of_range() public {
        openAndDraw();
        address proposer = proposers()[0];
        refuses(proposer, claiming(0, 1), samplesError(0));
        refuses(proposer, claiming(1001, 1), samplesError(1001));
        refuses(proposer, claiming(1, 0), epochsError(0));
        refuses(proposer, claiming(1, 11), epochsError(11));
        refuses(proposer, claiming(0, 0), samplesError(0));
        refuses(proposer, claiming(type(uint256).max, type(uint256).max), samplesError(type(uint256).max));
        refuses(proposer, claiming(1000, type(uint256).max), epochsError(type(uint256).max));
        vm.prank(proposer);
        federation.propose(1, MODEL, 1000, 10);
    }

    function test_terms_of_claims() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.maxSamples = 0;
        invalid(t, "maxSamples", 0);
        (t.proposers, t.maxSamples) = (2, 1 << 30);
        t.maxEpochs = 1;
        invalid(t, "maxSamples", 1 << 30);
        t.maxSamples = (1 << 30) - 1;
        new StakeVote(t);
        (t.proposers, t.maxSamples) = (1 << 15, 1 << 16);
        invalid(t, "maxSamples", 1 << 16);
        t = terms();
        t.maxEpochs = 0;
        invalid(t, "maxEpochs", 0);
        (t.maxSamples, t.maxEpochs) = (1 << 20, 1 << 12);
        invalid(t, "maxEpochs", 1 << 12);
        t.maxEpochs = (1 << 12) - 1;
        new StakeVote(t);
        (t.maxSamples, t.maxEpochs) = (0, 0);
        invalid(t, "maxSamples", 0);
    }

    function test_terms_of_attribution() public {
        IStakeVote.StakeVoteTerms memory t = terms();
        t.proposers = 257;
        new StakeVote(t);
        t.attribution = true;
        t.quorumBps = 10_001;
        invalid(t, "proposers", 257);
        t.maxEpochs = 0;
        invalid(t, "maxEpochs", 0);
        (t.proposers, t.maxEpochs, t.quorumBps) = (256, 1, 1);
        assertTrue(new StakeVote(t).terms().attribution);
    }

    // ------------------------------------------------------------------ ballots

    function test_a_ballot_of_another_length_says_nothing() public {
        address[] memory list = toCommit();
        bytes[5] memory ballots =
            [bytes(""), hex"01", abi.encodePacked(bytes31(0)), abi.encodePacked(bytes32(0), hex"00"), abi.encode(0, 0)];
        for (uint256 i = 0; i < 5; ++i) {
            commitBallot(list[i], ballots[i]);
        }
        for (uint256 i = 0; i < 5; ++i) {
            refusesBallot(list[i], ballots[i]);
        }
        pass(IFederation.Phase.Reveal);
        federation.settle();
        assertEq(uint256(federation.roundOf(1).outcome), uint256(IFederation.Outcome.Undecided));
        assertEq(balance(list[0]), 2 * BOND - VOTER_STAKE, "as if silent");
        assertEq(federation.pool(), 5 * VOTER_STAKE);
    }

    /// @dev A ballot is checked only after the commitment to it.
    function test_the_commitment_is_checked_before_the_ballot() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        pass(IFederation.Phase.Commit);
        bytes32 salt = saltOf(list[0]);
        refuses(
            list[0],
            abi.encodeCall(IFederation.reveal, (1, hex"", salt)),
            abi.encodeWithSelector(
                IFederation.CommitmentMismatch.selector,
                list[0],
                federation.commitmentOf(1, list[0], abi.encode(MODEL), salt),
                federation.commitmentOf(1, list[0], hex"", salt)
            )
        );
    }

    /// @dev The commitment tells ballots of any length apart.
    function testFuzz_commitments_bind(
        uint256 number,
        address voter,
        bytes calldata ballot,
        bytes32 salt,
        bytes calldata other
    ) public view {
        bytes32 hidden = federation.commitmentOf(number, voter, ballot, salt);
        assertEq(hidden, keccak256(abi.encode(block.chainid, federation, number, voter, ballot, salt)));
        bool same = keccak256(ballot) == keccak256(other);
        assertEq(federation.commitmentOf(number, voter, other, salt) == hidden, same);
        assertTrue(federation.commitmentOf(number, voter, ballot, ~salt) != hidden);
        assertTrue(federation.commitmentOf(number ^ 1, voter, ballot, salt) != hidden);
        assertTrue(federation.commitmentOf(number, address(uint160(voter) ^ 1), ballot, salt) != hidden);
    }

    // ------------------------------------------------------------------ several acts

    function test_acts_of_a_voter_add_up() public {
        address[] memory list = toCommit();
        commit(list[0], MODEL);
        assertEq(entry(list[0]).acts, Acts.COMMITTED);
        pass(IFederation.Phase.Commit);
        reveal(list[0], MODEL);
        assertEq(entry(list[0]).acts, Acts.COMMITTED | Acts.REVEALED);
        pass(IFederation.Phase.Reveal);
        federation.settle();
        federation.collect(list[0]);
        assertEq(entry(list[0]).acts, 0);
        assertEq(entry(list[0]).round, 1, "kept");
        assertEq(entry(list[0]).option, 1, "kept");
    }

    function test_nothing_is_published_in_stake_vote() public {
        openAndDraw();
        refusesPhase(
            voters()[0], abi.encodeCall(IFederation.publish, (1, MODEL, 1, 0)), IFederation.Phase.Publish
        );
        assertEq(federation.status().publishers, 0);
        assertEq(federation.status().publishEnd, federation.status().revealEnd);
    }

    // ------------------------------------------------------------------ views

    function test_status_tells_what_a_round_waits_for() public {
        IFederation.Status memory s = federation.status();
        assertEq(s.proposers, 2);
        assertEq(s.voters, 0, "no round yet");
        assertEq(s.members, 7);
        federation.open();
        s = federation.status();
        assertEq(s.voters, 5);
        assertEq(s.record.members, 7);
        assertEq(s.proposeEnd, 0);
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(federation.memberOf(account(i)).roles, 0, "nobody is drawn yet");
            assertEq(federation.memberOf(account(i)).position, 0);
        }
    }

    function test_a_seat_tells_who_is_out() public {
        federation = new StakeVote(terms());
        delete members;
        joinMany(7, BOND);
        playRound(4, 1, 0);
        address loser;
        for (uint256 i = 0; i < 7; ++i) {
            bool poor = balance(account(i)) < BOND;
            assertEq(federation.memberOf(account(i)).out, poor, "before it is booked");
            if (poor) loser = account(i);
        }
        assertEq(uint256(entry(loser).standing), uint256(IFederation.Standing.Member));
        openAndDraw();
        IFederation.MemberView memory member = federation.memberOf(loser);
        assertTrue(member.out);
        assertEq(member.roles, 0);
        assertEq(member.balance, BOND - VOTER_STAKE);
        uint16 position = member.position;
        assertEq(proposers().length + voters().length, 6);
        federation.collect(loser);
        member = federation.memberOf(loser);
        assertTrue(member.out, "when it is booked");
        assertEq(member.roles, 0);
        assertEq(member.position, position, "keeps its place");
        pass(IFederation.Phase.Propose);
        federation.settle();
        federation.evict(members);
        member = federation.memberOf(loser);
        assertTrue(member.out, "when it is evicted");
        assertEq(member.position, 0);
        assertFalse(federation.memberOf(patron).out, "a stranger is not");
    }

    function test_roles_end_with_the_round() public {
        openAndDraw();
        uint256 roles;
        for (uint256 i = 0; i < 7; ++i) {
            roles += federation.memberOf(account(i)).roles;
        }
        assertEq(roles, 2 * Roles.PROPOSER + 5 * Roles.VOTER);
        pass(IFederation.Phase.Propose);
        federation.settle();
        for (uint256 i = 0; i < 7; ++i) {
            assertEq(federation.memberOf(account(i)).roles, 0);
        }
    }

    // ------------------------------------------------------------------ words

    function toCommit() private returns (address[] memory) {
        openAndDraw();
        proposeAll();
        return voters();
    }

    function refusesBallot(address who, bytes memory ballot) private {
        refuses(
            who,
            abi.encodeCall(IFederation.reveal, (round(), ballot, saltOf(who))),
            abi.encodeWithSelector(IFederation.InvalidBallot.selector, ballot)
        );
    }

    function funding(uint256 amount) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.fund, (amount));
    }

    function claiming(uint256 samples, uint256 epochs) private pure returns (bytes memory) {
        return abi.encodeCall(IFederation.propose, (1, MODEL, samples, epochs));
    }

    function samplesError(uint256 given) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.SamplesOutOfRange.selector, given, 1000);
    }

    function epochsError(uint256 given) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IFederation.EpochsOutOfRange.selector, given, 10);
    }

    function invalid(IStakeVote.StakeVoteTerms memory t, string memory field, uint256 given) private {
        expectInvalid(field, given);
        new StakeVote(t);
    }
}
