"""Histories to audit: played on the specification, then written down so that a test can alter one thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from clients.auditing.auditor import Auditor, AuditResult, Scope
from clients.auditing.source import Block, Creation, LoggedEvent, Logs, Transfer
from clients.protocol.council import get_council, get_record
from clients.protocol.decoys import get_anchor
from clients.protocol.draw import compute_beacon_entropy
from clients.protocol.ledger import TokenBook
from clients.protocol.managers import get_motion_view
from clients.protocol.mechanisms import MECHANISMS
from clients.protocol.simulator import FEDERATION, SpecChain, compute_block_hash, compute_entropy
from clients.protocol.state import Env
from clients.protocol.task import get_task
from clients.types.chain import Call, Receipt
from clients.types.federation import ZERO32, ZERO_ADDRESS, Address, Event, MemberView, Round, Status
from tests.spec.manners import PLAYERS
from tests.spec.player import Player
from tests.spec.worlds import DRAW_TERMS, Shared, draw_funds, draw_newcomers, draw_schedule


@dataclass(slots=True)
class NotingToken(TokenBook):
    """A token that tells what went where."""

    moved: list[tuple[Address, Address, int]] = field(default_factory=list)

    def process_transfer(self, sender: Address, to: Address, amount: int) -> None:
        TokenBook.process_transfer(self, sender, to, amount)
        self.moved.append((sender, to, amount))


class Playground:
    """A specification's chain that notes its blocks' times and its transfers."""

    def __init__(self, chain: SpecChain[Any], beacon_value: bytes) -> None:
        self.chain = chain
        self.beacon_value = beacon_value
        self.token = NotingToken(chain.core.state.token.balances, chain.core.state.token.allowances)
        chain.core.state.token = self.token
        self.times = {chain.block(): chain.now() - 1}
        self.transfers: list[Transfer] = []

    def advance(self, seconds: int, blocks: int) -> None:
        first = self.chain.block() + 1
        self.chain.advance(seconds, blocks)
        for number in range(first, self.chain.block() + 1):
            self.times[number] = self.chain.now() - 1 - (self.chain.block() - number)

    def send(self, *calls: Call) -> list[Receipt]:
        receipts: list[Receipt] = []
        receipts = self.chain.send(calls)
        self.times[self.chain.block()] = self.chain.now() - 1
        transactions = [one.transaction for one in receipts if one.error is None]
        assert len(calls) == 1 or not self.token.moved or len(self.token.moved) == len(transactions)
        for place, (sender, to, amount) in enumerate(self.token.moved):
            where = transactions[place]
            self.transfers.append(Transfer(sender, to, amount, self.chain.block(), where))
        self.token.moved.clear()
        return receipts

    def record(self) -> "Recorded":
        """Return what has happened so far, written down."""
        chain, core = self.chain, self.chain.core
        accounts = list(core.state.ledger.members)
        return Recorded(
            mechanism=core.mechanism.name,
            terms=chain.terms,
            beacon_value=self.beacon_value,
            block_list={number: Block(number, "0x" + compute_block_hash(number).hex(), time)
                        for number, time in self.times.items()},
            entries=list(chain.events()),
            transfers=list(self.transfers),
            status_now=chain.status(),
            registry_now=chain.members(),
            members_now={account: chain.member(account) for account in accounts},
            rounds_now={number: chain.round(number) for number in range(core.round_number + 1)},
            tokens_now=chain.tokens(chain.federation),
            views_now=get_views(core),
        )  # fmt: skip


def get_views(core: Any) -> dict[tuple[str, tuple[object, ...]], Any]:
    """Return the results of the views that one mechanism alone has."""
    found: dict[tuple[str, tuple[object, ...]], Any] = {}
    name, state = core.mechanism.name, core.state
    if name in ("vbfl", "blade"):
        for number, docket in enumerate(state.dockets):
            found["winnerOf", (number,)] = docket.winner or ZERO_ADDRESS
    if name == "stake_jury":
        for account in state.ledger.members:
            found["anchorOf", (account,)] = get_anchor(state, account)
    if name == "blade":
        for account, bid in get_task(state).bids.items():
            found["bidOf", (account,)] = (bid.capability, bid.cost, bid.order, bid.anchor)
    allowed, expelled = state.access.allowed, state.access.barred_from
    for account in allowed | set(expelled) | set(state.ledger.members):
        found["isAllowed", (account,)] = account in allowed
        found["isExpelled", (account,)] = account in expelled
    found["motionCount", ()] = len(state.access.motions)
    for number, motion in enumerate(state.access.motions, 1):
        found["motionOf", (number,)] = get_motion_view(core.terms, motion)
    if name == "bflc":
        council = get_council(state)
        found["height", ()] = len(council.models) - 1
        for number in range((len(council.models) + 1) * (core.terms.updates + 1)):
            entry = get_record(core.terms, state, number)
            found["recordOf", (number,)] = (entry.digest, entry.uploader or ZERO_ADDRESS, entry.score)
    return found


@dataclass
class Recorded:
    """A `Source` out of a record, which tests alter."""

    mechanism: str
    terms: Any
    beacon_value: bytes
    block_list: dict[int, Block]
    entries: list[Event]
    transfers: list[Transfer]
    status_now: Status
    registry_now: list[MemberView]
    members_now: dict[Address, MemberView]
    rounds_now: dict[int, Round]
    tokens_now: int
    views_now: dict[tuple[str, tuple[object, ...]], Any]
    chain_id: int = 31337
    federation: Address = FEDERATION
    where: str = "a record"
    code_now: bytes = b""
    creation_now: Creation | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def tip(self) -> Block:
        return self.block_list[max(self.block_list)]

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        return [
            self.block_list.get(number) or Block(number, "0x" + compute_block_hash(number).hex(), 0)
            for number in numbers
        ]

    def logs(self, first: int, last: int) -> Logs:
        self.asked.append((first, last))
        return Logs(
            [LoggedEvent(event, self.blocks([event.block])[0].hash) for event in self.entries
             if first <= event.block <= last],
            [one for one in self.transfers if first <= one.block <= last],
        )  # fmt: skip

    def entropy(self, round_number: int, seal_block: int, at: int) -> bytes:
        if self.beacon_value != ZERO32:
            return compute_beacon_entropy(self.beacon_value, round_number)
        return bytes.fromhex(self.blocks([seal_block])[0].hash[2:])

    def code(self, account: Address, at: int) -> bytes:
        return self.code_now

    def find_creation(self) -> Creation | None:
        return self.creation_now

    def build(self, creation: bytes, at: int) -> bytes | None:
        return None

    def status(self, at: int) -> Status:
        return self.status_now

    def registry(self, at: int) -> list[MemberView]:
        return self.registry_now

    def members(self, accounts: Sequence[Address], at: int) -> list[MemberView]:
        return [self.members_now.get(account) or self.stranger(account) for account in accounts]

    def stranger(self, account: Address) -> MemberView:
        from clients.types.federation import Member, Role

        return MemberView(account, Member(), 0, Role.NONE, 0, False, 0)

    def rounds(self, numbers: Sequence[int], at: int) -> list[Round]:
        return [self.rounds_now[number] for number in numbers]

    def tokens(self, at: int) -> int:
        return self.tokens_now

    def views(self, asked: Sequence[tuple[str, tuple[object, ...]]], at: int) -> list[Any]:
        return [self.views_now[one] for one in asked]

    # ------------------------------------------------------------------ altering

    def find(self, name: str, where: Callable[[Mapping[str, Any]], bool] = lambda args: True) -> int:
        """Return the place of the first event of that name which fits."""
        return next(place for place, one in enumerate(self.entries) if one.name == name and where(one.args))

    def alter(self, place: int, **args: object) -> None:
        event = self.entries[place]
        self.entries[place] = replace(event, args={**event.args, **args})

    def alter_member(self, account: Address, **changes: Any) -> None:
        member = self.members_now[account]
        self.members_now[account] = replace(member, record=replace(member.record, **changes))


def build_playground(rng: Random, mechanism: str, *, illegal: float = 0.2) -> tuple[Playground, Player]:
    """Return a fresh federation with a player, all drawn from `rng`."""
    accounts = [to_checksum_address(rng.randbytes(20)) for _ in range(rng.choice((4, 6, 8, 10)))]
    outsiders = [to_checksum_address(rng.randbytes(20)) for _ in range(2)]
    bond = rng.choice((1, 2, rng.randrange(3, 100), 10**18, 2**95))
    schedule = draw_schedule(rng, Random(f"pledge {bond} {accounts[0]}"), publishes=mechanism != "stake_vote")
    terms = DRAW_TERMS[mechanism](Shared(rng, accounts, outsiders, 1_700_000_005, bond, schedule))
    chosen = MECHANISMS[mechanism]
    fewest = chosen.panel.get_fewest(terms)
    terms = draw_newcomers(terms, accounts, outsiders, fewest)
    funds = draw_funds(rng, accounts, terms, fewest)
    beacon_value = rng.choice((ZERO32, rng.randbytes(32)))
    chain = SpecChain(chosen, terms, funds, beacon_value=beacon_value)
    player = PLAYERS[mechanism](rng, chain.core, accounts, outsiders, fine=False, illegal=illegal)
    return Playground(chain, beacon_value), player


def play(ground: Playground, player: Player, steps: int) -> None:
    """Play on."""
    chain = ground.chain
    for _ in range(steps):
        env = Env(chain.now() - 1, chain.block(), compute_entropy(bytes(32)))
        move = player.play(env)
        if move.seconds > 1 or move.blocks > 1:
            ground.advance(max(move.seconds - 1, 0), max(move.blocks - 1, 1))
        ground.send(move.call)


def play_history(seed: str, mechanism: str, steps: int = 300) -> Playground:
    ground, player = build_playground(Random(f"{seed}-{mechanism}"), mechanism)
    play(ground, player, steps)
    return ground


def audit(source: Recorded, scope: Scope | None = None, **options: Any) -> AuditResult:
    return Auditor(source, scope or Scope(), **options).run()


def digest_of(text: str) -> bytes:
    return keccak(text.encode())
