// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IStakeVote} from "../../contracts/interfaces/IStakeVote.sol";
import {Bench} from "../contracts/Bench.sol";
import {BflcBench} from "../contracts/BflcBench.sol";
import {BladeBench} from "../contracts/BladeBench.sol";
import {StakeJuryBench} from "../contracts/StakeJuryBench.sol";
import {VbflBench} from "../contracts/VbflBench.sol";
import {Limits} from "./Limits.sol";

/// @dev Each federation, as a deployment sends it, is put onto Hardhat's own chain: it keeps its terms, fits into a
/// contract, and costs what a chain can take. Hardhat makes the same code: a test compares them. A leaf `X` is tested by `XDeploymentTest`.
contract StakeVoteDeploymentTest is Bench, Limits {
    function setUp() public override {
        super.setUp();
        federation = deploy();
    }

    function deploy() private returns (IFederation) {
        return IFederation(create("StakeVote", abi.encode(terms())));
    }

    function test_terms_are_read_back() public view {
        assertEq(abi.encode(IStakeVote(address(federation)).terms()), abi.encode(terms()));
    }

    function test_fits_and_costs_little_enough() public {
        uint256 before = gasleft();
        IFederation one = deploy();
        assertDeployment(address(one), before - gasleft());
    }

    /// @dev Two propose and three vote, all in one transaction: an upper bound without what each transaction pays.
    function test_a_round_costs_little_enough() public {
        joinMany(5, BOND);
        playRound(3, 0, 0);
        uint256 before = gasleft();
        playRound(3, 0, 0);
        uint256 used = before - gasleft();
        emit log_named_uint("gas of a stake_vote round of five", used);
        assertLt(used, MOST_ROUND_GAS, "a round of five");
        assertEq(uint256(federation.roundOf(round()).outcome), uint256(IFederation.Outcome.Accepted));
    }
}

contract StakeJuryDeploymentTest is StakeJuryBench, Limits {
    function deploy() internal override returns (IFederation) {
        return IFederation(create("StakeJury", abi.encode(juryTerms())));
    }

    function test_terms_are_read_back() public view {
        assertEq(abi.encode(jury().terms()), abi.encode(juryTerms()));
    }

    function test_fits_and_costs_little_enough() public {
        uint256 before = gasleft();
        IFederation one = deploy();
        assertDeployment(address(one), before - gasleft());
    }
}

contract VbflDeploymentTest is VbflBench, Limits {
    function deploy() internal override returns (IFederation) {
        return IFederation(create("Vbfl", abi.encode(vbflTerms())));
    }

    function test_terms_are_read_back() public view {
        assertEq(abi.encode(vbfl().terms()), abi.encode(vbflTerms()));
    }

    function test_fits_and_costs_little_enough() public {
        uint256 before = gasleft();
        IFederation one = deploy();
        assertDeployment(address(one), before - gasleft());
    }
}

contract BflcDeploymentTest is BflcBench, Limits {
    function deploy() internal override returns (IFederation) {
        return IFederation(create("Bflc", abi.encode(bflcTerms())));
    }

    function test_terms_are_read_back() public view {
        assertEq(abi.encode(bflc().terms()), abi.encode(bflcTerms()));
    }

    function test_fits_and_costs_little_enough() public {
        uint256 before = gasleft();
        IFederation one = deploy();
        assertDeployment(address(one), before - gasleft());
    }
}

contract BladeDeploymentTest is BladeBench, Limits {
    function deploy() internal override returns (IFederation) {
        return IFederation(create("Blade", abi.encode(bladeTerms())));
    }

    function test_terms_are_read_back() public view {
        assertEq(abi.encode(blade().terms()), abi.encode(bladeTerms()));
    }

    function test_fits_and_costs_little_enough() public {
        uint256 before = gasleft();
        IFederation one = deploy();
        assertDeployment(address(one), before - gasleft());
    }
}
