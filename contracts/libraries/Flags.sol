// SPDX-License-Identifier: Apache-2.0
// solhint-disable one-contract-per-file
pragma solidity ^0.8.24;

/// @title The roles for which a member is drawn in a round: a set.
library Roles {
    uint8 internal constant PROPOSER = 1;
    uint8 internal constant VOTER = 2;
    uint8 internal constant PUBLISHER = 4;
}

/// @title The acts that a member has done in a round: a set.
library Acts {
    uint8 internal constant PROPOSED = 1;
    uint8 internal constant COMMITTED = 2;
    uint8 internal constant REVEALED = 4;
    uint8 internal constant PUBLISHED = 8;
    uint8 internal constant PLEDGED = 16;
    uint8 internal constant SHOWN = 32;
}
