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
    /// @dev The ayes for each motion, counted again.
    mapping(bytes32 motion => mapping(address manager => bool)) internal _moved;
    mapping(bytes32 motion => uint256) private _ayes;
    /// @dev The round from which on an expelled account is barred.
    mapping(address account => uint256) private _barredFrom;

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
            lists().allow(all);
        }
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

    /// @dev A manager moves to let somebody in or to throw somebody out.
    function move(uint256 who, uint256 what, uint256 whom) external {
        World memory w = look();
        address[] memory list = new address[](1);
        // few are expelled: an empty federation tests nothing
        list[0] = participant(what % 4 == 0 ? whom % 2 : whom % PARTICIPANTS);
        bytes memory data =
            what % 4 == 0 ? abi.encodeCall(IManagers.expel, (list)) : abi.encodeCall(IManagers.allow, (list));
        _refused(participant(who % PARTICIPANTS), data, "a motion of who is no manager");
        _vote(w, who, data, true);
    }

    /// @dev One of the managers' ayes for `data`, and of every second motion another's at once.
    function _vote(World memory w, uint256 who, bytes memory data, bool may) internal {
        for (uint256 k = 0; k <= (who >> 8) % 2; ++k) {
            address manager = managerAt((who % MANAGERS + k) % MANAGERS);
            if (!may || _moved[keccak256(data)][manager]) _refused(manager, data, "a motion twice, or in a round");
            else w = _call(w, manager, data);
        }
    }

    function _mechanism(World memory b, World memory, address who, bytes memory data) internal virtual override {
        bytes4 action = bytes4(data);
        if (action != IManagers.allow.selector && action != IManagers.expel.selector) return;
        bool allowing = action == IManagers.allow.selector;
        if (!_isCarried(who, data)) return;
        address[] memory list = abi.decode(_arguments(data), (address[]));
        require(lists().isAllowed(list[0]) == allowing, "managers_act_by_majority");
        require(lists().isExpelled(list[0]) != allowing, "managers_act_by_majority");
        if (allowing) _barredFrom[list[0]] = 0;
        else if (_barredFrom[list[0]] == 0) _barredFrom[list[0]] = b.s.round + 1;
    }

    /// @dev Whether this aye of `who` is the second of three different managers': a motion takes effect with it, and
    /// not before.
    function _isCarried(address who, bytes memory data) internal returns (bool) {
        bytes32 motion = keccak256(data);
        _moved[motion][who] = true;
        if (++_ayes[motion] * 2 <= MANAGERS) return false;
        _ayes[motion] = 0;
        for (uint256 i = 0; i < MANAGERS; ++i) {
            _moved[motion][managerAt(i)] = false;
        }
        return true;
    }
}
