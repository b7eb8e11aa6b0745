// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Bench} from "./Bench.sol";

/// @dev What each action costs as a transaction of its own, in a federation that has been going for some rounds. Three
/// fifths of the members propose; one voter is outvoted, so that rewards are written. A `round` books what is due from
/// those before it, as real rounds do; `propose` and `commit` are those of a member to whom nothing is due.
/// `gas.json` keeps the figures, and a drift of more than 2 % fails; `FEDJURY_GAS_UPDATE=1` writes them anew.
/// forge-config: default.isolate = true
contract GasTest is Bench {
    string private constant FILE = "tests/contracts/gas.json";
    string private constant OBJECT = "gas";
    uint256 private constant DRIFT_PERCENT = 2;

    uint256 private constant WARM_ROUNDS = 9;

    uint32 private seats = 6;
    string private written;
    string[] private names;
    uint256[] private figures;
    uint256 private settled;
    uint256 private total;
    address private lastVoter;
    /// @dev The cheapest call of each action in a round: one to which no first write of a slot falls.
    mapping(bytes4 selector => uint256) private least;

    function terms() internal view override returns (IStakeVote.StakeVoteTerms memory t) {
        t = super.terms();
        t.seats = seats;
    }

    function test_gas_stays() public {
        bool update = vm.envOr("FEDJURY_GAS_UPDATE", uint256(0)) != 0;
        string memory kept = update ? "" : vm.readFile(FILE);
        measure(10);
        compare(kept, "_10");
        uint256 small = settled;
        measure(20);
        compare(kept, "_20");
        measure(100);
        compare(kept, "_100");
        assertApproxEqAbs(settled, small, 50, "settling grew with the federation");
        if (update) vm.writeJson(written, FILE);
    }

    function compare(string memory kept, string memory suffix) private {
        for (uint256 i = 0; i < names.length; ++i) {
            string memory name = string.concat(names[i], suffix);
            written = vm.serializeUint(OBJECT, name, figures[i]);
            if (bytes(kept).length == 0) continue;
            uint256 old = vm.parseJsonUint(kept, string.concat(".", name));
            uint256 drift = figures[i] > old ? figures[i] - old : old - figures[i];
            assertLe(drift * 100, old * DRIFT_PERCENT, string.concat("gas of ", name));
        }
        delete names;
        delete figures;
    }

    function measure(uint256 size) private {
        seats = uint32(size * 3 / 5);
        federation = new StakeVote(terms());
        delete members;
        joinMany(size, 10 * BOND);
        for (uint256 i = 0; i < WARM_ROUNDS; ++i) {
            bool accepted = i % 2 == 0;
            playRound(accepted ? size - seats - 1 : 0, accepted ? 1 : size - seats - 1, accepted ? 0 : 1);
        }
        total = 0;
        play(size - seats, "tenth");
        note("round", total);

        note("collect", act(lastVoter, abi.encodeCall(IFederation.collect, (lastVoter))));
        for (uint256 i = 0; i < size; ++i) {
            federation.collect(account(i));
        }
        play(size - seats, "eleventh");
        note("open", least[IFederation.open.selector]);
        note("draw", least[IFederation.draw.selector]);
        note("propose", least[IFederation.propose.selector]);
        note("commit", least[IFederation.commit.selector]);
        note("reveal", least[IFederation.reveal.selector]);
        settled = least[IFederation.settle.selector];
        note("settle", settled);
        note("claim", act(lastVoter, abi.encodeCall(IFederation.claim, ())));
        fund(account(size), BOND);
        note("join", act(account(size), abi.encodeCall(IFederation.join, (BOND))));
    }

    /// @dev A round with one outvoted voter, the last.
    function play(uint256 count, string memory model) private {
        vm.warp(federation.status().restUntil);
        forget();
        act(account(0), abi.encodeCall(IFederation.open, ()));
        vm.roll(block.number + 1);
        act(account(0), abi.encodeCall(IFederation.draw, ()));
        uint256 number = round();
        address[] memory list = proposers();
        for (uint256 i = 0; i < list.length; ++i) {
            act(list[i], abi.encodeCall(IFederation.propose, (number, keccak256(abi.encode(i)), 600, 5)));
        }
        list = voters();
        for (uint256 i = 0; i < count; ++i) {
            bytes memory ballot = abi.encode(i == count - 1 ? REJECT : keccak256(bytes(model)));
            bytes32 hidden = federation.commitmentOf(number, list[i], ballot, saltOf(list[i]));
            act(list[i], abi.encodeCall(IFederation.commit, (number, hidden)));
        }
        for (uint256 i = 0; i < count; ++i) {
            bytes memory ballot = abi.encode(i == count - 1 ? REJECT : keccak256(bytes(model)));
            act(list[i], abi.encodeCall(IFederation.reveal, (number, ballot, saltOf(list[i]))));
        }
        act(account(0), abi.encodeCall(IFederation.settle, ()));
        lastVoter = list[0];
    }

    function forget() private {
        delete least[IFederation.open.selector];
        delete least[IFederation.draw.selector];
        delete least[IFederation.propose.selector];
        delete least[IFederation.commit.selector];
        delete least[IFederation.reveal.selector];
        delete least[IFederation.settle.selector];
    }

    function note(string memory name, uint256 used) private {
        names.push(name);
        figures.push(used);
    }

    /// @dev Gas used by the transaction of `who` with `data`, refunds taken off.
    function act(address who, bytes memory data) private returns (uint256 used) {
        vm.prank(who);
        (bool ok,) = address(federation).call(data);
        used = vm.lastCallGas().gasTotalUsed;
        assertTrue(ok, "refused");
        total += used;
        bytes4 selector = bytes4(data);
        if (least[selector] == 0 || used < least[selector]) least[selector] = used;
    }
}
