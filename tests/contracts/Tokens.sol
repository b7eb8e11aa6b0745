// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

abstract contract FreeToken is ERC20("Free", "FREE") {
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }
}

/// @dev Says false instead of transferring, once it is told to.
contract FalseToken is FreeToken {
    bool public lame;

    function setLame(bool lame_) external {
        lame = lame_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return !lame && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !lame && super.transferFrom(from, to, amount);
    }
}

/// @dev Keeps one unit of each transfer.
contract FeeToken is FreeToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0) && amount != 0) super._update(to, address(1), 1);
    }
}

/// @dev Adds a unit to each transfer.
contract GenerousToken is FreeToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(address(0), to, 1);
    }
}

/// @dev Takes the balance down when it is transferred to.
contract ShrinkingToken is FreeToken {
    function transferFrom(address, address to, uint256 amount) public override returns (bool) {
        _burn(to, amount);
        return true;
    }
}

/// @dev Calls back in the middle of a transfer, and notes what came of it.
contract ReentrantToken is FreeToken {
    address private target;
    bytes private data;
    bool public succeeded;
    bytes public answer;

    function callBack(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    /// @dev As a member: this token has joined, so that its calls are a member's.
    function join(IFederation federation, uint256 stake) external {
        _mint(address(this), stake);
        _approve(address(this), address(federation), type(uint256).max);
        federation.join(stake);
    }

    function act(address federation, bytes calldata data_) external {
        (bool ok, bytes memory why) = federation.call(data_);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(why, 0x20), mload(why))
            }
        }
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (target == address(0)) return;
        address called = target;
        target = address(0);
        (succeeded, answer) = called.call(data);
    }
}
