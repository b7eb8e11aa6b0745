// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {StakeVote} from "../../contracts/federations/StakeVote.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {Bench} from "../contracts/Bench.sol";
import {BflcBench} from "../contracts/BflcBench.sol";
import {BladeBench} from "../contracts/BladeBench.sol";
import {VbflBench} from "../contracts/VbflBench.sol";
import {Limits} from "./Limits.sol";

/// @dev Each federation is deployed by Hardhat's compiler settings onto Hardhat's own chain: it keeps its terms, fits
/// into a contract, and costs what a chain can take. A leaf `X` is tested by `XDeploymentTest`.
contract StakeVoteDeploymentTest is Bench, Limits {
    function deploy() private returns (IFederation) {
        return new StakeVote(terms());
    }

    function test_terms_are_read_back() public view {
        assertEq(abi.encode(StakeVote(address(federation)).terms()), abi.encode(terms()));
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

contract VbflDeploymentTest is VbflBench, Limits {
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
    function test_terms_are_read_back() public view {
        assertEq(abi.encode(blade().terms()), abi.encode(bladeTerms()));
    }

    function test_fits_and_costs_little_enough() public {
        uint256 before = gasleft();
        IFederation one = deploy();
        assertDeployment(address(one), before - gasleft());
    }
}
