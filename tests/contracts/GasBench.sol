// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Bench} from "./Bench.sol";
import {Deployed} from "./Deployed.sol";

/// @dev What actions of deployed code cost as transactions of their own: run by contracts that are run with `isolate`. `gas.json` keeps
/// the figures, and a drift of more than 2 % fails; `FEDJURY_GAS_UPDATE=1 forge test --threads 1` writes them anew.
abstract contract GasBench is Bench, Deployed {
    string private constant FILE = "tests/contracts/gas.json";
    uint256 private constant DRIFT_PERCENT = 2;

    string[] private names;
    uint256[] private figures;
    uint256 internal total;
    /// @dev The cheapest call of each action in a round: one to which no first write of a slot falls. And the dearest.
    mapping(bytes4 selector => uint256) internal least;
    mapping(bytes4 selector => uint256) internal most;
    bytes4[] private seen;

    function note(string memory name, uint256 used) internal {
        names.push(name);
        figures.push(used);
    }

    /// @dev Hold what was noted against what is kept under these names, each with `prefix` and `suffix`.
    function compare(string memory prefix, string memory suffix) internal {
        bool update = vm.envOr("FEDJURY_GAS_UPDATE", uint256(0)) != 0;
        string memory kept = vm.readFile(FILE);
        for (uint256 i = 0; i < names.length; ++i) {
            string memory name = string.concat(prefix, names[i], suffix);
            string memory key = string.concat(".", name);
            if (update) {
                vm.writeJson(vm.toString(figures[i]), FILE, key);
                continue;
            }
            uint256 old = vm.parseJsonUint(kept, key);
            uint256 drift = figures[i] > old ? figures[i] - old : old - figures[i];
            assertLe(drift * 100, old * DRIFT_PERCENT, string.concat("gas of ", name));
        }
        delete names;
        delete figures;
    }

    /// @dev Gas used by the transaction of `who` with `data`, refunds taken off.
    function act(address who, bytes memory data) internal returns (uint256 used) {
        vm.prank(who);
        (bool ok,) = address(federation).call(data);
        used = vm.lastCallGas().gasTotalUsed;
        assertTrue(ok, "refused");
        total += used;
        bytes4 selector = bytes4(data);
        if (most[selector] == 0) seen.push(selector);
        if (least[selector] == 0 || used < least[selector]) least[selector] = used;
        if (used > most[selector]) most[selector] = used;
    }

    function forget() internal {
        for (uint256 i = 0; i < seen.length; ++i) {
            delete least[seen[i]];
            delete most[seen[i]];
        }
        delete seen;
        total = 0;
    }
}
