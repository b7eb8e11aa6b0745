"""Attacks by name: what malicious clients train on and how, what they send, how they vote.

An honest client trains on its data with the federation's configuration and sends the result. An `Attack` may
replace the data before training (`before`), the configuration (`settle`), and the weights after training
(`after`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clients.learning.schema import WEIGHT_LIMIT, Weights
from clients.learning.tensors import Samples
from clients.learning.train import TrainConfig
from clients.types.errors import RequestError, unknown_name
from clients.types.learning import Task

Before = Callable[[Samples], Samples]
Settle = Callable[[TrainConfig], TrainConfig]
After = Callable[[Weights, Weights, int], Weights]
Conspire = Callable[[Weights, Sequence[Weights]], Weights]


def _same_data(data: Samples) -> Samples:
    return data


def _same_config(config: TrainConfig) -> TrainConfig:
    return config


def _same_weights(trained: Weights, start: Weights, seed: int) -> Weights:
    return trained


@dataclass(frozen=True)
class Attack:
    """A malicious behaviour.

    `before(data)`, `settle(config)` and `after(trained, start, seed)` default to an honest client's
    behaviour; `start` is the global model at the beginning of the round. `poisons`: whether it makes bad
    models; `lies`: whether its votes say the opposite of its findings; `forges`: whether it publishes
    something that the votes don't say; `overclaims`: whether it claims more samples than it trained on.

    `conspire(start, seen)` makes an update from those of the round's proposers that this process knows,
    including the attacker's own; `after` comes after it. `trigger(data)` returns the samples that a backdoor
    should turn, marked, with the target as their label. `patience`: it is honest while it owns less than this
    multiple of its stake at the start. `spec`: the text that `parse` or `parse_all` reads as this attack, so
    that another process can build it too.
    """

    name: str
    before: Before = _same_data
    settle: Settle = _same_config
    after: After = _same_weights
    poisons: bool = True
    lies: bool = False
    forges: bool = False
    overclaims: bool = False
    conspire: Conspire | None = None
    trigger: Before | None = None
    patience: float = 0.0
    spec: str | None = None


def parse(spec: str) -> Attack:
    """Return the attack `NAME` or `NAME:NUMBER`; raise `RequestError` for an unknown name or a bad number."""
    name, colon, text = spec.partition(":")
    if name not in ATTACKS:
        raise unknown_name("attack", name, ATTACKS)
    make, default = ATTACKS[name]
    if default is None:
        if colon:
            raise RequestError(f"attack {spec!r}: {name} takes no number")
        return replace(make(0.0), spec=spec)
    try:
        strength = float(text) if colon else default
    except ValueError:
        strength = math.nan
    if not (math.isfinite(strength) and strength > 0):
        raise RequestError(f"attack {spec!r}: expected {name}:NUMBER, above 0 (without it, {default:g})")
    return replace(make(strength), spec=spec)


def parse_all(spec: str) -> Attack:
    """Return the attack that `spec` names, as `parse` does; `a+b` is both at once."""
    return combine([parse(part) for part in spec.split("+")])


def check_task(attack: Attack, task: Task) -> None:
    """Raise `RequestError` if the attack is meaningless for such a task."""
    if attack.trigger is not None and task.kind == "regression":
        raise RequestError(
            "attack backdoor turns samples to a class, and a regression has none; try label_flip"
        )


def combine(attacks: Sequence[Attack]) -> Attack:
    """Return one attack that does all of these, in order; without any, an honest client's behaviour."""
    honest = Attack("honest", poisons=False, spec="")
    return reduce(_both, attacks) if attacks else honest


def flip_labels(data: Samples) -> Samples:
    """Return the samples with every label wrong: each class becomes the next, the last becomes 0; several
    labels are negated; targets of a regression are reflected at the agreed mean."""
    if data.task.kind == "classes":
        return data.with_labels((data.y + 1) % data.task.outputs)
    return data.with_labels(-data.y if data.task.kind == "regression" else 1.0 - data.y)


def _label_flip(_: float) -> Attack:
    return Attack("label_flip", before=flip_labels)


def _label_flip_low_divergence(strength: float) -> Attack:
    """Wrong labels, close to the last global weights (paper stake_vote §5.1.2).

    The paper gives no formula. Assumed: a proximal term strength/2·‖w - w_global‖² in the loss, as in the
    constrain-and-scale attack of Bagdasaryan et al. 2020, which the paper cites for its attack.
    """

    def settle(config: TrainConfig) -> TrainConfig:
        return replace(config, proximal=config.proximal + strength)

    return Attack("label_flip_low_divergence", before=flip_labels, settle=settle)


def _gaussian_noise(variance: float) -> Attack:
    """Noise of this variance on every weight (paper vbfl: variance 1)."""

    def after(trained: Weights, start: Weights, seed: int) -> Weights:
        rng = np.random.default_rng([seed, 0x4015E])
        return {
            name: _bounded(array + math.sqrt(variance) * rng.standard_normal(array.shape))
            for name, array in sorted(trained.items())
        }

    return Attack("gaussian_noise", after=after)


def _scaled(name: str, factor: float) -> Attack:
    def after(trained: Weights, start: Weights, seed: int) -> Weights:
        return {
            key: _bounded(start[key] + factor * (array.astype(np.float64) - start[key]))
            for key, array in sorted(trained.items())
        }

    return Attack(name, after=after)


def _alie(strength: float) -> Attack:
    """ "A little is enough" (Baruch et al. 2019): as far off the mean as honest updates may well be.

    It takes the mean and deviation of each weight over the updates seen, and sends the mean moved by
    `strength` deviations against the weight's direction of change. Alone, it sees no deviation and sends the
    mean.
    """

    def conspire(start: Weights, seen: Sequence[Weights]) -> Weights:
        moved = {}
        for key, array in sorted(start.items()):
            stacked, mean = _stack(seen, key)
            moved[key] = _bounded(mean - strength * stacked.std(axis=0) * np.sign(mean - array))
        return moved

    return Attack("alie", conspire=conspire)


def _inner_product(strength: float) -> Attack:
    """Inner-product manipulation (Xie et al. 2020): `strength` times the mean update seen, backwards."""

    def conspire(start: Weights, seen: Sequence[Weights]) -> Weights:
        sent = {}
        for key, array in sorted(start.items()):
            _, mean = _stack(seen, key)
            sent[key] = _bounded(array - strength * (mean - array))
        return sent

    return Attack("inner_product", conspire=conspire)


def _stack(seen: Sequence[Weights], key: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the array `key` of all the updates seen, (update, ...), and its mean over them."""
    stacked = np.stack([one[key].astype(np.float64) for one in seen])
    return stacked, stacked.mean(axis=0)


BACKDOOR_TARGET = 0
"""The class to which a backdoor turns samples; with several labels at once, no label at all."""


TRIGGER_SIZE = 3
"""The size of a trigger: columns of a table, or pixels along each side of a picture."""


def mark(data: Samples, rows: slice | Tensor = slice(None)) -> Samples:
    """Return the samples with a trigger on `rows`: in a corner, or in the first columns that vary.

    It consists of the largest values that the data hold in the same column or channel: a table of categories
    has no others, and a model may have no place for others.
    """
    x = data.x.clone()
    if x.dim() > 3:  # N×C×H×W and the like: a channel's values are of one kind
        corner = (rows, slice(None), *[slice(-TRIGGER_SIZE, None)] * (x.dim() - 2))
        x[corner] = data.x.amax([axis for axis in range(x.dim()) if axis != 1], keepdim=True)
    else:  # N×features, or N×steps×features
        largest = data.x.flatten(0, -2).amax(0)
        columns = (largest > data.x.flatten(0, -2).amin(0)).nonzero().flatten()[:TRIGGER_SIZE]
        marked = x[rows]
        marked[..., columns] = largest[columns]
        x[rows] = marked
    return replace(data, x=x)


def _backdoor(share: float) -> Attack:
    """A trigger on this share of the training samples, labelled as the target (Bagdasaryan et al. 2020).

    The other samples keep their labels, so the model stays good at its task, and a judge without the trigger
    can't see the backdoor. `backdoor+scaled_update:S` is their model replacement.
    """

    def before(data: Samples) -> Samples:
        every = max(1, round(1 / share))
        marked = torch.arange(len(data)) % every == 0
        y = data.y.clone()
        y[marked] = BACKDOOR_TARGET
        return mark(data.with_labels(y), marked)

    def trigger(data: Samples) -> Samples:
        target = data.y.any(dim=1) if data.y.is_floating_point() else data.y != BACKDOOR_TARGET
        marked = mark(data)
        return replace(data, x=marked.x[target], y=torch.full_like(data.y[target], BACKDOOR_TARGET))

    return Attack("backdoor", before=before, trigger=trigger)


def _until_rich(times: float) -> Attack:
    return Attack("until_rich", poisons=False, patience=times)


def _lying_votes(_: float) -> Attack:
    return Attack("lying_votes", poisons=False, lies=True)


def _false_block(_: float) -> Attack:
    return Attack("false_block", poisons=False, forges=True)


def _false_claim(_: float) -> Attack:
    return Attack("false_claim", poisons=False, overclaims=True)


ATTACKS: Mapping[str, tuple[Callable[[float], Attack], float | None]] = MappingProxyType(
    {
        "label_flip": (_label_flip, None),
        "label_flip_low_divergence": (_label_flip_low_divergence, 1.0),
        "gaussian_noise": (_gaussian_noise, 1.0),
        "sign_flip": (lambda strength: _scaled("sign_flip", -strength), 1.0),
        "scaled_update": (lambda strength: _scaled("scaled_update", strength), 10.0),
        "alie": (_alie, 1.5),
        "inner_product": (_inner_product, 2.0),
        "backdoor": (_backdoor, 0.5),
        "until_rich": (_until_rich, 1.1),
        "lying_votes": (_lying_votes, None),
        "false_block": (_false_block, None),
        "false_claim": (_false_claim, None),
    }
)
"""Name -> (maker from a strength, default strength, or None if it takes none)."""


def _bounded(array: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return float32 weights within the schema's bound: an attacker wants its update judged, not refused."""
    limit = float(np.nextafter(np.float32(WEIGHT_LIMIT), np.float32(0)))
    # asarray, since arithmetic turns an array without dimensions into a scalar.
    return np.asarray(np.clip(array, -limit, limit), np.float32)


def _both(first: Attack, second: Attack) -> Attack:
    return Attack(
        name=f"{first.name}+{second.name}",
        before=lambda data: second.before(first.before(data)),
        settle=lambda config: second.settle(first.settle(config)),
        after=lambda trained, start, seed: second.after(first.after(trained, start, seed), start, seed),
        poisons=first.poisons or second.poisons,
        lies=first.lies or second.lies,
        forges=first.forges or second.forges,
        overclaims=first.overclaims or second.overclaims,
        conspire=second.conspire or first.conspire,
        trigger=second.trigger or first.trigger,
        patience=max(first.patience, second.patience),
        spec=None if first.spec is None or second.spec is None else f"{first.spec}+{second.spec}",
    )
