// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IFederation} from "../../contracts/interfaces/IFederation.sol";
import {IManagers} from "../../contracts/interfaces/IManagers.sol";
import {Handler} from "./Handler.sol";
import {World} from "./Watch.sol";

/// @dev Managers, and whoever says it is one, for a federation that has three of them or none.
abstract contract ManagedHandler is Handler {
    uint256 private constant MANAGERS = 3;

    bool private _isManaged;
    /// @dev The motions, read again from the page: number 1 is at place 0.
    IManagers.Motion[] private _motions;
    bytes[] private _calls;
    mapping(uint256 number => mapping(address manager => bool)) private _moved;
    /// @dev The round from which on an expelled account is barred.
    mapping(address account => uint256) private _barredFrom;
    /// @dev How often time went by until a motion lapsed, and how many ayes came too late.
    uint256 public lapsed;
    uint256 public tooLate;

    /// @dev Let all participants in, but for one aye.
    function _govern(bool managed) internal {
        _isManaged = managed;
        if (!managed) return;
        _selectors.push(ManagedHandler.move.selector);
        address[] memory all = new address[](PARTICIPANTS);
        for (uint256 i = 0; i < PARTICIPANTS; ++i) {
            all[i] = participant(i);
        }
        for (uint256 i = 0; i < MANAGERS; ++i) {
            _include(managerAt(i));
            if (i == 0) continue;
            vm.prank(managerAt(i));
            lists().allow(i - 1, all); // the first of them opens motion 1
        }
        _calls.push(abi.encodeCall(IManagers.allow, (0, all)));
        _motions.push(lists().motionOf(1));
    }

    function managerAt(uint256 i) public pure returns (address) {
        return address(uint160(0x3A0 + i));
    }

    function lists() private view returns (IManagers) {
        return IManagers(address(federation));
    }

    function _mayJoin(World memory, uint256 i) internal view virtual override returns (bool) {
        return !_isManaged || lists().isAllowed(participant(i));
    }

    function isBarred(World memory w, address account) public view override returns (bool) {
        uint256 coming = w.s.phase == IFederation.Phase.Open ? w.s.round + 1 : uint256(w.s.round);
        return _barredFrom[account] != 0 && _barredFrom[account] <= coming;
    }

    /// @dev Whether time may go by for so long as it takes a motion to lapse.
    function _mayLapse(World memory, uint256 which) internal view virtual returns (bool) {
        return which % 4 != 0;
    }

    /// @dev A manager moves to let somebody in or to throw somebody out.
    function move(uint256 who, uint256 what, uint256 whom) external {
        World memory w = _late(look(), managerAt(whom % MANAGERS), what >> 8);
        address[] memory list = new address[](1);
        // few are expelled: an empty federation tests nothing
        list[0] = participant(what % 4 == 0 ? whom % 2 : whom % PARTICIPANTS);
        bytes memory data =
            what % 4 == 0 ? abi.encodeCall(IManagers.expel, (0, list)) : abi.encodeCall(IManagers.allow, (0, list));
        _refused(participant(who % PARTICIPANTS), data, "a motion of who is no manager");
        _vote(w, who, data, true);
    }

    /// @dev A manager says aye to a motion that is over, or to one that its call isn't, or that isn't there. Now and
    /// then, between rounds, it lets a motion lapse first: one that lapses within a round takes the round with it.
    function _late(World memory w, address manager, uint256 which) private returns (World memory) {
        uint256 number = _waiting();
        if (number != 0 && w.s.phase == IFederation.Phase.Open && _mayLapse(w, which)) {
            _to(w, _motions[number - 1].end);
            ++lapsed;
        } else {
            number = 1 + which % _motions.length;
        }
        bytes memory other = abi.encodeCall(IManagers.expel, (number, new address[](2)));
        bool over = _motions[number - 1].end <= block.timestamp;
        if (over) ++tooLate;
        _refused(manager, over ? _aye(number) : other, "motions_have_a_number_and_an_end");
        other = abi.encodeCall(IManagers.allow, (_motions.length + 1 + which % 2, new address[](0)));
        _refused(manager, other, "motions_have_a_number_and_an_end");
        return w;
    }

    /// @dev One of the managers' ayes for `data`, and of every second motion another's at once.
    function _vote(World memory w, uint256 who, bytes memory data, bool may) internal {
        for (uint256 k = 0; k <= (who >> 8) % 2; ++k) {
            address manager = managerAt((who % MANAGERS + k) % MANAGERS);
            uint256 number = _openMotion(data);
            string memory why = may ? "no_two_open_motions_are_equal" : "a motion in a round";
            if (!may || number != 0) _refused(manager, data, why);
            if (!may) continue;
            if (number == 0) w = _call(w, manager, data);
            else if (_moved[number][manager]) _refused(manager, _aye(number), "a motion twice");
            else w = _call(w, manager, _aye(number));
        }
    }

    /// @dev All managers' ayes for `data`, until it is carried.
    function _agree(World memory w, bytes memory data) internal returns (World memory) {
        uint256 number = _openMotion(data);
        for (uint256 i = 0; i < MANAGERS && (number == 0 || !_motions[number - 1].carried); ++i) {
            if (!_moved[number][managerAt(i)]) w = _call(w, managerAt(i), number == 0 ? data : _aye(number));
            if (number == 0) number = _motions.length;
        }
        return w;
    }

    /// @dev The last motion that waits for ayes; 0: there is none.
    function _waiting() private view returns (uint256 number) {
        number = _motions.length;
        while (number != 0 && _motions[number - 1].end <= block.timestamp) --number;
    }

    /// @dev The motion that waits for ayes for `data`, a call that opens one; 0: there is none.
    function _openMotion(bytes memory data) private view returns (uint256 number) {
        for (number = _calls.length; number != 0; --number) {
            bool open = _motions[number - 1].end > block.timestamp;
            if (open && keccak256(_calls[number - 1]) == keccak256(data)) break;
        }
    }

    /// @dev The call that says aye to motion `motionNumber`.
    function _aye(uint256 motionNumber) private view returns (bytes memory data) {
        data = _calls[motionNumber - 1];
        assembly ("memory-safe") {
            mstore(add(data, 36), motionNumber)
        }
    }

    function _mechanism(World memory b, World memory, address who, bytes memory data) internal virtual override {
        bytes4 action = bytes4(data);
        if (action != IManagers.allow.selector && action != IManagers.expel.selector) return;
        bool allowing = action == IManagers.allow.selector;
        if (!_isCarried(who, data)) return;
        (, address[] memory list) = abi.decode(_arguments(data), (uint256, address[]));
        if (list.length == 0) return;
        require(lists().isAllowed(list[0]) == allowing, "managers_act_by_majority");
        require(lists().isExpelled(list[0]) != allowing, "managers_act_by_majority");
        if (allowing) _barredFrom[list[0]] = 0;
        else if (_barredFrom[list[0]] == 0) _barredFrom[list[0]] = b.s.round + 1;
    }

    /// @dev Whether this aye of `who` is the second of three different managers': a motion takes effect with it, and
    /// not before.
    function _isCarried(address who, bytes memory data) internal returns (bool carried) {
        (uint256 number, address[] memory list) = abi.decode(_arguments(data), (uint256, address[]));
        if (number == 0) {
            bytes32 content = keccak256(abi.encodeWithSelector(bytes4(data), list));
            _calls.push(data);
            _motions.push(IManagers.Motion(content, 0, uint40(block.timestamp + 7 days), false));
            number = _motions.length;
        }
        IManagers.Motion storage m = _motions[number - 1];
        _moved[number][who] = true;
        carried = ++m.ayes * 2 > MANAGERS;
        if (carried) (m.carried, m.end) = (true, uint40(block.timestamp));
        motions_have_a_number_and_an_end();
    }

    /// @dev No motion changes but by an aye that counts.
    function motions_have_a_number_and_an_end() public view {
        uint256 count = _motions.length;
        require(!_isManaged || lists().motionCount() == count, "motions_have_a_number_and_an_end");
        for (uint256 i = 0; i < count; ++i) {
            bool same = keccak256(abi.encode(lists().motionOf(i + 1))) == keccak256(abi.encode(_motions[i]));
            require(same, "motions_have_a_number_and_an_end");
        }
    }
}
