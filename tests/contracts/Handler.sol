// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {JuryToken} from "../../contracts/JuryToken.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

/// @dev Members, outsiders and time: each function does something legal, if there is something, and notes what no later
/// state may contradict. `meddle` does anything at all, legal or not, and lets it fail.
contract Handler is CommonBase, StdUtils {
    uint256 public constant ACCOUNTS = 8;

    IFederation public immutable federation;
    JuryToken public immutable token;

    /// @dev How far the sequences get.
    uint256[4] public outcomes;

    /// @dev What was seen before, for the invariants to compare with.
    mapping(uint256 round => bytes32) public settledRecord;
    mapping(address account => bool) public banned;
    mapping(address account => uint256) public stakeWhenBanned;
    mapping(uint256 round => mapping(address account => uint256)) public proposals;
    mapping(uint256 round => mapping(address account => uint256)) public commits;
    mapping(uint256 round => mapping(address account => uint256)) public reveals;
    mapping(address account => bytes32) private ballots;
    bytes32 public expectedHead;
    uint256 public donated;
    uint256 public collectedTwice;
    uint256 public bannedActed;
    uint256 public phaseWentBack;
    uint256 public actedTwice;

    uint256 private seenRound;
    uint256 private seenPhase;

    constructor(IFederation federation_, JuryToken token_) {
        federation = federation_;
        token = token_;
        expectedHead = federation_.head();
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            vm.prank(accountAt(i));
            token_.approve(address(federation_), type(uint256).max);
        }
    }

    function accountAt(uint256 i) public pure returns (address) {
        return address(uint160(0xACC000 + i % ACCOUNTS));
    }

    // ------------------------------------------------------------------ membership

    function join(uint256 who, uint256 stake) external watched {
        address account = accountAt(who);
        uint256 held = token.balanceOf(account);
        uint256 bond = federation.bond();
        if (!isPhase(IFederation.Phase.Open) || held < bond || standing(account) != IFederation.Standing.Stranger) {
            return;
        }
        vm.prank(account);
        federation.join(bound(stake, bond, held < 3 * bond ? held : 3 * bond));
    }

    function deposit(uint256 who, uint256 amount) external watched {
        address account = accountAt(who);
        uint256 held = token.balanceOf(account);
        if (!isPhase(IFederation.Phase.Open) || held == 0 || !canAct(account)) return;
        vm.prank(account);
        federation.deposit(bound(amount, 1, held));
    }

    function exit(uint256 who) external watched {
        address account = accountAt(who);
        // most stay: an empty federation tests nothing
        if (who % 5 != 0 || !isPhase(IFederation.Phase.Open) || !canAct(account)) return;
        vm.prank(account);
        federation.exit();
    }

    function withdraw(uint256 who) external watched {
        address account = accountAt(who);
        IFederation.Member memory m = federation.seatOf(account).member;
        if (m.index != 0 || m.stake == 0) return;
        if (block.timestamp < m.unbondsAt) vm.warp(m.unbondsAt);
        uint256 before = token.balanceOf(account);
        vm.prank(account);
        federation.withdraw();
        if (banned[account] && token.balanceOf(account) - before > stakeWhenBanned[account]) ++bannedActed;
    }

    function claim(uint256 who) external watched {
        address account = accountAt(who);
        if (!canAct(account) || inPlay(account) || federation.seatOf(account).balance <= federation.bond()) return;
        vm.prank(account);
        federation.claim();
    }

    function collect(uint256 who) external watched {
        address account = accountAt(who);
        if (standing(account) == IFederation.Standing.Stranger || inPlay(account)) return;
        federation.collect(account);
        uint256 stake = federation.seatOf(account).member.stake;
        federation.collect(account);
        if (federation.seatOf(account).member.stake != stake) ++collectedTwice;
    }

    function evict(uint256 who) external watched {
        if (!isPhase(IFederation.Phase.Open)) return;
        address[] memory list = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            list[i] = accountAt(who % ACCOUNTS + i);
        }
        federation.evict(list);
    }

    // ------------------------------------------------------------------ a round

    /// @dev Everybody who can joins, so that rounds are played.
    function gather() external watched {
        _gather();
    }

    /// @dev A step of the round in progress, as far as some of the members bring it.
    function advance(uint256 which, uint256 choice) external watched {
        _step(which, choice);
    }

    /// @dev More such steps, which may well settle the round.
    function advanceFar(uint256 which, uint256 choice) external watched {
        for (uint256 i = 0; i < 6; ++i) {
            _step(uint256(keccak256(abi.encode(which, i))), choice);
        }
    }

    /// @dev The same with the voters mostly of one mind.
    function advanceAgreeing(uint256 which, uint256 choice) external watched {
        for (uint256 i = 0; i < 6; ++i) {
            // every two bits of the choice are set in most places: the option that most take
            _step(uint256(keccak256(abi.encode(which, i))), choice | ~(uint256(3) << (choice % 16)));
        }
    }

    function _step(uint256 which, uint256 choice) private {
        IFederation.Phase phase = federation.phase();
        if (phase == IFederation.Phase.Open) {
            if (federation.memberCount() < 5) _gather();
            _open();
        } else if (phase == IFederation.Phase.Draw) {
            _draw(which % 1000 + 1);
        } else if (phase == IFederation.Phase.Settle) {
            _settle();
        } else {
            _propose(which);
            _commit(which, choice);
            _reveal(which);
            if (federation.phase() == phase) _pass(100);
        }
    }

    function _gather() private {
        uint256 bond = federation.bond();
        if (!isPhase(IFederation.Phase.Open)) return;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accountAt(i);
            if (standing(account) != IFederation.Standing.Stranger || token.balanceOf(account) < bond) continue;
            vm.prank(account);
            federation.join(bond);
        }
    }

    function _open() private {
        if (!isPhase(IFederation.Phase.Open) || federation.memberCount() < 5) return;
        uint256 rest = federation.status().restUntil;
        if (block.timestamp < rest) vm.warp(rest);
        federation.open();
    }

    function _draw(uint256 blocks) private {
        if (!isPhase(IFederation.Phase.Draw)) return;
        // one draw in a while is missed
        vm.roll(block.number + 1 + (bound(blocks, 1, 1000) > 900 ? 256 : 0));
        if (isPhase(IFederation.Phase.Draw)) federation.draw();
    }

    function _propose(uint256 which) private {
        if (!isPhase(IFederation.Phase.Propose)) return;
        uint256 round = federation.status().round;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accountAt(i);
            if ((which >> i) % 4 == 0 || !drawnTo(account, IFederation.Role.Proposer, round)) continue;
            vm.prank(account);
            federation.propose(round, keccak256(abi.encode(account, round)), 1 + i);
            if (++proposals[round][account] > 1) ++actedTwice;
            if (banned[account]) ++bannedActed;
        }
    }

    function _commit(uint256 which, uint256 choice) private {
        if (!isPhase(IFederation.Phase.Commit)) return;
        uint256 round = federation.status().round;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accountAt(i);
            if ((which >> i) % 4 == 0 || !drawnTo(account, IFederation.Role.Voter, round)) continue;
            // half of them say the same, the rest reject or say something else
            uint256 option = (choice >> (2 * i)) % 4;
            ballots[account] = option == 0 ? bytes32(0) : keccak256(abi.encode(option == 1 ? 1 : 2, round));
            bytes32 hidden = federation.commitmentOf(round, account, ballots[account], saltOf(account, round));
            vm.prank(account);
            federation.commit(round, hidden);
            if (++commits[round][account] > 1) ++actedTwice;
            if (banned[account]) ++bannedActed;
        }
    }

    function _reveal(uint256 which) private {
        if (!isPhase(IFederation.Phase.Reveal)) return;
        uint256 round = federation.status().round;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accountAt(i);
            if ((which >> i) % 8 == 0) continue;
            IFederation.Member memory m = federation.seatOf(account).member;
            if (m.round != round || m.act != IFederation.Act.Committed) continue;
            vm.prank(account);
            federation.reveal(round, ballots[account], saltOf(account, round));
            if (++reveals[round][account] > 1) ++actedTwice;
        }
    }

    function _settle() private {
        if (!isPhase(IFederation.Phase.Settle)) return;
        federation.settle();
        uint256 round = federation.status().round;
        IFederation.Round memory r = federation.roundOf(round);
        settledRecord[round] = keccak256(abi.encode(r));
        ++outcomes[uint256(r.outcome)];
        if (r.outcome == IFederation.Outcome.Accepted) expectedHead = federation.head();
    }

    // ------------------------------------------------------------------ time, outsiders, anything

    function pass(uint256 time) external watched {
        _pass(bound(time, 1, 120));
    }

    function _pass(uint256 time) private {
        vm.warp(block.timestamp + time);
        vm.roll(block.number + 1);
    }

    function donate(uint256 amount) external watched {
        uint256 held = token.balanceOf(address(this));
        if (held == 0) return;
        amount = bound(amount, 1, held);
        donated += amount;
        token.transfer(address(federation), amount);
    }

    /// @dev Any call by anybody; it may fail, and what it changes must not break anything.
    function meddle(uint256 who, uint256 what, uint256 x, bytes32 y, bytes32 z) external watched {
        address account = accountAt(who);
        address[] memory list = new address[](1);
        list[0] = account;
        uint256 round = federation.status().round;
        bytes[13] memory calls = [
            abi.encodeCall(IFederation.join, (x)),
            abi.encodeCall(IFederation.deposit, (x)),
            abi.encodeCall(IFederation.exit, ()),
            abi.encodeCall(IFederation.withdraw, ()),
            abi.encodeCall(IFederation.claim, ()),
            abi.encodeCall(IFederation.collect, (account)),
            abi.encodeCall(IFederation.evict, (list)),
            abi.encodeCall(IFederation.open, ()),
            abi.encodeCall(IFederation.draw, ()),
            abi.encodeCall(IFederation.propose, (round, y, x)),
            abi.encodeCall(IFederation.propose, (round, y, 1)),
            abi.encodeCall(IFederation.commit, (x, y)),
            abi.encodeCall(IFederation.reveal, (round, y, z))
        ];
        what %= 13;
        bool wasBanned = banned[account];
        vm.prank(account);
        (bool ok,) = address(federation).call(calls[what]);
        if (!ok) return;
        if (what >= 9) {
            if (wasBanned) ++bannedActed;
            if (what != 12 && ++proposals[round][account] > 1) ++actedTwice;
        }
        if (wasBanned && (what == 0 || what == 1 || what == 4)) ++bannedActed;
    }

    // ------------------------------------------------------------------ watching

    /// @dev After each step, what can be seen once must be so for good.
    modifier watched() {
        _;
        IFederation.Status memory s = federation.status();
        if (s.round == seenRound && s.phase != IFederation.Phase.Open && uint256(s.phase) < seenPhase) ++phaseWentBack;
        if (s.round < seenRound) ++phaseWentBack;
        (seenRound, seenPhase) = (s.round, uint256(s.phase));
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accountAt(i);
            IFederation.Member memory m = federation.seatOf(account).member;
            if (m.standing == IFederation.Standing.Banned) {
                if (!banned[account]) stakeWhenBanned[account] = m.stake;
                banned[account] = true;
                if (m.stake > stakeWhenBanned[account]) ++bannedActed;
            } else if (banned[account]) {
                ++bannedActed;
            }
        }
    }

    function saltOf(address account, uint256 round) private pure returns (bytes32) {
        return keccak256(abi.encode(account, round));
    }

    function isPhase(IFederation.Phase phase) private view returns (bool) {
        return federation.phase() == phase;
    }

    function standing(address account) private view returns (IFederation.Standing) {
        return federation.seatOf(account).member.standing;
    }

    /// @dev A member whom no booking would ban.
    function canAct(address account) private view returns (bool) {
        IFederation.Seat memory seat = federation.seatOf(account);
        return seat.member.standing == IFederation.Standing.Member && seat.balance >= federation.bond();
    }

    function inPlay(address account) private view returns (bool) {
        IFederation.Member memory m = federation.seatOf(account).member;
        return m.act != IFederation.Act.None && federation.roundOf(m.round).outcome == IFederation.Outcome.None;
    }

    function drawnTo(address account, IFederation.Role role, uint256 round) private view returns (bool) {
        IFederation.Seat memory seat = federation.seatOf(account);
        if (seat.role != role || seat.member.standing != IFederation.Standing.Member) return false;
        bool acted = seat.member.act != IFederation.Act.None && seat.member.round == round;
        return !acted && seat.balance >= federation.bond();
    }
}
