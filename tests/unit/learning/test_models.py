"""Models: the papers' sizes, fixed by a seed, and refused where they don't fit."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from clients.learning.aggregate import Contribution, fedavg
from clients.learning.codec import decode, encode
from clients.learning.models import MODELS, build
from clients.learning.tensors import Samples, load_weights, schema_of, tensors_of, weights_of
from clients.learning.train import TrainConfig, train
from clients.types.errors import RequestError


@pytest.mark.parametrize(
    ("name", "shape", "classes", "size"),
    [
        ("mnist_2nn", (1, 28, 28), 10, 199_210),  # McMahan et al. 2017
        ("mnist_cnn", (1, 28, 28), 10, 1_663_370),  # McMahan et al. 2017
        ("mlp", (30,), 2, 30 * 128 + 128 + 128 * 128 + 128 + 128 * 2 + 2),
        ("logistic", (1, 8, 8), 10, 650),
        ("cnn", (3, 32, 32), 10, 1_756_426),
    ],
)
def test_sizes_are_the_papers(name: str, shape: tuple[int, ...], classes: int, size: int) -> None:
    assert schema_of(build(name, shape, classes, 0)).size == size


@pytest.mark.slow
def test_densenet121_is_torchvisions_but_for_stem_and_head() -> None:
    # ImageNet's has 6,953,856 parameters without its head; here is one input channel instead of three.
    model = build("densenet121", (1, 64, 64), 10, 0)
    assert sum(p.numel() for p in model.parameters()) == 6_953_856 - 2 * 64 * 49 + 10 * 1024 + 10
    small = build("densenet121", (1, 28, 28), 10, 0)
    assert small(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 64, 64)]
# Building a DenseNet takes a second: one size of each is enough here.
FITS = [
    pytest.param(name, shape, marks=pytest.mark.slow if "dense" in name else [])
    for name in sorted(MODELS)
    for shape in (SHAPES[1:2] if "dense" in name else SHAPES)
]


@pytest.mark.parametrize(("name", "shape"), FITS)
def test_every_model_takes_every_picture(name: str, shape: tuple[int, ...]) -> None:
    model = build(name, shape, 5, 3)
    schema = schema_of(model)
    weights = decode(encode(weights_of(model), schema), schema)
    load_weights(model, weights)
    assert encode(weights_of(model)) == encode(weights)


@pytest.mark.parametrize("name", ["logistic", "mlp", "mnist_2nn", "mnist_cnn", "cnn", "alexnet"])
def test_the_seed_fixes_the_weights_and_nothing_else_moves(name: str) -> None:
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = encode(weights_of(build(name, (1, 8, 8), 4, 11)))
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert encode(weights_of(build(name, (1, 8, 8), 4, 11))) == first
    assert encode(weights_of(build(name, (1, 8, 8), 4, 12))) != first


def test_running_means_travel_and_counts_stay_at_home() -> None:
    """BatchNorm: its float buffers are averaged exactly like weights, its whole-number one is left out."""
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3 * 36, 2))
    assert "1.running_var" in tensors_of(model)
    assert "1.num_batches_tracked" not in tensors_of(model)
    start = weights_of(model)
    rng = np.random.default_rng(0)
    ends = []
    for seed in range(3):
        data = Samples.of(rng.standard_normal((20, 1, 8, 8)).astype(np.float32), rng.integers(0, 2, 20))
        ends.append(train(model, start, data, TrainConfig(learning_rate=0.01), seed))
    assert not np.array_equal(ends[0]["1.running_mean"], start["1.running_mean"])
    average = fedavg([Contribution(weights, 20) for weights in ends])
    for name in ("1.running_mean", "1.running_var"):
        expected = np.mean([weights[name].astype(np.float64) for weights in ends], axis=0)
        np.testing.assert_allclose(average[name], expected, rtol=1e-6)
    assert (average["1.running_var"] >= 0).all()


OWN = """
import torch
from torch import nn
def good(shape, num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], num_classes))
def misshapen(shape, num_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_classes + 1))
def double(shape, num_classes):
    return good(shape, num_classes).double()
def infinite(shape, num_classes):
    model = good(shape, num_classes)
    nn.init.constant_(model[1].bias, float("nan"))
    return model
def no_module(shape, num_classes):
    return "model"
def breaks(shape, num_classes):
    raise ValueError("no such width")
"""


def test_models_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_models_module.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert schema_of(build("own_models_module:good", (1, 8, 8), 3, 0)).size == 64 * 3 + 3
        for name, says in (
            ("misshapen", r"two samples give \(2, 4\); expected shape \(2, 3\), one an output"),
            ("double", r"its weight 1\.weight is float64; only float32 is averaged"),
            ("infinite", r"1\.bias: weight 0 is nan"),
            ("no_module", "returned str; expected an nn.Module"),
            ("breaks", "ValueError: no such width"),
            ("absent", "has no function absent"),
        ):
            with pytest.raises(RequestError, match=says):
                build(f"own_models_module:{name}", (1, 8, 8), 3, 0)
    finally:
        sys.modules.pop("own_models_module", None)


def test_misfits_are_request_errors() -> None:
    with pytest.raises(RequestError, match=r"unknown model 'mnist_cn'\. Did you mean 'mnist_cnn'"):
        build("mnist_cn", (1, 8, 8), 3, 0)
    for name in ("mnist_cnn", "cnn", "alexnet", "densenet121"):
        with pytest.raises(RequestError, match="takes pictures"):
            build(name, (30,), 2, 0)
    with pytest.raises(RequestError, match="mnist_cnn"):
        build("mnist_cnn", (1, 2, 2), 2, 0)
