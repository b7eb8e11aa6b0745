// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// @title The terms, as they were given to the constructor.
/// @notice They are the code of a contract that holds nothing else, the terms' book: a leaf that put them together
/// again from the policies' terms would need a kilobyte of its own code for it, and could get one wrong. The book's
/// address follows from the leaf's, so a deployer with a constructor of its own can't change later what it shows,
/// either.
abstract contract TermsBook {
    /// @notice The terms have `given` bytes, and a contract has room for `limit`.
    error TermsTooLong(uint256 given, uint256 limit);

    /// @dev A contract's code has at most 24,576 bytes (EIP-170).
    uint256 private constant MOST_BYTES = 24_575;

    /// @dev Called once, by the leaf's constructor, whose stack has no room for one more argument of a base. `encoded`:
    /// the terms as `abi.encode` gives them.
    function _keepTerms(bytes memory encoded) internal {
        // a first byte that stops whoever calls the book, so that it can never do anything, nor vanish
        bytes memory code = abi.encodePacked(bytes1(0), encoded);
        // returns what follows it: PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
        bytes memory creation = abi.encodePacked(bytes1(0x61), uint16(code.length), bytes7(0x80600a3d393df3), code);
        address kept;
        if (encoded.length <= MOST_BYTES) {
            assembly ("memory-safe") {
                kept := create(0, add(creation, 0x20), mload(creation))
            }
        }
        if (kept == address(0)) revert TermsTooLong(encoded.length, MOST_BYTES);
    }

    /// @dev End the call, and return the terms: what `abi.encode` gives for one value is what a call returns.
    function _returnTerms() internal view {
        address kept = _termsBook();
        assembly ("memory-safe") {
            let size := sub(extcodesize(kept), 1)
            let free := mload(0x40)
            extcodecopy(kept, free, 1, size)
            return(free, size)
        }
    }

    /// @dev The first contract that this one creates.
    function _termsBook() private view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes2(0xd694), address(this), bytes1(0x01))))));
    }
}
