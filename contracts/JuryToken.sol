// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A plain ERC-20 with permit, for federations that don't bring their own token.
/// @notice Its supply is fixed at deployment unless a minter is named. Name one on development chains only.
contract JuryToken is ERC20, ERC20Permit {
    /// @notice The account that may mint; 0: nobody, ever.
    address public immutable minter;

    error NotMinter(address account);

    /// @param supply the tokens that `holder` gets at deployment
    constructor(uint256 supply, address holder, address minter_) ERC20("Jury", "JURY") ERC20Permit("Jury") {
        minter = minter_;
        if (supply != 0) _mint(holder, supply);
    }

    /// @notice Give `account` new tokens.
    function mint(address account, uint256 amount) external {
        if (msg.sender != minter) revert NotMinter(msg.sender);
        _mint(account, amount);
    }
}
