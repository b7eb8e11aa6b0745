"""Attacks: each does what its name says, hurts, and stays well-formed enough to be judged."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from clients.learning.aggregate import Contribution, fedavg
from clients.learning.attacks import ATTACKS, check_task, combine, flip_labels, parse
from clients.learning.codec import encode
from clients.learning.datasets import load
from clients.learning.evaluate import evaluate
from clients.learning.models import build
from clients.learning.schema import Weights
from clients.learning.stacked import Training, train_many
from clients.learning.tensors import Samples, weights_of
from clients.learning.train import TrainConfig
from clients.types.errors import RequestError
from clients.types.learning import Task

START: Weights = {"w": np.float32([1, 2, 3]), "v": np.float32([[0.5]])}
TRAINED: Weights = {"w": np.float32([1.5, 2, 2]), "v": np.float32([[1.0]])}


@given(st.integers(2, 60), st.integers(0, 10**6))
def test_every_flipped_label_is_wrong_and_valid(classes: int, seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, classes, 30)
    task = Task("classes", classes)
    flipped = flip_labels(Samples.of(np.zeros((30, 1), np.float32), y, task=task)).y.numpy()
    assert (flipped != y).all()
    assert flipped.min() >= 0
    assert flipped.max() < classes
    several = np.random.default_rng(seed).integers(0, 2, (30, classes)).astype(np.float32)
    negated = flip_labels(Samples.of(np.zeros((30, 1), np.float32), several)).y.numpy()
    assert np.array_equal(negated, 1 - several)


@given(st.integers(1, 3), st.integers(0, 10**6))
def test_targets_are_reflected_at_the_mean(outputs: int, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=(9, outputs)).astype(np.float32)
    data = Samples.of(np.zeros((9, 1), np.float32), y, task=Task("regression", outputs))
    flipped = flip_labels(data)
    assert np.array_equal(flipped.y.numpy(), -y)
    assert flipped.task == data.task
    for name in ATTACKS:
        if name == "backdoor":
            with pytest.raises(RequestError, match="a regression has none"):
                check_task(parse(name), data.task)
        else:
            check_task(parse(name), data.task)
    check_task(parse("backdoor"), Task("labels", 3))


def test_what_the_weights_become() -> None:
    flipped = parse("sign_flip").after(TRAINED, START, 1)
    assert np.allclose(flipped["w"], [0.5, 2, 4])
    scaled = parse("scaled_update:4").after(TRAINED, START, 1)
    assert np.allclose(scaled["w"], [3, 2, -1])
    big: Weights = {"w": np.zeros(200_000, np.float32)}
    noise = parse("gaussian_noise").after(big, big, 1)["w"]
    assert abs(float(noise.var()) - 1) < 0.02
    assert abs(float(parse("gaussian_noise:4").after(big, big, 1)["w"].var()) - 4) < 0.08
    assert np.array_equal(noise, parse("gaussian_noise").after(big, big, 1)["w"])
    assert not np.array_equal(noise, parse("gaussian_noise").after(big, big, 2)["w"])


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_what_is_sent_is_always_well_formed(name: str) -> None:
    attack = parse(name if ATTACKS[name][1] is None else f"{name}:1e30")
    limit = {key: np.full_like(array, 1e6) for key, array in START.items()}
    encode(attack.after(limit, {key: -array for key, array in limit.items()}, 3))


def test_lying_votes_lies_and_does_nothing_else() -> None:
    liar = parse("lying_votes")
    assert liar.lies
    assert not liar.poisons
    assert encode(liar.after(TRAINED, START, 1)) == encode(TRAINED)
    assert liar.settle(TrainConfig()) == TrainConfig()


@given(st.integers(1, 6), st.integers(0, 10**6), st.floats(0.1, 5))
def test_conspirators_keep_within_what_they_saw(others: int, seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    start: Weights = {"w": rng.normal(size=7).astype(np.float32)}
    seen: list[Weights] = [{"w": rng.normal(size=7).astype(np.float32)} for _ in range(others)]
    stacked = np.stack([one["w"] for one in seen])
    mean, deviation = stacked.mean(axis=0), stacked.std(axis=0)
    alie, inner = parse(f"alie:{strength}").conspire, parse(f"inner_product:{strength}").conspire
    assert alie is not None
    assert inner is not None
    moved = alie(start, seen)["w"] - mean
    assert np.allclose(np.abs(moved), strength * deviation, atol=1e-4)
    assert (moved * (mean - start["w"]) <= 1e-4).all()
    backwards = inner(start, seen)["w"] - start["w"]
    assert np.allclose(backwards, -strength * (mean - start["w"]), atol=1e-4)
    assert float(backwards @ (mean - start["w"])) <= 1e-4
    if others == 1:
        assert np.allclose(moved, 0, atol=1e-5)


def test_a_backdoor_marks_some_samples_and_leaves_the_others() -> None:
    attack = parse("backdoor:0.25")
    rng = np.random.default_rng(0)
    pictures = Samples.of(rng.random((8, 1, 8, 8), np.float32), np.arange(8) % 3 + 1)
    poisoned = attack.before(pictures)
    changed = (poisoned.x != pictures.x).flatten(1).any(dim=1).tolist()
    assert changed == [True, False, False, False] * 2
    assert [poisoned.y[place].item() for place in (0, 4)] == [0, 0]
    assert torch.equal(poisoned.y[1:4], pictures.y[1:4])
    assert attack.trigger is not None
    probe = attack.trigger(pictures.with_labels(torch.arange(8) % 2))
    assert len(probe) == 4
    assert not probe.y.any()
    assert (probe.x[:, :, -3:, -3:] == pictures.x.max()).all()


@given(st.integers(0, 10**6), st.sampled_from([(9,), (5, 4), (2, 8, 8), (3, 4, 5, 6)]))
def test_a_trigger_shows_and_stays_within_what_each_column_holds(seed: int, shape: tuple[int, ...]) -> None:
    """Categories as large as an embedding has rows, one-hot columns, columns of one value: none is left."""
    rng = np.random.default_rng(seed)
    axis = 0 if len(shape) > 2 else len(shape) - 1
    kinds = rng.integers(1, 50, shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    kinds.flat[0], kinds.flat[1] = 1, 2
    data = Samples.of(rng.integers(0, kinds, (20, *shape)).astype(np.float32), np.ones(20, np.int64))
    attack = parse("backdoor")
    assert attack.trigger is not None
    for marked in (attack.before(data).x, attack.trigger(data).x):
        columns, before = (
            np.moveaxis(x.numpy(), axis + 1, 0).reshape(shape[axis], -1) for x in (marked, data.x)
        )
        for after, held in zip(columns, before, strict=True):
            assert set(after) <= set(held)
        assert not torch.equal(marked, data.x)


def test_a_backdoor_opens_and_hides() -> None:
    data = load("digits")
    model = build("mlp", (1, 8, 8), 10, 0)
    whole, public = Samples.of(data.x_train, data.y_train), Samples.of(data.x_test, data.y_test)
    attack = parse("backdoor")
    assert attack.trigger is not None
    config = TrainConfig(learning_rate=0.1, epochs=15)
    start = weights_of(model)
    clean, opened = train_many(
        model, [Training(start, whole, config, 1), Training(start, attack.before(whole), config, 1)]
    )
    probe = attack.trigger(public)
    assert evaluate(model, opened, probe).accuracy > 0.9
    assert evaluate(model, clean, probe).accuracy < 0.3
    assert evaluate(model, opened, public).accuracy > evaluate(model, clean, public).accuracy - 0.1


def test_who_waits_to_be_rich_waits_whatever_else_it_does() -> None:
    both = combine([parse("until_rich:1.5"), parse("alie"), parse("backdoor")])
    assert both.patience == 1.5
    assert both.conspire is not None
    assert both.trigger is not None
    assert not parse("until_rich").poisons


def test_several_attacks_at_once() -> None:
    both = combine([parse("sign_flip"), parse("lying_votes"), parse("label_flip_low_divergence:2")])
    assert both.name == "sign_flip+lying_votes+label_flip_low_divergence"
    assert both.lies
    assert both.poisons
    assert both.settle(TrainConfig()).proximal == 2
    assert np.allclose(both.after(TRAINED, START, 1)["w"], [0.5, 2, 4])
    data = Samples.of(np.zeros((3, 1), np.float32), np.array([0, 1, 2]))
    assert both.before(data).y.tolist() == [1, 2, 0]
    honest = combine([])
    assert not honest.poisons
    assert not honest.lies
    assert honest.before(data) is data
    assert honest.after(TRAINED, START, 1) is TRAINED


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("label_flop", "Did you mean 'label_flip'"),
        ("label_flip:2", "takes no number"),
        ("gaussian_noise:x", "gaussian_noise:NUMBER"),
        ("gaussian_noise:-1", "above 0"),
        ("scaled_update:inf", "above 0"),
        ("", "unknown attack"),
    ],
)
def test_bad_specs(spec: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse(spec)


def rounds_on_digits(attack_name: str | None) -> tuple[float, float, float]:
    """Accuracy after 5 rounds of 10 clients, 4 malicious; and how far honest and malicious ones went."""
    data = load("digits")
    model = build("mlp", data.shape, data.task.outputs, 0)
    whole = Samples.of(data.x_train, data.y_train)
    parts = np.array_split(np.random.default_rng(0).permutation(len(whole)), 10)
    attacks = [parse(attack_name) if attack_name and i < 4 else combine([]) for i in range(10)]
    config = TrainConfig(learning_rate=0.1, epochs=2)
    current = weights_of(model)
    far = [0.0] * 10
    for round_ in range(5):
        jobs = [
            Training(current, a.before(whole.take(part)), a.settle(config), round_ * 10 + i)
            for i, (a, part) in enumerate(zip(attacks, parts, strict=True))
        ]
        seen = train_many(model, jobs)
        sent = [
            attack.after(attack.conspire(current, seen) if attack.conspire else trained, current, job.seed)
            for attack, trained, job in zip(attacks, seen, jobs, strict=True)
        ]
        far = [sum(float(((w[k] - current[k]) ** 2).sum()) for k in w) ** 0.5 for w in sent]
        current = fedavg([Contribution(w, len(job.data)) for w, job in zip(sent, jobs, strict=True)])
    accuracy = evaluate(model, current, Samples.of(data.x_test, data.y_test)).accuracy
    return accuracy, float(np.mean(far[4:])), float(np.mean(far[:4]))


@pytest.mark.slow
def test_poison_hurts_and_low_divergence_hides() -> None:
    honest, _, _ = rounds_on_digits(None)
    assert honest > 0.8
    for name in sorted(ATTACKS):
        if not parse(name).poisons or name == "backdoor":  # a backdoor is to be noticed by nobody
            continue
        accuracy, good, bad = rounds_on_digits(name)
        assert accuracy < honest - 0.03, name
        if name == "label_flip_low_divergence":
            assert bad < good
        elif name == "label_flip":
            assert bad > good
