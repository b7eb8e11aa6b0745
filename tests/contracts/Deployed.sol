// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Test} from "forge-std/Test.sol";

/// @dev The contracts as a deployment sends them: `python -m deploy.compiler` leaves their code in the file below. What
/// a test makes with `new` is the same source, compiled as `foundry.toml` says, to other code.
abstract contract Deployed is Test {
    string private constant FILE = "build/contracts.json";

    mapping(string name => bytes) private creations;

    function creationOf(string memory name) internal returns (bytes memory) {
        if (creations[name].length == 0) creations[name] = this.read(name);
        return creations[name];
    }

    /// @dev Deploy the contract `name` with ABI-encoded `terms`.
    function create(string memory name, bytes memory terms) internal returns (address made) {
        bytes memory code = abi.encodePacked(creationOf(name), terms);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
        require(made != address(0), "not deployed");
    }

    /// @dev A call of its own, which takes the file out of memory when it ends: all memory that is taken later would cost
    /// more.
    function read(string memory name) external view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile(FILE), string.concat(".contracts.", name, ".bytecode"));
    }
}
