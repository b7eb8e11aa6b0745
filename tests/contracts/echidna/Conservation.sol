// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {FixedBeacon} from "../../../contracts/FixedBeacon.sol";
import {JuryToken} from "../../../contracts/JuryToken.sol";
import {StakeVote} from "../../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../../contracts/interfaces/IStakeVote.sol";
import {Acts, Roles} from "../../../contracts/libraries/Flags.sol";

/// @dev An account: a member or an outsider.
contract Actor {
    constructor(JuryToken token, address federation) {
        token.approve(federation, type(uint256).max);
    }

    function act(address federation, bytes calldata data) external returns (bool ok) {
        (ok,) = federation.call(data);
    }
}

/// @dev Eight accounts who do anything at any time; Echidna chooses who does what, and lets time pass in between.
/// What is refused is refused: the balances have to be right all the same. Echidna 2.0.2 finds no contract with
/// immutables again, so there are none here.
contract Conservation {
    uint256 private constant ACCOUNTS = 8;
    uint256 private constant FUNDS = 10_000;
    uint256 private constant BOND = 100;

    IFederation private federation;
    JuryToken private token;
    Actor[] private actors;
    mapping(Actor => bytes) private ballots;
    uint256 private donated;
    uint256 private settled;

    constructor() {
        token = new JuryToken(FUNDS, address(this), address(this));
        federation = new StakeVote(
            IStakeVote.StakeVoteTerms({
                token: address(token),
                beacon: address(new FixedBeacon("echidna")),
                genesis: keccak256("genesis"),
                bond: BOND,
                managers: new address[](0),
                founders: new address[](0),
                newcomers: 0,
                proposerStake: 37,
                voterStake: 23,
                proposers: 2,
                minVoters: 3,
                quorumBps: 5000,
                maxSamples: 100,
                maxEpochs: 5,
                attribution: false,
                schedule: IFederation.Schedule({
                    open: 10, pledge: 0, propose: 600, commit: 600, reveal: 600, publish: 0, unbonding: 1800
                })
            })
        );
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            Actor actor = new Actor(token, address(federation));
            token.mint(address(actor), FUNDS);
            actors.push(actor);
            actor.act(address(federation), abi.encodeCall(IFederation.join, (BOND + i)));
        }
    }

    // ------------------------------------------------------------------ properties

    /// @dev Stakes with what is due, and the pool, are the balance, to the unit but for what was given away.
    function echidna_conserves() external view returns (bool) {
        uint256 owed = federation.pool() + donated;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            owed += federation.memberOf(address(actors[i])).balance;
        }
        return owed == token.balanceOf(address(federation));
    }

    function echidna_tokens_are_neither_made_nor_lost() external view returns (bool) {
        uint256 sum = token.balanceOf(address(federation)) + token.balanceOf(address(this));
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            sum += token.balanceOf(address(actors[i]));
        }
        return sum == (ACCOUNTS + 1) * FUNDS && sum == token.totalSupply();
    }

    /// @dev Each settlement was of a round of its own.
    function echidna_one_settlement_a_round() external view returns (bool) {
        uint256 round = federation.status().round;
        return settled == round || settled + 1 == round;
    }

    // ------------------------------------------------------------------ membership

    function join(uint8 who, uint96 stake) external {
        act(who, abi.encodeCall(IFederation.join, (BOND + stake % FUNDS)));
    }

    function deposit(uint8 who, uint96 amount) external {
        act(who, abi.encodeCall(IFederation.deposit, (amount % FUNDS)));
    }

    function fund(uint8 who, uint96 amount) external {
        act(who, abi.encodeCall(IFederation.fund, (amount % 1000)));
    }

    function exit(uint8 who) external {
        if (who % 16 == 0) act(who / 16, abi.encodeCall(IFederation.exit, ()));
    }

    function withdraw(uint8 who) external {
        act(who, abi.encodeCall(IFederation.withdraw, ()));
    }

    function claim(uint8 who) external {
        act(who, abi.encodeCall(IFederation.claim, ()));
    }

    function collect(uint8 who) external {
        act(0, abi.encodeCall(IFederation.collect, (address(actors[who % ACCOUNTS]))));
    }

    function evict(uint8 who) external {
        address[] memory list = new address[](1);
        list[0] = address(actors[who % ACCOUNTS]);
        act(0, abi.encodeCall(IFederation.evict, (list)));
    }

    function donate(uint8 amount) external {
        donated += amount;
        token.transfer(address(federation), amount);
    }

    // ------------------------------------------------------------------ a round

    function open() external {
        act(0, abi.encodeCall(IFederation.open, ()));
    }

    function draw() external {
        act(0, abi.encodeCall(IFederation.draw, ()));
    }

    /// @dev Those of the proposers whose bits are set, or nearly all.
    function propose(uint8 which) external {
        uint256 round = federation.status().round;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if ((which >> i) & 1 == 0 && which % 4 == 0) continue;
            act(i, abi.encodeCall(IFederation.propose, (round, keccak256(abi.encode(round, i)), i + 1, 1)));
        }
    }

    /// @dev Two bits of the choice are a voter's ballot: most say the same.
    function commit(uint8 which, uint16 choice) external {
        uint256 round = federation.status().round;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if ((which >> i) & 1 == 0 && which % 4 == 0) continue;
            Actor actor = actors[i];
            if (federation.memberOf(address(actor)).roles & Roles.VOTER == 0) continue;
            uint256 option = (choice >> (2 * i)) % 4;
            bytes memory ballot = abi.encode(option == 0 ? bytes32(0) : keccak256(abi.encode(option == 1 ? 1 : 2)));
            bytes32 hidden = federation.commitmentOf(round, address(actor), ballot, bytes32(i));
            if (act(i, abi.encodeCall(IFederation.commit, (round, hidden)))) ballots[actor] = ballot;
        }
    }

    function reveal(uint8 which) external {
        uint256 round = federation.status().round;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if ((which >> i) & 1 == 0 && which % 4 == 0) continue;
            if (federation.memberOf(address(actors[i])).record.acts & Acts.COMMITTED == 0) continue;
            act(i, abi.encodeCall(IFederation.reveal, (round, ballots[actors[i]], bytes32(i))));
        }
    }

    function settle() external {
        if (act(0, abi.encodeCall(IFederation.settle, ()))) ++settled;
    }

    function act(uint256 who, bytes memory data) private returns (bool) {
        return actors[who % ACCOUNTS].act(address(federation), data);
    }
}
