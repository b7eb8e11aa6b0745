"""What rules refuse: a player's illegal actions, those that every mechanism shares."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from clients.protocol.ledger import STAKE_MAX
from clients.protocol.state import Env
from clients.types.chain import Call
from clients.types.federation import ZERO32, Act, Address, Phase, Role, Standing

if TYPE_CHECKING:
    from tests.spec.player import Player

UINT256 = 2**256 - 1
JURY = (Act.COMMITTED, Role.VOTER)


def choose(player: "Player", phase: Phase, env: Env) -> Call:
    """Return an action that some rule most likely refuses, fit to get far in this phase."""
    by_phase = {
        Phase.OPEN: (bad_join, bad_join, bad_deposit, bad_leave, open_early),
        Phase.DRAW: (draw_early, draw_early),
        Phase.PLEDGE: (bad_pledge,) * 5,
        Phase.PROPOSE: (bad_proposal,) * 5,
        Phase.COMMIT: (bad_commit,) * 5,
        Phase.REVEAL: (bad_reveal,) * 5,
        Phase.PUBLISH: (bad_publication,) * 6,
    }
    always = (wrong_round, bad_claim, bad_collect, bad_withdraw, bad_fund)
    made: list[Callable[[], Call]] = [
        lambda act=act: act(player)  # type: ignore[misc]
        for act in (*by_phase.get(phase, ()), *always)
    ]
    made += [lambda: any_action(player, env), *player.own_mischief(phase, env)]
    return player.rng.choice(made)()


def any_action(player: "Player", env: Env) -> Call:
    """Return any action by anybody, with arguments that may do."""
    rng = player.rng
    method = rng.choice(list(player.federation.actions))
    account = player.anybody()
    made: dict[str, Callable[[], Call]] = {
        "join": lambda: Call(account, "join", (amount(player),)),
        "fund": lambda: Call(account, "fund", (amount(player),)),
        "deposit": lambda: Call(account, "deposit", (amount(player),)),
        "collect": lambda: Call(account, "collect", (player.anybody(),)),
        "evict": lambda: Call(account, "evict", ([player.anybody() for _ in range(rng.randrange(4))],)),
        "pledge": lambda: player.pledge(account),
        "propose": lambda: player.propose(account),
        "commit": lambda: player.commit(account),
        "reveal": lambda: player.reveal(account),
        "publish": lambda: player.publish(account),
        **player.own_calls(account, env),
    }
    return made.get(method, lambda: Call(account, method))()


def amount(player: "Player") -> int:
    bond = player.federation.terms.bond
    return player.rng.choice(
        (0, 1, bond - 1, bond, bond + 1, 2**64, STAKE_MAX, STAKE_MAX + 1, UINT256 - 1, UINT256)
    )


def open_early(player: "Player") -> Call:
    return Call(player.anybody(), "open")


def draw_early(player: "Player") -> Call:
    return Call(player.anybody(), "draw")


def bad_join(player: "Player") -> Call:
    taken = player.standing(Standing.MEMBER, Standing.LEAVING, Standing.BANNED)
    poor = [account for account in player.accounts if not player.can_join(account)]
    return Call(player.anybody(*taken, *poor, *player.outsiders), "join", (amount(player),))


def bad_fund(player: "Player") -> Call:
    held = player.federation.state.token.get_balance(account := player.anybody())
    return Call(account, "fund", (player.rng.choice((0, 0, held + 1, STAKE_MAX + 1, UINT256)),))


def bad_deposit(player: "Player") -> Call:
    account = player.anybody(*player.standing(Standing.MEMBER, Standing.BANNED))
    held = player.federation.state.token.get_balance(account)
    room = STAKE_MAX - player.federation.get_member(account).balance
    return Call(account, "deposit", (player.rng.choice((0, 0, room, room + 1, held + 1, amount(player))),))


def bad_leave(player: "Player") -> Call:
    gone = player.standing(Standing.LEAVING, Standing.BANNED)
    return Call(player.anybody(*gone, *player.outsiders), "exit")


def bad_claim(player: "Player") -> Call:
    return Call(player.anybody(*player.standing(Standing.MEMBER, Standing.BANNED)), "claim")


def bad_collect(player: "Player") -> Call:
    acted = [*player.acted(Act.PLEDGED), *player.acted(Act.PROPOSED), *player.acted(Act.COMMITTED)]
    return Call(player.anybody(), "collect", (player.anybody(*acted, *player.outsiders),))


def bad_withdraw(player: "Player") -> Call:
    return Call(player.anybody(*player.standing(Standing.LEAVING, Standing.BANNED)), "withdraw")


def wrong_round(player: "Player") -> Call:
    number, rng = player.federation.round_number, player.rng
    wrong = rng.choice((number + 1, max(number - 1, 0), 0, number + 2**32, UINT256))
    account = player.anybody(*player.federation.state.ledger.registry)
    call = rng.choice((player.propose, player.commit, player.reveal, player.publish))(account)
    if call.method == "propose" and player.federation.terms.schedule.pledge and rng.random() < 0.5:
        call = player.pledge(account)
    return Call(account, call.method, (wrong, *call.args[1:]))


def pick(player: "Player", act: Act, role: Role) -> tuple[str, bool]:
    """Return somebody for an act that is `role`'s, and whether nothing but its arguments can be wrong."""
    rng, idle = player.rng, player.idle(role, act)
    registry = player.federation.state.ledger.registry
    others = [a for a in registry if role not in player.federation.get_member(a).roles]
    banned = [*player.standing(Standing.BANNED), *player.out()]
    crowd = rng.choice((player.acted(act), idle, idle, others, banned, banned, player.outsiders))
    account = player.anybody(*(crowd or player.accounts))
    return account, account in idle


def bad_pledge(player: "Player") -> Call:
    account, idle = pick(player, Act.PLEDGED, Role.PROPOSER)
    number, pledged = player.federation.round_number, player.acted(Act.PLEDGED)
    if idle and pledged and player.rng.random() < 0.3:
        # a copy of another's pledge is a pledge, but can't be kept: its update will be refused
        original = player.rng.choice(pledged)
        player.pledged[number, account] = player.claim_of(original)
        return Call(account, "pledge", player.pledge(original).args)
    if idle:
        return Call(account, "pledge", (number, ZERO32))
    return player.pledge(account)


def bad_proposal(player: "Player") -> Call:
    rng, number, terms = player.rng, player.federation.round_number, player.federation.terms
    account, idle = pick(player, Act.PROPOSED, Role.PROPOSER)
    if idle and terms.schedule.pledge:
        pledged = player.acted(Act.PLEDGED)
        missed = [one for one in player.idle(Role.PROPOSER, Act.PROPOSED) if one not in pledged]
        account = rng.choice(missed or [account])
    if not idle or rng.random() < 0.1:
        return player.propose(account)
    pledges = terms.schedule.pledge and rng.random() < 0.7
    claims = unpledged(player, account) if pledges else player.bad_claims(account)
    return Call(account, "propose", (number, *rng.choice(claims)))


def unpledged(player: "Player", account: Address) -> list[tuple[bytes, int, int]]:
    """Return claims that differ from the pledged one in one place, and those that others pledged."""
    digest, samples, epochs = player.claim_of(account)
    number = player.federation.round_number
    others = [player.claim_of(other) for other in player.acted(Act.PLEDGED) if other != account]
    before = player.pledged.get((number - 1, account), (player.word(), samples, epochs))
    return [
        (player.word(), samples, epochs),
        (digest, samples ^ 1, epochs),
        (digest, samples, epochs ^ 1),
        (digest, epochs, samples),
        before,
        *others,
    ]


def bad_commit(player: "Player") -> Call:
    account, idle = pick(player, Act.COMMITTED, Role.VOTER)
    number = player.federation.round_number
    if idle:
        return Call(account, "commit", (number, ZERO32))
    if account in player.acted(Act.COMMITTED):
        return Call(account, "commit", (number, player.word()))
    return player.commit(account)


def bad_reveal(player: "Player") -> Call:
    rng, number = player.rng, player.federation.round_number
    spoilt = [account for account in player.acted(Act.COMMITTED) if (number, account) in player.spoilt]
    if spoilt and rng.random() < 0.4:
        return player.reveal(rng.choice(spoilt))
    revealed = player.acted(Act.REVEALED)
    idle = player.idle(Role.VOTER, Act.COMMITTED)
    account = player.anybody(
        *(rng.choice((player.committed(), revealed, revealed, idle, idle)) or player.accounts)
    )
    ballot, salt = player.sealed.get((number, account), (player.digest(), ZERO32))
    return rng.choice(
        (
            Call(account, "reveal", (number, ballot, player.word())),
            Call(account, "reveal", (number, player.word(), salt)),
            Call(account, "reveal", (number, ZERO32, salt)),
            Call(account, "reveal", (number, ballot + b"\0", salt)),
            Call(account, "reveal", (number, b"", salt)),
        )
    )


def bad_publication(player: "Player") -> Call:
    rng, number = player.rng, player.federation.round_number
    account, idle = pick(player, Act.PUBLISHED, Role.PUBLISHER)
    if not idle or not player.can_select():
        return player.publish(account)
    selection = player.selection()
    proposals = player.federation.record.proposals
    other = rng.choice((selection ^ 1 << rng.randrange(proposals), selection | 1 << proposals, 0, UINT256))
    digest, given = rng.choice(
        ((player.digest(), other), (ZERO32, other), (ZERO32, selection), (player.digest(), selection))
    )
    return Call(account, "publish", (number, digest, given, player.nonce(account, digest)))
