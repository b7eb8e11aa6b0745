"""What the members of a federation agree on before they learn: the task, the data's form, the training.

These are facts of the federation. One member's data, such as its highest label, decide none of them.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from clients.types.errors import RequestError
from clients.types.federation import EPOCHS_MAX
from clients.types.settings import check_name, check_range, option, plain, read_numbers

METRICS = ("accuracy", "auroc")
OPTIMIZERS = ("adam", "sgd")
AUTO = "auto"
LAYOUTS = {
    "NF": "rows of a table",
    "NTF": "sequences",
    "NHW": "pictures of one channel",
    "NCHW": "pictures, channels first",
    "NHWC": "pictures, channels last",
    "NDHW": "volumes of one channel",
    "NCDHW": "volumes, channels first",
    "NDHWC": "volumes, channels last",
}
"""The axes of an array of samples: N samples, F features, T steps of time, C channels, D×H×W voxels."""
CANONICAL = {1: "NF", 2: "NTF", 3: "NCHW", 4: "NCDHW"}
"""The layout in which models get samples, by the number of a sample's axes."""
_OUTPUTS_MAX = 2**20
_TASKS = "classes:K, binary, labels:K, regression or regression:K"

Kind = Literal["classes", "labels", "regression"]
_GUESSES: dict[Kind, str] = {
    "classes": "the largest class",
    "labels": "the larger side of each label",
    "regression": "the mean",
}


@dataclass(frozen=True, slots=True)
class Task:
    """What a model predicts: one of `outputs` classes, which of `outputs` labels are true, or `outputs`
    numbers."""

    kind: Kind
    outputs: int

    def __post_init__(self) -> None:
        fewest = 2 if self.kind == "classes" else 1
        if not fewest <= self.outputs <= _OUTPUTS_MAX:
            raise RequestError(
                f"task {self.kind}:{self.outputs}: K must lie between {fewest} and {_OUTPUTS_MAX}."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the task that `text` names; `str` gives the text back."""
        kind, colon, count = text.partition(":")
        if text == "binary":
            return cls("classes", 2)
        if text == "regression":
            return cls("regression", 1)
        if colon and count.isascii() and count.isdigit() and len(count) < 10:
            for known in _GUESSES:
                if kind == known:
                    return cls(known, int(count))
        raise RequestError(f"task {text!r}: expected {_TASKS}; K is how many.")

    def __str__(self) -> str:
        if self == Task("classes", 2):
            return "binary"
        return "regression" if self == Task("regression", 1) else f"{self.kind}:{self.outputs}"

    @property
    def ranked(self) -> bool:
        """Whether outputs can be judged by the area under the ROC curve."""
        return self.kind == "labels" or (self.kind == "classes" and self.outputs == 2)

    @property
    def scores_shares(self) -> bool:
        """Whether the score called `accuracy` is a share of right answers; else it is R²."""
        return self.kind != "regression"

    @property
    def score(self) -> str:
        """The name for people of the score called `accuracy`."""
        return "accuracy" if self.scores_shares else "R²"

    @property
    def guess(self) -> str:
        """How one guesses without looking at a sample, in words."""
        return _GUESSES[self.kind]

    def tell(self, score: float) -> str:
        """Return the score for people: a share in percent, or R²."""
        return f"{score:.1%}" if self.scores_shares else f"{score:.3f}"


@dataclass(frozen=True, slots=True)
class Constants:
    """The constants that standardise columns and targets: (x - mean) / scale. Empty: they are used as they
    are."""

    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    target_mean: tuple[float, ...] = ()
    target_scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for means, scales, what in (
            (self.mean, self.scale, ""),
            (self.target_mean, self.target_scale, "target_"),
        ):
            if len(means) != len(scales):
                raise RequestError(
                    f"standardize: {what}mean has {len(means)} numbers, but {what}scale {len(scales)}."
                )
            if not all(math.isfinite(one) for one in (*means, *scales)) or not all(one > 0 for one in scales):
                raise RequestError(f"standardize: {what}mean must be finite, and {what}scale above 0.")
        if not self.mean and not self.target_mean:
            raise RequestError("standardize: mean and scale, or target_mean and target_scale, are needed.")

    @classmethod
    def read(cls, value: Any) -> "bool | Constants":
        """Return the value of `standardize` in a table: true, false, or a table of constants."""
        if isinstance(value, bool | Constants):
            return value
        names = ("mean", "scale", "target_mean", "target_scale")
        if not isinstance(value, dict):
            raise RequestError(f"standardize = {value!r}: true, false or a table of constants is needed.")
        for name in value:
            check_name("constant in standardize:", name, names)
        return cls(**{name: read_numbers(f"standardize: {name}", one) for name, one in value.items()})


@dataclass(frozen=True, slots=True)
class Form:
    """The form that data must have, as far as the settings say; or the form that they have, once they are
    read.

    `task` None, or an empty `shape` or `layout`: the data decide. `standardize` true: by the data's own
    constants.
    """

    task: Task | None = None
    shape: tuple[int, ...] = ()
    layout: str = ""
    standardize: bool | Constants = False


@dataclass(frozen=True, slots=True)
class Learning:
    """The settings that all members of a federation share; `RequestError` says which is impossible."""

    model: str = option("mlp", "a name, or package.module:factory")
    task: str = option(AUTO, f"what models predict: {AUTO} (the data tell), {_TASKS}")
    shape: tuple[int, ...] = option((), "a sample's axes, channels before height and width")
    standardize: bool | Constants = option(
        False, "scale every column, or channel, by its mean and deviation", read=Constants.read
    )
    seed: int = option(1, "fixes the run")
    local_epochs: int = option(5, "epochs a proposer trains")
    batch_size: int = option(16, "samples a step")
    learning_rate: float = option(0.001, "step size")
    optimizer: str = option("adam", ", ".join(OPTIMIZERS))
    metric: str = option("accuracy", "score of a voter and of the run: " + ", ".join(METRICS))

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        for name, known in (("metric", METRICS), ("optimizer", OPTIMIZERS)):
            check_name(name, getattr(self, name), known)
        check_range("seed", self.seed, 0, 2**63 - 1)
        check_range("local_epochs", self.local_epochs, 1, EPOCHS_MAX)
        check_range("batch_size", self.batch_size, 1, 1_000_000)
        check_range("learning_rate", self.learning_rate, 1e-12, 1e3)
        if self.shape and (len(self.shape) not in CANONICAL or min(self.shape) < 1):
            raise RequestError(
                f"shape = {list(self.shape)}: 1 to {len(CANONICAL)} numbers, from 1 on, are needed."
            )
        task = self.known_task
        if task is not None and self.metric == "auroc" and not task.ranked:
            raise RequestError(f"metric auroc: the task {task} takes {METRICS[0]}.")
        if isinstance(self.standardize, Constants):
            _check_constants(self.standardize, task, self.shape)

    @property
    def known_task(self) -> Task | None:
        """The task, if the settings say."""
        return None if self.task == AUTO else Task.parse(self.task)

    def agreement(self) -> dict[str, Any]:
        """Return only these settings, in the shape of TOML and JSON."""
        return plain(self, Learning)

    def require_whole(self, where: str) -> None:
        """Raise `RequestError` if a setting is left for a member's own data to decide."""
        task = self.known_task
        missing = [name for name, said in (("task", task), ("shape", self.shape)) if not said]
        constants = self.standardize
        unsaid = task is not None and task.kind == "regression" and constants is False
        if constants is True or unsaid:
            missing.append("the constants of standardize")
        if missing:
            raise RequestError(
                f"{where} doesn't say {' and '.join(missing)}, which all members must have alike. "
                "`python -m clients.genesis --learning FILE` writes all of them."
            )


AGREED = tuple(item.name for item in fields(Learning))
"""The names of the agreed settings."""


@dataclass(frozen=True, slots=True)
class Recipe(Learning):
    """All that data and model of every participant follow from: the same recipe gives the same anywhere."""

    dataset: str = option("digits", "a name, an .npz file, or package.module:factory")
    layout: str = option(AUTO, "axes of the data: " + ", ".join((AUTO, *LAYOUTS)))
    partition: str = option("iid", "iid, dirichlet:ALPHA, shards:K, writer, quantity:ALPHA")
    clients: int = option(20, "participants")
    validation: float = option(
        0.2, "share of a participant's data kept for judging; 0: all judge on the data set's test part"
    )

    def __post_init__(self) -> None:
        """Check every setting alone and all of them together."""
        Learning.__post_init__(self)
        check_name("layout", self.layout, (AUTO, *LAYOUTS))
        check_range("clients", self.clients, 1, 1_000_000)
        if self.validation:
            check_range("validation", self.validation, 0.01, 0.9)

    @property
    def form(self) -> Form:
        """What the data are to look like, as far as it is said."""
        layout = "" if self.layout == AUTO else self.layout
        return Form(self.known_task, self.shape, layout, self.standardize)

    def with_form(self, form: Form) -> Self:
        """Return the settings with the form that the data have; `RequestError` where they don't fit."""
        return replace(
            self,
            task=str(form.task or AUTO),
            shape=form.shape,
            layout=form.layout or AUTO,
            standardize=form.standardize,
        )


def count_columns(shape: tuple[int, ...]) -> int:
    """Return how many columns a sample has: channels of pictures and volumes, else its last axis."""
    return shape[0] if len(shape) > 2 else shape[-1]


def _check_constants(constants: Constants, task: Task | None, shape: tuple[int, ...]) -> None:
    columns, targets = len(constants.mean), len(constants.target_mean)
    if shape and columns not in (0, count_columns(shape)):
        raise RequestError(
            f"standardize: mean has {columns} numbers, but a sample {count_columns(shape)} columns."
        )
    wanted = task.outputs if task is not None and task.kind == "regression" else 0
    if task is not None and targets != wanted:
        raise RequestError(f"standardize: target_mean has {targets} numbers; the task {task} takes {wanted}.")
