// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {Deployed} from "../contracts/Deployed.sol";

/// @dev What a deployment and a round may take at most. Exact figures of actions are kept in `gas.json`.
abstract contract Limits is Deployed {
    /// @dev The largest code that a chain admits (EIP-170), in bytes.
    uint256 internal constant MOST_CODE = 24_576;
    /// @dev 200 for each byte of 24,576 is 4.9 million; the rest is for the constructor and the transport of its code.
    uint256 internal constant MOST_DEPLOYMENT_GAS = 7_500_000;
    uint256 internal constant MOST_ROUND_GAS = 3_000_000;

    function assertDeployment(address federation, uint256 used) internal {
        emit log_named_uint("bytes of code", federation.code.length);
        emit log_named_uint("gas of deployment", used);
        assertLt(federation.code.length, MOST_CODE, "bytes of code");
        assertGt(used, 200 * federation.code.length, "gas of deployment");
        assertLt(used, MOST_DEPLOYMENT_GAS, "gas of deployment");
    }
}
