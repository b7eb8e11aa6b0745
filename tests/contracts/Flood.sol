// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";

/// @dev An account that joins, and does what its maker says.
contract Puppet {
    address private immutable _maker = msg.sender;

    constructor(IFederation federation, JuryToken token, uint256 stake) {
        token.approve(address(federation), stake);
        federation.join(stake);
    }

    function act(address to, bytes calldata data) external returns (bool ok) {
        require(msg.sender == _maker);
        (ok,) = to.call(data);
    }
}

/// @dev Joins with many accounts and opens a round, in one transaction.
contract Flood {
    Puppet[] public puppets;

    function pour(IFederation federation, JuryToken token, uint256 stake, uint256 count) external {
        for (uint256 i = 0; i < count; ++i) {
            // the puppet's address is known before it is there, and so it can pay its stake
            bytes memory code = abi.encodePacked(type(Puppet).creationCode, abi.encode(federation, token, stake));
            bytes32 salt = bytes32(i);
            address place = address(
                uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, keccak256(code)))))
            );
            token.transfer(place, stake);
            puppets.push(new Puppet{salt: salt}(federation, token, stake));
        }
        federation.open();
    }

    function act(uint256 i, address to, bytes calldata data) external returns (bool) {
        return puppets[i].act(to, data);
    }
}
