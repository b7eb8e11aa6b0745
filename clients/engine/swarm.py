"""A whole federation on this machine: data, participants, store and chain put together, run, recorded."""

import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from clients.engine.baseline import run_fedavg
from clients.engine.cohort import Cohort
from clients.engine.config import SwarmConfig
from clients.engine.driver import Driver
from clients.engine.holdings import Holdings
from clients.engine.journal import Journal
from clients.engine.launch import Launched, fill_pool, get_deployer, get_terms, join_all, launch, relaunch
from clients.engine.learners import build_bench, deal_attacks
from clients.engine.mechanisms import CONDUCTS
from clients.engine.mechanisms.base import Rules
from clients.engine.meters import Meters
from clients.engine.participant import Participant
from clients.engine.recorder import Recorder
from clients.engine.results import RoundLine, summarise
from clients.engine.rundir import RunFolder
from clients.learning.tensors import resolve_device
from clients.ports.keys import SeededSalts, derive_keys
from clients.ports.store.opening import open_store
from clients.types.amounts import format_amount
from clients.types.cid import Cid
from clients.types.errors import RequestError
from clients.types.federation import STAKE_MAX, Address, Status
from clients.types.store import Store

Report = Callable[[RoundLine], None]


class Swarm:
    """One run, from settings to results. A context manager; `run` may be interrupted at any instant."""

    def __init__(self, config: SwarmConfig, *, resume: Path | None = None) -> None:
        self._started = time.monotonic()
        self._cpu = _cpu_seconds()
        self.meters = Meters()
        self.keys = derive_keys(config.seed, config.clients)
        self.behaviours = deal_attacks(config)
        self.bench = build_bench(config)
        self.config = config.with_form(self.bench.form)
        self.folder = RunFolder(resume) if resume else RunFolder.create(config)
        self.lines: list[RoundLine] = self.folder.lines()
        self.journal = Journal(self.folder.journal, durable=config.on_node)
        self.store: Store | None = None
        self.launched: Launched | None = None

    def __enter__(self) -> "Swarm":
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:  # each is closed, whatever happens to the others
            stack.callback(self.folder.discard_unstarted)
            stack.callback(self.journal.close)
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
                patience=self._patience(index),
            )
            for index, key in enumerate(self.keys)
        ]

    def _patience(self, index: int) -> int:
        """Return the stake in base units from which on the participant attacks."""
        times = self.behaviours[index].patience if index in self.behaviours else 0.0
        return int(Decimal(str(times)) * self.config.units("tokens"))

    def accounts(self, *, malicious: bool) -> list[Address]:
        """Return the accounts of the malicious participants, or of the honest ones."""
        return [one.account for one in self.participants if one.malicious == malicious]

    def run(self, report: Report) -> None:
        """Run or go on; `report` gets every line as it is settled and written."""
        self.store = open_store(self.config.store, root=self.folder.journal)
        cohort = Cohort(
            self.bench,
            self.store,
            self.behaviours,
            self.meters,
            self.config.metric,
            self.config.seed,
            everybody=range(self.config.clients),
        )
        genesis = self.store.put(cohort.genesis())
        for line in self.lines:
            report(line)
        if self.lines:
            self._bring_head()
        if self.config.mechanism == "fedavg":
            self._save_settings("none", cohort)
            self._run_baseline(cohort, genesis, report)
        else:
            self._run_federation(cohort, genesis, report)
        self.finish()

    # ------------------------------------------------------------------ the federation

    def _run_federation(self, cohort: Cohort, genesis: Cid, report: Report) -> None:
        config, participants = self.config, self.participants
        assert self.store is not None
        stake = config.units("tokens")
        a_round = self._get_round_pool()  # refuses before anything is deployed
        terms = get_terms(config, genesis.digest, self._most_samples)
        document = self.folder.deployment() if config.on_node else None
        self.launched = (
            relaunch(config, document, str(self.folder.root), self.keys, self.journal)
            if document
            else launch(config, terms, self.keys, self.journal)
        )
        chain, devnet = self.launched.chain, self.launched.devnet
        self._save_settings(self.launched.name, cohort)
        self.folder.save_deployment(self.launched.deployment)
        fill_pool(chain, get_deployer(config).address, self._needed_pool(a_round))
        join_all(self.launched, [one.account for one in participants], stake)
        if devnet is not None:
            self.journal.rewind(len(self.lines))
            self.journal.replay(devnet)
        driver = Driver(
            chain=chain,
            store=self.store,
            cohort=cohort,
            participants=participants,
            rules=Rules(CONDUCTS[config.mechanism], terms, config),
            journal=self.journal,
            meters=self.meters,
            devnet=devnet,
            history=config.history,
            closed=True,
            clock=time.monotonic if devnet is None else lambda: 0.0,
        )
        recorder = Recorder(driver, participants, {one.account: stake for one in participants})
        recorder.resume(self.lines)
        self.meters.take()

        def settled(status: Status) -> None:
            line = recorder.record(status)
            self._keep(line, cohort, status.head)
            report(line)

        driver.run(config.rounds, settled, told=len(self.lines))

    @property
    def _most_samples(self) -> int:
        """How many samples the participant has that has most."""
        return max(map(self.bench.samples, range(self.config.clients)))

    def _needed_pool(self, a_round: int) -> int:
        """Return the base units that the rounds still to come may take from the pool, `a_round` each.

        On a chain of our own these are all rounds: those settled already are played again on a fresh one.
        """
        assert self.launched is not None
        settled = len(self.lines) if self.launched.devnet is None else 0
        return (self.config.rounds - settled) * a_round

    def _get_round_pool(self) -> int:
        """Return the base units that a round may take from the pool; `RequestError` if none has room."""
        a_round = CONDUCTS[self.config.mechanism].get_pool(self.config, self._most_samples)
        most = self.config.rounds * a_round
        if most > STAKE_MAX:
            raise RequestError(
                f"{self.config.rounds} rounds may take {format_amount(most)} tokens from the pool, which is "
                f"filled with {format_amount(STAKE_MAX, 0)} at most: lower --unit-reward or --rounds."
            )
        return a_round

    def _run_baseline(self, cohort: Cohort, genesis: Cid, report: Report) -> None:
        assert self.store is not None
        config = self.config
        stake = config.units("tokens")

        def done(line: RoundLine) -> None:
            self._keep(line, cohort, Cid.parse(line.head_cid).digest)
            report(line)

        self.meters.take()
        run_fedavg(
            cohort=cohort,
            holdings=Holdings(self.store, self.journal, genesis, cohort.schema.encoded_size, 0),
            store=self.store,
            participants=self.participants,
            informed=config.informed,
            most_samples=self._most_samples,
            drawn=config.proposers,
            rounds=range(len(self.lines) + 1, config.rounds + 1),
            head=Cid.parse(self.lines[-1].head_cid).digest if self.lines else genesis.digest,
            entropy=sha256(f"fedjury:fedavg:{config.seed}".encode()).digest(),
            balances={one.account: stake for one in self.participants},
            meters=self.meters,
            on_line=done,
        )

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
        """Put the head of the last line back into a store that forgot it."""
        assert self.store is not None
        head = Cid.parse(self.lines[-1].head_cid)
        data = self.journal.load_head(head)
        if not self.store.has(head) and data is not None:
            self.store.put(data)

    def _save_settings(self, chain: str, cohort: Cohort) -> None:
        assert self.store is not None
        resolved = replace(
            self.config,
            chain=self.config.chain if self.config.mechanism == "fedavg" else chain,
            store=self.store.kind if self.config.store == "auto" else self.config.store,
            device=str(resolve_device(self.config.device)),
            out=str(self.folder.root),
        )
        self.folder.save_config(resolved)

    def finish(self) -> None:
        """Write the summary."""
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
        """Draw the pictures, which takes longer than a short run. OSError where they can't be written."""
        from clients.engine.figures import draw_all  # late: matplotlib takes seconds to come

        title = f"{self.config.mechanism} on {self.config.dataset}: {self.config.clients} participants, "
        title += f"{self.config.malicious} malicious ({', '.join(self.config.attack)})"
        draw_all(self.lines, self.folder.figures, title, self.bench.task)


def _cpu_seconds() -> float:
    """Return the processor time of this process and of the nodes that it has ended, in seconds."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)
