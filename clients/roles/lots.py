"""Lots: a participant anchors a chain of secrets, and shows the next one when its update is judged.

The secrets of a chain are hashes of each other, `LINKS` of them, from a root that only the participant can
compute again. It shows them from the end to the root, one for each update. Where it stands is on the chain of
blocks: its anchor, the last secret that it showed, or the end. So it has no state to lose. When a chain is
used up, it anchors the next one.
"""

from collections.abc import Callable
from functools import lru_cache

from clients.protocol.decoys import compute_chain
from clients.roles.view import Action, Secrets, Send, View
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Phase, Standing

LINKS = 4096
"""Secrets in a chain, its root and its end among them."""
CHAINS = 64
"""Chains that a participant has in a federation; after the last it would take the first again."""
_WORD = 32


def find_secrets(get_root: Callable[[int], bytes], anchor: bytes) -> Secrets:
    """Return the secrets of a participant with this `anchor`, and with chains that begin with these roots.

    A used-up chain is followed by the next. Which chain follows an anchor that is none of the participant's,
    the anchor decides: one that was shown already is then hardly ever taken again.
    """
    following = 0 if anchor == ZERO32 else int.from_bytes(anchor, "big") % CHAINS
    for number in range(CHAINS if anchor != ZERO32 else 0):
        links = _compute_links(get_root(number))
        place = _find(links, anchor)
        if place > 0:
            return Secrets(links[(place - 1) * _WORD : place * _WORD], links[-_WORD:])
        if place == 0:
            following = (number + 1) % CHAINS
            break
    return Secrets(None, _compute_links(get_root(following))[-_WORD:])


@lru_cache(maxsize=256)
def _compute_links(root: bytes) -> bytes:
    """Return the secrets of a chain, one after the other, from its root to its end."""
    return b"".join(compute_chain(root, LINKS))


def _find(links: bytes, anchor: bytes) -> int:
    """Return the place of `anchor` among the links; -1 if it is none of them."""
    at = links.find(anchor)
    while at > 0 and at % _WORD:
        at = links.find(anchor, at + 1)
    return at // _WORD if at >= 0 else -1


def step(view: View) -> list[Action]:
    """Return what a member does about its lot next: anchor in phase Open if it knows no secret, or others may
    know it, and show the secret of the update that it proposed as soon as phase Reveal begins."""
    secrets, phase = view.secrets, view.status.phase
    if secrets is None:
        return []
    may_anchor = view.member.record.standing == Standing.MEMBER and not view.member.out
    if phase == Phase.OPEN and may_anchor and secrets.to_anchor is not None:
        return [Send(Call(view.me, "anchor", (secrets.to_anchor,)))]
    unshown = Act.PROPOSED in view.acted and Act.SHOWN not in view.acted
    if phase == Phase.REVEAL and unshown and secrets.next is not None:
        return [Send(Call(view.me, "show", (view.status.round, secrets.next)))]
    return []
