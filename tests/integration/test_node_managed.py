"""A participant whom the managers haven't let in is told who can, and how; then it joins."""

import pytest

from clients import node
from clients.mechanisms.base import Entry
from clients.ports.keys import derive_keys
from clients.types.chain import Call
from clients.types.errors import UnavailableError
from clients.types.federation import Standing
from tests.integration.chain_federation import opened

pytestmark = pytest.mark.needs("node")  # it compiles


def test_a_participant_waits_to_be_let_in_by_most_of_the_managers() -> None:
    managers = tuple(key.address for key in derive_keys(1, 3))
    with opened("eth-tester", 4, managers=managers) as world:
        newcomer, chain = world.keys[3], world.chain
        terms = world.deployment.terms

        def enter() -> None:
            node._be_member(chain, newcomer, 2000, terms, Entry(), 0.0)

        who = newcomer.address
        says = rf"haven't let {who} in\. One of them must call allow\(0, \[{who}\]\) .* within 7 days 1 more"
        for number, manager in enumerate(managers[:2]):
            with pytest.raises(UnavailableError, match=says) as caught:
                enter()
            assert caught.value.exit_code == 3
            assert all(one in str(caught.value) for one in (*managers, chain.federation))
            # The first opens motion 1, which the second names.
            [receipt] = chain.send([Call(manager, "allow", (number, [who]))])
            assert receipt.error is None
        enter()
        assert chain.member(newcomer.address).record.standing is Standing.MEMBER
