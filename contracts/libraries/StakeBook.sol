// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../interfaces/IFederation.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title The registry (a list without gaps) and the ledger (a record per account).
library StakeBook {
    using SafeCast for int256;
    using SafeCast for uint256;
    using StakeBook for Book;

    /// @dev The largest stake that a record has room for.
    uint256 internal constant MAX_STAKE = type(uint96).max;
    /// @dev Counts of members, and of acts that each does once a round, have 16 bits.
    uint256 internal constant MAX_MEMBERS = type(uint16).max;

    struct Book {
        address[] registry;
        mapping(address account => IFederation.Member) records;
    }

    function load(Book storage book, address account) internal view returns (IFederation.Member memory) {
        return book.records[account];
    }

    function save(Book storage book, address account, IFederation.Member memory m) internal {
        book.records[account] = m;
    }

    /// @notice Put `account` at the end of the registry. The caller writes the record `m`.
    function register(Book storage book, address account, IFederation.Member memory m) internal {
        book.registry.push(account);
        m.index = book.registry.length.toUint16();
    }

    /// @notice Move the member at index `from` to index `to`, where nobody stands any more.
    function move(Book storage book, uint256 from, uint256 to) internal {
        if (from == to) return;
        address moved = book.registry[from - 1];
        book.registry[to - 1] = moved;
        book.records[moved].index = uint16(to);
    }

    /// @notice Take the account of record `m` out; the last member fills the gap. The caller writes `m`.
    function remove(Book storage book, IFederation.Member memory m) internal {
        book.move(book.registry.length, m.index);
        book.registry.pop();
        m.index = 0;
    }

    /// @notice `stake` plus `due`, which may be negative, limited to what a record can hold.
    function withDue(uint256 stake, int256 due) internal pure returns (uint256 sum) {
        sum = (int256(stake) + due).toUint256();
        if (sum > MAX_STAKE) sum = MAX_STAKE;
    }
}
