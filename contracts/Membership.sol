// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {RoundBook} from "./RoundBook.sol";
import {IFederation} from "./interfaces/IFederation.sol";
import {Draw} from "./libraries/Draw.sol";
import {StakeBook} from "./libraries/StakeBook.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Who is a member, and with what stake: the registry, the stakes, the pool, and the booking of dues.
/// @dev Every action checks, computes, writes, emits and only then transfers. `Federation` explains settling and
/// booking. A member whose `acts` aren't 0 acted in its `round`, and isn't booked for it. While that round is
/// unsettled, nothing is due, and the member's money is locked (`RoundInPlay`).
abstract contract Membership is RoundBook, ReentrancyGuard {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using StakeBook for StakeBook.Book;

    /// @inheritdoc IFederation
    IERC20 public immutable token;
    /// @inheritdoc IFederation
    uint256 public immutable bond;

    StakeBook.Book internal _book;

    /// @dev Its terms are checked by `Federation`, in the order of the core's terms.
    constructor(address token_, uint256 bond_) {
        token = IERC20(token_);
        bond = bond_;
    }

    // ------------------------------------------------------------------ actions

    /// @inheritdoc IFederation
    function join(uint256 stake) external nonReentrant {
        _requirePhase(Phase.Open);
        Member memory m = _requireNewcomer();
        uint256 fee = _admission(msg.sender);
        if (stake < bond) revert StakeTooLow(stake, bond);
        _requireAtMost(stake, StakeBook.MAX_STAKE);

        _register(m, stake);
        if (fee != 0) _addToPool(fee);
        _pull(stake + fee);
    }

    /// @inheritdoc IFederation
    function fund(uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        _requireAtMost(amount, StakeBook.MAX_STAKE);

        _addToPool(amount);
        _pull(amount);
    }

    /// @inheritdoc IFederation
    function deposit(uint256 amount) external nonReentrant {
        _requirePhase(Phase.Open);
        Member memory m = _requireMember();
        if (amount == 0) revert ZeroAmount();
        _bookMember(m);
        _requireAtMost(amount, StakeBook.MAX_STAKE - m.stake);

        m.stake += uint96(amount);
        _book.save(msg.sender, m);
        emit Deposited(msg.sender, amount, m.stake);
        _pull(amount);
    }

    /// @inheritdoc IFederation
    function exit() external {
        _requirePhase(Phase.Open);
        Member memory m = _requireStanding();
        _checkExit();
        _bookMember(m);

        _release(msg.sender, m, block.timestamp + _unbondingSeconds);
    }

    /// @inheritdoc IFederation
    function withdraw() external nonReentrant {
        Member memory m = _book.load(msg.sender);
        if (m.index != 0 || m.stake == 0) revert NothingToWithdraw(msg.sender);
        _requireTime(m.unbondsAt);

        uint256 amount = m.stake;
        m.stake = 0;
        if (m.standing == Standing.Leaving) m.standing = Standing.Stranger;
        _book.save(msg.sender, m);
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IFederation
    function claim() external nonReentrant {
        Member memory m = _requireStanding();
        _requireNotInPlay(msg.sender, m);
        _bookMember(m);
        if (m.stake <= bond) revert NothingToClaim(msg.sender);

        uint256 amount = m.stake - bond;
        m.stake = uint96(bond);
        _book.save(msg.sender, m);
        emit Claimed(msg.sender, amount, bond);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IFederation
    function collect(address account) external {
        Member memory m = _book.load(account);
        if (m.standing == Standing.Stranger) revert NotMember(account, m.standing);
        _requireNotInPlay(account, m);
        _bookDue(account, m);
        _book.save(account, m);
    }

    /// @inheritdoc IFederation
    function evict(address[] calldata accounts) external {
        _requirePhase(Phase.Open);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            Member memory m = _book.load(account);
            if (m.index == 0) continue;
            _bookDue(account, m);
            if (m.standing != Standing.Banned && _barred(account)) _ban(account, m);
            bool banned = m.standing == Standing.Banned;
            if (banned || _isAbsent(account, m)) {
                if (!banned) {
                    m.standing = Standing.Leaving;
                    _putOut(account);
                }
                _unregister(m, block.timestamp + _unbondingSeconds);
                emit Evicted(account, m.stake, m.unbondsAt);
            }
            _book.save(account, m);
        }
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFederation
    function memberCount() public view returns (uint256) {
        return _book.registry.length;
    }

    // ------------------------------------------------------------------ checks

    /// @dev The caller's record, if it may join.
    function _requireNewcomer() internal view returns (Member memory m) {
        m = _book.load(msg.sender);
        _requireNotBanned(m.standing == Standing.Banned);
        if (m.standing != Standing.Stranger) revert AlreadyMember(msg.sender, m.standing);
    }

    /// @dev The caller's record, if it is a member.
    function _requireMember() internal view returns (Member memory m) {
        m = _book.load(msg.sender);
        _requireNotBanned(m.standing == Standing.Banned || _barred(msg.sender));
        _requireStanding(m);
    }

    function _requireNotDone(Member memory m, uint256 round, uint8 act) internal view {
        if (m.round == round && m.acts & act != 0) revert AlreadyActed(msg.sender, round, m.acts);
    }

    /// @dev The caller's record, if it is a member, barred or not.
    function _requireStanding() private view returns (Member memory m) {
        m = _book.load(msg.sender);
        _requireStanding(m);
    }

    function _requireStanding(Member memory m) private view {
        if (m.standing != Standing.Member) revert NotMember(msg.sender, m.standing);
    }

    function _requireNotBanned(bool banned) private view {
        if (banned) revert AccountBanned(msg.sender);
    }

    function _requireNotInPlay(address account, Member memory m) private view {
        if (m.acts != 0 && _rounds[m.round].outcome == Outcome.None) revert RoundInPlay(account, m.round);
    }

    /// @dev The position and the roles of `account`, of record `m`, in a drawn round of record `r`; nothing if
    /// it waits or is none.
    function _partOf(Round memory r, address account, Member memory m)
        internal
        view
        returns (uint16 position, uint8 roles)
    {
        if (m.index == 0 || m.index > r.members) return (0, 0);
        position = uint16(Draw.position(_seed, m.index - 1, r.members));
        roles = _rolesAt(r, account, position);
    }

    // ------------------------------------------------------------------ booking

    /// @dev Add what is due to `account` to its record `m`. Returns whether a round was booked, and whether it bans.
    function _addDue(address account, Member memory m) internal view returns (bool settled, bool banned) {
        if (m.acts == 0) return (false, false);
        Round memory r = roundOf(m.round);
        if (r.outcome == Outcome.None) return (false, false);
        m.stake = uint96(StakeBook.withDue(m.stake, _due(account, m, r)));
        banned = _guard(m, r);
        m.acts = 0;
        return (true, banned);
    }

    /// @dev Book what is due to `account`, and tell. The caller writes the record `m`.
    function _bookDue(address account, Member memory m) internal {
        uint256 before = m.stake;
        (bool settled, bool banned) = _addDue(account, m);
        if (!settled) return;
        emit Collected(account, m.round, int256(uint256(m.stake)) - int256(before), m.stake);
        if (banned) _ban(account, m);
    }

    /// @dev Book what is due to the caller, and revert if that bans it.
    function _bookMember(Member memory m) internal {
        _bookDue(msg.sender, m);
        _requireNotBanned(m.standing == Standing.Banned);
    }

    /// @dev The caller writes `m`.
    function _ban(address account, Member memory m) private {
        m.standing = Standing.Banned;
        emit Banned(account, m.round, m.stake);
    }

    // ------------------------------------------------------------------ for actions

    /// @dev Make the caller, whose record is `m`, a member with `stake`. The calling function pulls the tokens.
    function _register(Member memory m, uint256 stake) internal {
        if (memberCount() >= StakeBook.MAX_MEMBERS) revert RegistryFull(StakeBook.MAX_MEMBERS);
        m.stake = uint96(stake);
        m.standing = Standing.Member;
        _book.register(msg.sender, m);
        _giveWay(m);
        _book.save(msg.sender, m);
        emit Joined(msg.sender, stake);
    }

    /// @dev Let the member `account`, whose booked record is `m`, leave. Its stake unbonds until `unbondsAt`.
    function _release(address account, Member memory m, uint256 unbondsAt) internal {
        _unregister(m, unbondsAt);
        m.standing = Standing.Leaving;
        _book.save(account, m);
        emit Left(account, m.stake, unbondsAt);
    }

    /// @dev Take record `m` out of the registry and start its unbonding. The caller writes `m`.
    function _unregister(Member memory m, uint256 unbondsAt) private {
        _closeUp(m);
        _book.remove(m);
        m.unbondsAt = uint40(unbondsAt);
    }

    /// @dev The calling function pulls the tokens.
    function _addToPool(uint256 amount) internal {
        uint256 pool_ = _current.pool + amount;
        _current.pool = pool_.toUint128();
        emit Funded(msg.sender, amount, pool_);
    }

    /// @dev Transfer `amount` in from the caller, all of it.
    function _pull(uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 current = token.balanceOf(address(this));
        uint256 received = current > before ? current - before : 0;
        if (received != amount) revert TransferMismatch(amount, received);
    }
}
