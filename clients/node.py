"""`python -m clients.node`: one participant of a federation, over any RPC URL and IPFS API.

The key comes from an encrypted file, its passphrase from a file, the environment or a prompt, never from the
command line. The participant's acts follow from chain, store and its journal, so it can be stopped and
started again at any time.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from clients.engine.agreement import agree_on_history, require_agreed, settle
from clients.engine.config import (
    ParticipantConfig,
    build_own,
    get_personal,
    read_toml,
    refuse_others,
)
from clients.engine.journal import Journal
from clients.engine.launch import resume_sent
from clients.engine.options import add_options
from clients.engine.standing import explain_leaving, explain_out, tell_missed
from clients.learning.meters import Meters
from clients.mechanisms import CONDUCTS
from clients.mechanisms.base import Entry, Rules, Settings
from clients.mechanisms.participant import Participant
from clients.ports.chain import Link, Token, Web3Chain, open_chain, open_link
from clients.ports.chain.deployment import Deployment, find_mechanism
from clients.ports.chain.fees import add_ceiling, parse_ceiling
from clients.ports.chain.patience import Patience
from clients.ports.chain.terms import abi_of, terms_of
from clients.ports.command import Parser, guard
from clients.ports.keys import Key, KeyedSalts, open_key
from clients.ports.store.opening import open_store
from clients.ports.urls import WAYS, is_url
from clients.roles.keeper import count_ready
from clients.roles.round_log import RoundLog
from clients.types.amounts import format_amount, parse_amount
from clients.types.chain import Call, Chain
from clients.types.cid import Cid
from clients.types.errors import PeerError, RequestError, UnavailableError, UnminedError
from clients.types.federation import Address, MemberView, Phase, Standing
from clients.types.learning import AGREED
from clients.types.mechanisms import Terms
from clients.types.store import Store

if TYPE_CHECKING:
    from clients.engine.settled import Settled
    from clients.mechanisms.cohort import Cohort

LEARNING = (*AGREED, *get_personal())

T = TypeVar("T")

log = logging.getLogger("clients.node")  # under `python -m` the module is called `__main__`


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    return guard(lambda: _run(vars(_parser().parse_args(argv))), lambda: "Stopped. Start again to resume.")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m clients.node", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--deployment", type=Path, help="deployments/<chain id>/<name>.json, as `python -m deploy` writes it")
    add("--federation", help="the federation's address, if there is no deployment file")
    add("--rpc", required=True, metavar="URL", help=f"an Ethereum node: {WAYS}")
    add("--keystore", type=Path, help="encrypted key file (Web3 Secret Storage)")
    add("--passphrase-file", type=Path, help="file whose first line opens the keystore")
    add("--dev-key", metavar="N", help="Anvil's public test key N: for development chains only")
    add("--index", type=int, default=0, help="which part of the partition is this participant's (from 0)")
    add("--stake", metavar="TOKENS", help="join with this stake if not a member yet")
    add("--rounds", type=int, default=2**40, help="stop when this round is settled (default: never)")
    add(
        "--behaviour",
        default="",
        metavar="ATTACK",
        help="misbehave, for trials: an attack's name; a+b combines two",
    )
    add("--journal", type=Path, default=Path("journal"), help="folder for what must survive a crash")
    add_ceiling(parser)
    add("--poll", type=float, default=2.0, metavar="SECONDS", help="how often to look at the chain")
    add("--outage", type=float, default=3600.0, metavar="SECONDS",
        help="how long to wait for a chain or store that is down, or wants fewer requests")  # fmt: skip
    add("--config", type=Path, help="learning settings as TOML; the command line overrides them")
    add("--verbose", action="store_true", help="print more of what happens")
    add_options(parser.add_argument_group("learning and store, as for clients.swarm"), only=LEARNING)
    return parser


def _run(options: dict[str, Any]) -> int:
    level = logging.DEBUG if options.pop("verbose") else logging.INFO
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("clients").setLevel(level)
    file = read_toml(options["config"]) if options["config"] else {}
    given = {**file, **{name: options[name] for name in LEARNING if name in options}}
    deployment = Deployment.load(options["deployment"]) if options["deployment"] else None
    config = settle(given, deployment.learning if deployment else {}, str(options["deployment"]))
    config = agree_on_history(config, deployment.history if deployment else None, own="history" in given)
    if config.store in ("auto", "memory"):
        raise RequestError(
            "name a store that the other participants reach: --store /ip4/HOST/tcp/PORT or "
            "http://HOST:PORT of an IPFS node, or dir:PATH of a folder that all share."
        )
    if not is_url(options["rpc"]):
        raise RequestError(f"--rpc: give an Ethereum node, as {WAYS}.")
    if not 0 <= options["index"] < config.clients:
        raise RequestError(f"--index {options['index']}: the partition has parts 0 to {config.clients - 1}.")
    fees = parse_ceiling(options["fee_ceiling"])
    stake = parse_amount("--stake", options["stake"]) if options["stake"] is not None else None
    key = open_key(options["dev_key"], options["keystore"], options["passphrase_file"])
    if (options["deployment"] is None) == (options["federation"] is None):
        raise RequestError("name the federation: --deployment FILE or --federation ADDRESS.")
    with ExitStack() as stack:
        journal = Journal(options["journal"])
        stack.callback(journal.close)
        # Participants that share a provider shouldn't all come back to it at once.
        patience = Patience(refused=options["outage"], jitter=Random(key.address).random)
        link = stack.enter_context(
            open_link(options["rpc"], [key], journal=journal.note_sent, patience=patience, fees=fees)
        )
        mechanism = _find(link, deployment, options["federation"])
        refuse_others(mechanism, options)
        own = build_own(mechanism, given)
        chain = (
            deployment.open(link)
            if deployment
            else open_chain(link, options["federation"], abi=abi_of(mechanism))
        )
        journal.claim(chain.identity())
        resume_sent(chain, [key.address], journal)
        store = open_store(config.store, root=options["journal"])
        stack.callback(store.close)
        _participate(mechanism, chain, store, config, own, key, options | {"stake": stake}, journal)
    return 0


def _find(link: Link, deployment: Deployment | None, federation: Address) -> str:
    """Return the federation's mechanism; `RequestError` if it has no client."""
    mechanism = deployment.mechanism if deployment else find_mechanism(link, federation)
    if mechanism not in CONDUCTS:
        raise RequestError(
            f"this is a {mechanism} federation, and {mechanism} has no client yet; "
            f"there are: {', '.join(CONDUCTS)}."
        )
    return mechanism


def _participate(
    mechanism: str,
    chain: Web3Chain,
    store: Store,
    config: ParticipantConfig,
    own: Settings,
    key: Key,
    options: dict[str, Any],
    journal: Journal,
) -> None:
    # Late: torch takes seconds to import, and errors in the request come first.
    from clients.engine.driver import Driver
    from clients.engine.learners import build_bench, check_attacks
    from clients.learning.attacks import parse_all
    from clients.mechanisms.cohort import Cohort

    meters = Meters()
    attack = parse_all(options["behaviour"]) if options["behaviour"] else None
    index = options["index"]
    bench = build_bench(config, only=[index])
    check_attacks([attack] if attack else [], bench.task)
    require_agreed(config, bench.form)
    config = config.with_form(bench.form)
    cohort = Cohort(bench, store, meters, config.metric, config.seed)
    _check_model(chain, cohort, config)
    terms, conduct = terms_of(mechanism, chain.view("terms")[0]), CONDUCTS[mechanism]
    _be_member(chain, key, options["stake"], terms, conduct.entry, options["poll"])
    entered = chain.member(key.address)
    tell_wait(chain, entered)
    rules = Rules(conduct, terms, own)
    tell_missed(entered, rules.absent_after)
    tell_lack(chain, rules)
    participant = Participant(index, key.address, KeyedSalts(key), attack, entered.record.stake)
    driver = Driver(
        chain=chain,
        store=store,
        cohort=cohort,
        participants=[participant],
        rules=rules,
        journal=journal,
        meters=meters,
        history=config.history,
        poll_seconds=options["poll"],
        outage_seconds=options["outage"],
    )

    for settled in driver.run(options["rounds"], _see, told=chain.status().settled):
        [member], status = settled.members, settled.status
        print(
            f"round {status.round}: {status.record.outcome.name.lower()}, "
            f"head {Cid.from_digest(status.head)}, stake {format_amount(member.balance, 6)} tokens",
            flush=True,
        )
        tell_decoy(settled.log, key.address)
        tell_wait(chain, member)
        if member.missed_round == status.round:
            tell_missed(member, rules.absent_after)
        why = explain_out(chain, member, rules)
        if why:
            print(f"{key.address} is out: {why}")
            return


def _see(settled: "Settled") -> "Settled":
    return settled


def _check_model(chain: Web3Chain, cohort: "Cohort", config: ParticipantConfig) -> None:
    """Refuse to start if this model is not the federation's: its updates would only be voted down."""
    head = chain.status().head
    try:
        cohort.load(head)
    except PeerError as error:
        raise RequestError(
            f"the federation's model {Cid.from_digest(head)} is not a {config.model} for {config.dataset}, "
            f"or the store doesn't have it: {error}. Here the task is {config.task}, and a sample "
            f"{'×'.join(map(str, config.shape))}."
        ) from error


def _be_member(
    chain: Web3Chain, key: Key, stake: int | None, terms: Terms, entry: Entry[Any], poll: float
) -> None:
    """Get in with `stake`, in base units, unless the participant is a member already.

    Of the mechanism's calls that let an account in, the participant makes its own. If one of them is refused
    for want of others' calls, `UnavailableError` says who must call what.
    """
    account = key.address
    member = chain.member(account)
    standing = member.record.standing
    if standing == Standing.MEMBER:
        return
    if standing == Standing.LEAVING:
        raise RequestError(f"{account} is no member of the federation: {explain_leaving(chain, member)}")
    if standing != Standing.STRANGER or stake is None:
        raise RequestError(
            f"{account} is no member of the federation (standing: {standing.name.lower()})"
            + ("; join with --stake TOKENS." if standing == Standing.STRANGER else ".")
        )
    if stake < terms.bond:
        raise RequestError(
            f"--stake {format_amount(stake)}: members stake {format_amount(terms.bond)} tokens at least."
        )
    _refuse_if_over(chain, terms, entry)
    entry.require_allowed(chain, terms, account)
    price = entry.get_price(terms, stake)
    token = Token(chain.link, chain.token)
    token.check_decimals()
    held = token.balance(account)
    if held < price:
        raise RequestError(f"{account} holds {format_amount(held)} tokens, not {format_amount(price)}.")
    _until_mined(lambda: token.approve([account], chain.federation, price))
    calls = entry.get_calls(terms, [account], stake)
    others = [call for call in calls if call.sender != account]
    for call in calls:
        if call not in others:
            _get_in(chain, call, others, terms, entry, poll)
    log.info("joined with %s tokens", format_amount(stake))


def tell_decoy(log: RoundLog, account: Address) -> None:
    """Say so if the participant's update was a decoy in the round, which everybody knows once it is shown.

    Nothing may be said earlier: others may read what a participant prints, and vote by it.
    """
    if account in log.planters():
        print(
            f"{account} planted a decoy in round {log.status.round}: its lot asked for a bad "
            "update, which isn't in the model. It is paid if the jury judged it and agreed on a model.",
            flush=True,
        )


def tell_wait(chain: Chain, member: MemberView) -> None:
    """Say how long the participant waits until it is in, if it does."""
    if not member.waits_for:
        return
    place = member.record.index
    ahead = sum(one.waits_for > 0 and one.record.index < place for one in chain.members())
    others = f" for {ahead} other{'s' if ahead > 1 else ''}" if ahead else ""
    print(
        f"{member.account} waits{others}, and comes in with round {member.waits_for} at the earliest",
        flush=True,
    )


def tell_lack(chain: Chain, rules: Rules[Any, Any]) -> None:
    """Say how many members the next round lacks, if too few are in or may come in with it."""
    status, members = chain.status(), chain.members()
    ready, needed = count_ready(members, status.round), rules.get_min_members(status)
    if status.phase != Phase.OPEN or ready >= needed:
        return
    present = {member.account for member in members}
    absent = [founder for founder in getattr(rules.terms, "founders", ()) if founder not in present]
    missing = f"; founders who haven't joined: {', '.join(absent)}" if absent and not status.round else ""
    print(f"round {status.round + 1} waits for {needed} members, and has {ready}{missing}", flush=True)


def _refuse_if_over(chain: Web3Chain, terms: Terms, entry: Entry[Any]) -> None:
    """Refuse to start if the mechanism opens no more rounds: the stake would serve nothing."""
    status = chain.status()
    if entry.has_ended(terms, status, entry.count_accepted(chain, status.settled)):
        raise RequestError(f"round {status.settled} was the federation's last: its task is over.")


def _get_in(
    chain: Web3Chain, call: Call, others: Sequence[Call], terms: Terms, entry: Entry[Any], poll: float
) -> None:
    """Send a call of the participant's own that lets it in, as soon as it is possible."""
    waiting = False
    while True:
        if chain.now() >= entry.get_begins(terms, chain.status()).get(call.method, 0):
            [receipt] = _until_mined(lambda: chain.send([call]))
            if receipt.error is None:
                return
            if receipt.error.name == "NotAdmitted":
                entry.require_allowed(chain, terms, call.sender)
            if receipt.error.name != "WrongPhase":
                if not others:
                    raise receipt.error
                must = "; ".join(f"{one.sender} must call {_write(one)}" for one in others)
                raise UnavailableError(
                    f"{_write(call)} was refused: {receipt.error}. {call.sender} needs others to get in: "
                    f"{must}. Start again when they have."
                ) from receipt.error
        if not waiting:
            log.info("members join between rounds, and not at any time: waiting")
            waiting = True
        time.sleep(poll)


def _write(call: Call) -> str:
    """Return the call as people write it, its values separated by commas."""
    return f"{call.method}({', '.join(map(_write_value, call.args))})"


def _write_value(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_write_value, value))}]"
    return str(value)


def _until_mined(act: Callable[[], T]) -> T:
    """Return what `act` returns. Repeat `act` while its transaction isn't mined: the sender keeps the
    nonce."""
    while True:
        try:
            return act()
        except UnminedError as error:
            log.warning("%s", error)


if __name__ == "__main__":
    sys.exit(main())
