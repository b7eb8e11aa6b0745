"""Runs of juries alone, without models: how often a jury rejects, by its size and by the samples of a juror.

Two models answer the same samples; on each, one is right where the other is wrong with given probabilities.
The jurors decide by `clients.roles.evidence`, and the majority decides for all.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clients.experiments.records import keep, read_from
from clients.experiments.strict import Table, fill
from clients.mechanisms.jury import EVIDENCE, JUDGES, PAPER
from clients.roles.evidence import compare, get_level
from clients.roles.judging import is_below
from clients.types.errors import RequestError
from clients.types.settings import check_name

RECORD = "juries.json"
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class JuryGame:
    """The settings. `rounds` candidates are judged, each by `jurors` jurors with `samples` samples.

    `worse`: by how much the candidate's accuracy is below the reference's. `disagree`: the share of samples
    on which exactly one of the models is right; at least `worse`. `shared`: the share of a juror's samples
    that all jurors have, which makes them err together. `lying`: the share of jurors who vote the opposite of
    what is true: they reject a candidate that isn't worse than the tolerance, and approve one that is.
    """

    jurors: int = 9
    samples: int = 30
    worse: float = 0.0
    disagree: float = 0.3
    shared: float = 0.0
    lying: float = 0.0
    tolerance: float = 0.02
    judge: str = EVIDENCE
    clients: int = 1
    rounds: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        """Check them."""
        check_name("judge", self.judge, JUDGES)
        if self.jurors < 1 or self.samples < 1 or self.rounds < 1:
            raise RequestError("jurors, samples and rounds must be above 0.")
        if not abs(self.worse) <= self.disagree <= 1:
            raise RequestError(f"disagree = {self.disagree}: at least worse = {self.worse}, and at most 1.")
        if not (0 <= self.shared <= 1 and 0 <= self.lying < 1):
            raise RequestError("shared and lying are shares.")


def resolve(settings: Table) -> Table:
    """Return every setting of the run."""
    return asdict(fill(JuryGame, settings, "the settings of juries"))


def run(settings: Table, folder: Path, tick: Callable[[int], None]) -> None:
    """Judge the candidates; write down how often a juror rejects, and how often the jury does."""
    import numpy as np

    began = time.monotonic()
    game = JuryGame(**settings)
    rng = np.random.default_rng(game.seed)
    common = round(game.shared * game.samples)
    odds = [(game.disagree + game.worse) / 2, (game.disagree - game.worse) / 2, 1 - game.disagree]
    liars = round(game.lying * game.jurors)
    alone, together = 0, 0
    for begun in range(0, game.rounds, _AT_ONCE):
        rounds = min(_AT_ONCE, game.rounds - begun)
        shared = rng.multinomial(common, odds, (rounds, 1))
        own = rng.multinomial(game.samples - common, odds, (rounds, game.jurors - liars))
        rejects = _decide(game, (shared + own)[..., 0], (shared + own)[..., 1])
        lie = 0 if game.worse > game.tolerance else liars
        alone += int(rejects.sum())
        together += int((2 * (rejects.sum(axis=1) + lie) > game.jurors).sum())
        tick(rounds)
    record = {
        "rounds": game.rounds,
        "juror_rejects": round(alone / game.rounds / (game.jurors - liars), 6),
        "jury_rejects": round(together / game.rounds, 6),
        "wall_seconds": round(time.monotonic() - began, 3),
    }
    keep(folder / RECORD, record)


def _decide(game: JuryGame, lost: Any, won: Any) -> Any:
    """Return whether each juror rejects, who lost and won so many samples."""
    import numpy as np

    pairs, where = np.unique(np.stack([lost.ravel(), won.ravel()]), axis=1, return_inverse=True)
    found = [_rejects(game, int(down), int(up)) for down, up in pairs.T]
    return np.array(found)[where.ravel()].reshape(lost.shape)


def _rejects(game: JuryGame, lost: int, won: int) -> bool:
    if game.judge == PAPER:
        return is_below(won / game.samples, lost / game.samples, game.tolerance)
    candidate = [0.0] * lost + [1.0] * won + [1.0] * (game.samples - lost - won)
    reference = [1.0] * lost + [0.0] * won + [1.0] * (game.samples - lost - won)
    return compare(candidate, reference, game.tolerance, get_level(game.jurors)).is_worse


read = read_from(RECORD)
"""Return the run's record."""
