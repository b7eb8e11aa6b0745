"""What malicious clients do, by name: what they train on, how, what they send, how they vote.

An honest client trains on its data by the federation's configuration and sends the result. An `Attack` may
replace the data before training (`before`), the configuration (`settle`), and the weights after it (`after`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from clients.learning.schema import WEIGHT_LIMIT, Weights
from clients.learning.tensors import Samples
from clients.learning.train import TrainConfig
from clients.types.errors import RequestError, unknown_name

Before = Callable[[Samples, int], Samples]
Settle = Callable[[TrainConfig], TrainConfig]
After = Callable[[Weights, Weights, int], Weights]


def _same_data(data: Samples, num_classes: int) -> Samples:
    return data


def _same_config(config: TrainConfig) -> TrainConfig:
    return config


def _same_weights(trained: Weights, start: Weights, seed: int) -> Weights:
    return trained


@dataclass(frozen=True)
class Attack:
    """A malicious behaviour.

    `before(data, num_classes)`, `settle(config)` and `after(trained, start, seed)`, where `start` is the
    global model that the round began with, all default to what an honest client does. `poisons` is whether it
    makes bad models; `lies` whether its votes say the opposite of what it found.
    """

    name: str
    before: Before = _same_data
    settle: Settle = _same_config
    after: After = _same_weights
    poisons: bool = True
    lies: bool = False


def parse(spec: str) -> Attack:
    """Return the attack `NAME` or `NAME:NUMBER`; raise `RequestError` for an unknown name or a bad number."""
    name, colon, text = spec.partition(":")
    if name not in ATTACKS:
        raise unknown_name("attack", name, ATTACKS)
    make, default = ATTACKS[name]
    if default is None:
        if colon:
            raise RequestError(f"attack {spec!r}: {name} takes no number")
        return make(0.0)
    try:
        strength = float(text) if colon else default
    except ValueError:
        strength = math.nan
    if not (math.isfinite(strength) and strength > 0):
        raise RequestError(f"attack {spec!r}: expected {name}:NUMBER, above 0 (without it, {default:g})")
    return make(strength)


def combine(attacks: Sequence[Attack]) -> Attack:
    """Return one attack that does all of these, in their order; with none, an honest client's behaviour."""
    honest = Attack("honest", poisons=False)
    return reduce(_both, attacks) if attacks else honest


def flip_labels(data: Samples, num_classes: int) -> Samples:
    """Return the samples with every label wrong: the next class, the last becoming 0; or all negated."""
    if data.y.is_floating_point():
        return data.with_labels(1.0 - data.y)
    return data.with_labels((data.y + 1) % num_classes)


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


def _lying_votes(_: float) -> Attack:
    return Attack("lying_votes", poisons=False, lies=True)


ATTACKS: Mapping[str, tuple[Callable[[float], Attack], float | None]] = MappingProxyType(
    {
        "label_flip": (_label_flip, None),
        "label_flip_low_divergence": (_label_flip_low_divergence, 1.0),
        "gaussian_noise": (_gaussian_noise, 1.0),
        "sign_flip": (lambda strength: _scaled("sign_flip", -strength), 1.0),
        "scaled_update": (lambda strength: _scaled("scaled_update", strength), 10.0),
        "lying_votes": (_lying_votes, None),
    }
)
"""Name -> (how to make it from a strength, the default strength or None where it takes none)."""


def _bounded(array: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return float32 weights within the schema's bound: an attacker wants to be judged, not refused."""
    limit = float(np.nextafter(np.float32(WEIGHT_LIMIT), np.float32(0)))
    bounded: NDArray[np.float32] = np.clip(array, -limit, limit).astype(np.float32)
    return bounded


def _both(first: Attack, second: Attack) -> Attack:
    return Attack(
        name=f"{first.name}+{second.name}",
        before=lambda data, num_classes: second.before(first.before(data, num_classes), num_classes),
        settle=lambda config: second.settle(first.settle(config)),
        after=lambda trained, start, seed: second.after(first.after(trained, start, seed), start, seed),
        poisons=first.poisons or second.poisons,
        lies=first.lies or second.lies,
    )
