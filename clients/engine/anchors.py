"""The secrets of the local participants, as the chain and their keys say, and who has no anchor yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from clients.mechanisms.base import Rules
from clients.mechanisms.participant import Participant
from clients.roles.lots import find_secrets
from clients.roles.view import Secrets
from clients.types.chain import Chain
from clients.types.federation import ZERO32, Act, Address, MemberView, Phase, Status


class AnchorReader:
    """Reads anchors, as few as are needed, and finds the local participants' places in their chains.

    One look is enough in a round, in which an anchor counts as it was when the round began, and one between
    two rounds for who has a secret. Who has none anchors then, or whose is exposed, and is looked at until
    that is mined.
    """

    def __init__(
        self, chain: Chain, participants: Mapping[Address, Participant], rules: Rules[Any, Any]
    ) -> None:
        self._chain = chain
        self._participants = participants
        self._are_drawn = rules.conduct.draws_lots(rules.terms)
        self._stage = (0, False)
        """The round, and whether it is over."""
        self._secrets: dict[Address, Secrets] = {}
        self._unshown: dict[tuple[Address, int], bytes] = {}
        """By member and round, the anchors of those who should have shown there what leads to them. After a
        restart an anchor may be one that took its place: then one secret more is passed by, which does no
        harm."""
        self._anchored: set[Address] = set()

    def look(self, status: Status, registry: Sequence[MemberView]) -> Mapping[Address, Secrets]:
        """Return the secrets of the local participants; none where no lots are drawn."""
        if not self._are_drawn:
            return {}
        pausing = status.phase == Phase.OPEN
        if self._stage != (status.round, pausing):
            self._stage, self._secrets = (status.round, pausing), {}
        for member in registry:
            account, known = member.account, self._secrets.get(member.account)
            if account in self._participants and (known is None or (pausing and known.to_anchor is not None)):
                anchor = self._read(account)
                exposed = pausing and self._is_exposed(member, anchor)
                self._secrets[account] = replace(self._find(account, anchor), is_exposed=exposed)
        return self._secrets

    def is_wanting(self, status: Status, registry: Sequence[MemberView]) -> bool:
        """Return whether a member that may be in the next round has no anchor yet, or a local one is about to
        anchor."""
        if not self._are_drawn or status.phase != Phase.OPEN:
            return False
        staying = [member.account for member in registry if not member.out]
        return any(
            self._secrets[account].to_anchor is not None
            if account in self._secrets
            else not self._has_anchor(account)
            for account in staying
        )

    def _is_exposed(self, member: MemberView, anchor: bytes) -> bool:
        """Return whether others may know what leads to `anchor`: the member proposed in the last round in
        which it acted, and didn't show its lot."""
        record = member.record
        if Act.PROPOSED not in record.acts or Act.SHOWN in record.acts:
            return False
        return self._unshown.setdefault((member.account, record.round), anchor) == anchor

    def _has_anchor(self, account: Address) -> bool:
        return account in self._anchored or self._read(account) != ZERO32

    def _read(self, account: Address) -> bytes:
        anchor: bytes = self._chain.view("anchorOf", account)[0]
        if anchor != ZERO32:  # no anchor is ever taken back
            self._anchored.add(account)
        return anchor

    def _find(self, account: Address, anchor: bytes) -> Secrets:
        salts = self._participants[account].salts
        return find_secrets(partial(salts.root, self._chain.chain_id, self._chain.federation), anchor)
