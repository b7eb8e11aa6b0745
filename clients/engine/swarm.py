"""A whole federation on this machine: assembles data, participants, store and chain, runs them, records
results."""

import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from clients.engine.config import SwarmConfig
from clients.engine.courses import ChainCourse, ServerCourse
from clients.engine.driver import Driver
from clients.engine.holdings import Holdings
from clients.engine.journal import Journal
from clients.engine.launch import Launched, enter_all, fill_pool, get_deployer, get_terms, launch, relaunch
from clients.engine.learners import build_bench, check_attacks, deal_attacks
from clients.engine.report import Report, to_line
from clients.engine.results import RoundLine, summarise
from clients.engine.rundir import RunFolder
from clients.learning.meters import Meters
from clients.learning.tensors import resolve_device
from clients.mechanisms import CONDUCTS
from clients.mechanisms.base import Rules
from clients.mechanisms.cohort import Cohort
from clients.mechanisms.fedavg import FedavgSettings
from clients.mechanisms.participant import Participant
from clients.ports.keys import SeededSalts, derive_keys
from clients.ports.store.opening import open_store
from clients.types.amounts import format_amount
from clients.types.cid import Cid
from clients.types.errors import RequestError
from clients.types.federation import STAKE_MAX, Address
from clients.types.mechanisms import Terms
from clients.types.settings import to_flag
from clients.types.store import Store


class Swarm:
    """One run, from settings to results. A context manager; `run` may be interrupted at any instant."""

    def __init__(self, config: SwarmConfig, *, resume: Path | None = None) -> None:
        self._started = time.monotonic()
        self._cpu = _cpu_seconds()
        self.meters = Meters()
        self.keys = derive_keys(config.seed, config.clients)
        self.behaviours = deal_attacks(config)
        self.bench = build_bench(config)
        check_attacks(self.behaviours.values(), self.bench.task)
        self.config = config.with_form(self.bench.form)
        self.folder = RunFolder(resume) if resume else RunFolder.create(config)
        self.lines: list[RoundLine] = self.folder.lines()
        self.journal = Journal(self.folder.journal, durable=config.on_node)
        self.store: Store | None = None
        self.launched: Launched | None = None

    def __enter__(self) -> "Swarm":
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:  # closes each, whatever happens to the others
            stack.callback(self.folder.discard_unstarted)
            stack.callback(self.journal.close)
            stack.callback(self.bench.close)
            for part in (self.store, self.launched.chain if self.launched else None):
                if part is not None:
                    stack.callback(part.close)

    @property
    def participants(self) -> list[Participant]:
        """Every participant, in the order of the partition."""
        return [
            Participant(
                index=index,
                account=key.address,
                salts=SeededSalts(self.config.seed, index),
                behaviour=self.behaviours.get(index),
                start=self.config.stake,
            )
            for index, key in enumerate(self.keys)
        ]

    def accounts(self, *, malicious: bool) -> list[Address]:
        """Return the accounts of the malicious participants, or of the honest ones."""
        return [one.account for one in self.participants if one.malicious == malicious]

    def run(self) -> Iterator[RoundLine]:
        """Run or resume; yield every line, those of earlier runs first, once it is settled and written."""
        self.store = open_store(self.config.store, root=self.folder.journal)
        cohort = Cohort(
            self.bench,
            self.store,
            self.meters,
            self.config.metric,
            self.config.seed,
            everybody=range(self.config.clients),
        )
        self.bench.learn_in(self.config.learn_in, self.config.rounds - len(self.lines))
        genesis = self.store.put(cohort.genesis())
        yield from self.lines
        if self.lines:
            self._bring_head()
        participants = self.participants
        on_chain = self.config.mechanism in CONDUCTS
        rounds = self._run_federation if on_chain else self._run_baseline
        for report in rounds(cohort, genesis):
            line = to_line(report, participants)
            self._keep(line, cohort, report.head)
            yield line
        self.finish()

    # ------------------------------------------------------------------ the federation

    def _run_federation(self, cohort: Cohort, genesis: Cid) -> Iterator[Report]:
        config, participants = self.config, self.participants
        assert self.store is not None
        terms = get_terms(config, genesis.digest, self._most_samples)
        a_round = self._get_round_pool(terms)  # refuses before anything is deployed
        document = self.folder.deployment() if config.on_node else None
        self.launched = (
            relaunch(config, document, str(self.folder.root), self.keys, self.journal)
            if document
            else launch(config, terms, self.keys, self.journal)
        )
        chain, devnet = self.launched.chain, self.launched.devnet
        conduct = CONDUCTS[config.mechanism]
        self._save_settings(self.launched.name)
        self.folder.save_deployment(self.launched.deployment)
        fill_pool(chain, get_deployer(config).address, self._needed_pool(a_round))
        accounts = [one.account for one in participants]
        enter_all(self.launched, conduct.entry, terms, accounts, config.stake)
        if devnet is not None:
            self.journal.rewind(len(self.lines))
            self.journal.replay(devnet)
        driver = Driver(
            chain=chain,
            store=self.store,
            cohort=cohort,
            participants=participants,
            rules=Rules(conduct, terms, config.own),
            journal=self.journal,
            meters=self.meters,
            devnet=devnet,
            history=config.history,
            closed=True,
            # On a chain of our own every participant is here, and nobody waits for a keeper that may be
            # absent: with a clock that stands still, only the first in each round's order acts.
            clock=time.monotonic if devnet is None else lambda: 0.0,
        )
        self.meters.take()
        start = {one.account: config.stake for one in participants}
        yield from ChainCourse(driver, start, self.lines).run(config.rounds)

    @property
    def _most_samples(self) -> int:
        """How many samples the largest participant has."""
        return max(map(self.bench.samples, range(self.config.clients)))

    def _needed_pool(self, a_round: int) -> int:
        """Return the base units that the remaining rounds may take from the pool, `a_round` each.

        On a chain of our own these are all rounds: settled rounds are replayed on a fresh chain.
        """
        assert self.launched is not None
        settled = len(self.lines) if self.launched.devnet is None else 0
        return (self.config.rounds - settled) * a_round

    def _get_round_pool(self, terms: Terms) -> int:
        """Return the base units that a round may take from the pool; `RequestError` if none has room."""
        conduct = CONDUCTS[self.config.mechanism]
        a_round = conduct.get_pool(terms)
        most = self.config.rounds * a_round
        if most > STAKE_MAX:
            lower = [to_flag(name) for name in (*conduct.pool_settings, "rounds")]
            raise RequestError(
                f"{self.config.rounds} rounds may take {format_amount(most)} tokens from the pool, which is "
                f"filled with {format_amount(STAKE_MAX, 0)} at most: lower {' or '.join(lower)}."
            )
        return a_round

    def _run_baseline(self, cohort: Cohort, genesis: Cid) -> Iterator[Report]:
        config = self.config
        assert self.store is not None
        assert isinstance(config.own, FedavgSettings)
        self._save_settings("")
        self.meters.take()
        course = ServerCourse(
            cohort,
            self.store,
            Holdings(self.store, self.journal, genesis, cohort.schema.encoded_size, 0),
            self.meters,
            self.participants,
            config.own,
            most_samples=self._most_samples,
            entropy=sha256(f"fedjury:fedavg:{config.seed}".encode()).digest(),
            balances={one.account: config.stake for one in self.participants},
        )
        head = Cid.parse(self.lines[-1].head_cid).digest if self.lines else genesis.digest
        yield from course.run(range(len(self.lines) + 1, config.rounds + 1), head)

    # ------------------------------------------------------------------ what stays

    def _keep(self, line: RoundLine, cohort: Cohort, head: bytes) -> None:
        assert self.store is not None
        cid = Cid.parse(line.head_cid)
        forgets = self.store.kind == "memory"
        if forgets and self.journal.load_head(cid) is None:
            self.journal.save_head(cid, cohort.encoded(head))
        self.journal.sync()
        self.folder.append(line)
        self.lines.append(line)
        if forgets:
            self.journal.keep_head(cid)

    def _bring_head(self) -> None:
        """Put the last line's head back into a store that forgot it."""
        assert self.store is not None
        head = Cid.parse(self.lines[-1].head_cid)
        data = self.journal.load_head(head)
        if not self.store.has(head) and data is not None:
            self.store.put(data)

    def _save_settings(self, chain: str) -> None:
        assert self.store is not None
        resolved = replace(
            self.config,
            chain=chain or self.config.chain,
            store=self.store.kind if self.config.store == "auto" else self.config.store,
            device=str(resolve_device(self.config.device)),
            out=str(self.folder.root),
        )
        self.folder.save_config(resolved)

    def finish(self) -> None:
        """Write the summary."""
        self.bench.close()  # the time of processes counts once they have ended
        earlier = sum(line.seconds["total"] for line in self.lines)
        summary = summarise(
            self.config.mechanism,
            self.bench.task,
            self.lines,
            self.accounts(malicious=False),
            self.accounts(malicious=True),
            max(earlier, time.monotonic() - self._started),
            _cpu_seconds() - self._cpu,
        )
        self.folder.save_summary(summary)

    def draw(self) -> None:
        """Draw the pictures, which takes longer than a short run. OSError if they can't be written."""
        from clients.engine.figures import draw_all  # late: matplotlib takes seconds to import

        title = f"{self.config.mechanism} on {self.config.dataset}: {self.config.clients} participants, "
        title += f"{self.config.malicious} malicious ({', '.join(self.config.attack)})"
        draw_all(self.lines, self.folder.figures, title, self.bench.task)


def _cpu_seconds() -> float:
    """Return the processor time of this process and of those that it has ended, in seconds."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)
