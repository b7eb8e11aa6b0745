// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IDuty} from "../../contracts/interfaces/IDuty.sol";
import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {DecoyHandler} from "./DecoyHandler.sol";
import {World} from "./Watch.sol";

/// @dev Members who are reported when they stay away, for federations in which a drawn seat is a duty. It works out itself
/// what each has missed.
abstract contract DutyHandler is DecoyHandler {
    uint256 private _most;
    uint256 private _drawnProposers;
    /// @dev What an account missed since it last acted: rounds in a row, and the last of them.
    mapping(address account => uint256) private _missedRounds;
    mapping(address account => uint256) private _lastMissed;
    uint256 private _lastPutOut;

    uint256 public reported;
    uint256 public putOut;

    /// @dev So many missed rounds put a member out; of each round's draw the first so many propose.
    function _oblige(uint256 most, uint256 drawnProposers) internal {
        (_most, _drawnProposers) = (most, drawnProposers);
        _selectors.push(DutyHandler.report.selector);
    }

    // ------------------------------------------------------------------ actions

    /// @dev Everybody is reported, and an outsider, whether absent or not; refused while some may still come. Then the
    /// round ends, and everybody is put out who may be.
    function report(uint256 round) external {
        World memory w = look();
        bytes memory data = abi.encodeCall(IDuty.report, (w.s.round, _everybody()));
        if (_canReport(w)) {
            w = _call(w, outsider(), data);
            if (w.s.phase != IFederation.Phase.Settle) _to(w, w.s.publishEnd);
            w = _call(w, outsider(), abi.encodeCall(IFederation.settle, ()));
        } else {
            _refused(outsider(), data, "a report too early");
        }
        if (w.s.phase == IFederation.Phase.Open) {
            w = _call(w, outsider(), abi.encodeCall(IFederation.evict, (_everybody())));
        }
        if (round != w.s.round) {
            _refused(outsider(), abi.encodeCall(IDuty.report, (round, _everybody())), "another round's");
        }
    }

    /// @dev Half of the time, and twice.
    function _revealMore(World memory w, uint256 which) internal virtual override returns (World memory) {
        w = super._revealMore(w, which);
        if (which % 2 == 0 || !_canReport(w)) return w;
        bytes memory data = abi.encodeCall(IDuty.report, (w.s.round, _everybody()));
        return _call(_call(w, outsider(), data), outsider(), data);
    }

    function _everybody() private view returns (address[] memory list) {
        list = new address[](PARTICIPANTS + 1);
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            list[i] = participant(i);
        }
        list[PARTICIPANTS] = outsider();
    }

    function _countInside(World memory w) private pure returns (uint256 count) {
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            if (w.members[i].record.index != 0 && w.members[i].waitsFor == 0) ++count;
        }
    }

    function _canReport(World memory w) private pure returns (bool) {
        return w.s.phase >= IFederation.Phase.Reveal && uint256(w.s.record.reveals) * 2 > w.s.voters;
    }

    // ------------------------------------------------------------------ laws

    function _mechanism(World memory b, World memory a, address who, bytes memory data) internal virtual override {
        super._mechanism(b, a, who, data);
        bytes4 action = bytes4(data);
        if (action == IDuty.report.selector) require(_canReport(b), "reports_are_for_the_round_that_can_tell");
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            address account = participant(i);
            if (a.members[i].record.round != b.members[i].record.round) {
                delete _missedRounds[account];
                delete _lastMissed[account];
            }
            if (action == IDuty.report.selector) _noteMissed(b, i);
            if (action == IFederation.evict.selector) who_stays_away_is_put_out_with_all_it_has(b, a, i);
            require(a.members[i].missed == _missedRounds[account], "only_what_is_reported_is_missed");
            require(a.members[i].missedRound == _lastMissed[account], "only_what_is_reported_is_missed");
        }
    }

    /// @dev Who was drawn for a seat, out or not, and has done nothing.
    function _noteMissed(World memory b, uint256 i) private {
        IFederation.MemberView memory m = b.members[i];
        bool inside = m.record.index != 0 && m.record.index <= b.s.record.members;
        bool seated = inside && m.position < _drawnProposers + b.s.voters;
        if (!seated || m.record.round == b.s.round || _lastMissed[m.account] == b.s.round) return;
        _lastMissed[m.account] = b.s.round;
        ++_missedRounds[m.account];
        ++reported;
    }

    /// @dev Of those who were never in the wrong, only they leave by another's hand, one a round. As long as no more are in than
    /// the federation needs, nobody does.
    function who_stays_away_is_put_out_with_all_it_has(World memory b, World memory a, uint256 i) private {
        (IFederation.MemberView memory x, IFederation.MemberView memory y) = (b.members[i], a.members[i]);
        bool struck = x.record.index != 0 && y.record.index == 0;
        if (!struck || y.record.standing == IFederation.Standing.Banned) return;
        require(_most != 0 && x.missed >= _most, "who_stays_away_is_put_out_with_all_it_has");
        require(y.record.standing == IFederation.Standing.Leaving, "who_stays_away_is_put_out_with_all_it_has");
        require(_countInside(b) > _fewest(), "who_stays_away_is_put_out_with_all_it_has");
        require(_lastPutOut != b.s.round, "who_stays_away_is_put_out_with_all_it_has");
        _lastPutOut = b.s.round;
        require(y.balance == x.balance, "who_stays_away_is_put_out_with_all_it_has");
        delete _missedRounds[x.account];
        delete _lastMissed[x.account];
        ++putOut;
    }
}
