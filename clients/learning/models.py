"""Models by name, built for the shape of a data set, with weights that follow from a seed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from clients.learning.datasets import Dataset, import_object
from clients.learning.tensors import Samples
from clients.learning.trial import check_model, tell, told
from clients.types.errors import RequestError, UnavailableError, unknown_name

Shape = tuple[int, ...]
_LARGEST_SMALL_IMAGE = 32


def build(name: str, shape: Shape, num_classes: int, seed: int, samples: Tensor | None = None) -> nn.Module:
    """Return the model called `name`, on the CPU, for samples of `shape` and `num_classes` outputs (logits).

    `name` is one of `MODELS`, or `package.module:factory`, a function of `(shape, num_classes)` that returns
    an `nn.Module`. The same seed gives the same weights. Torch's global random state doesn't change. The
    model is tried on two `samples`, by default zeros.

    Raises `RequestError` for an unknown name, or a model that can't be used; see `check_model`.
    """
    if name in MODELS:
        factory: Callable[[Shape, int], Any] = MODELS[name]
    elif ":" in name:
        factory = import_object("model", name)
    else:
        raise unknown_name("model", name, MODELS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model = factory(shape, num_classes)
        except (RequestError, UnavailableError):
            raise
        except Exception as error:
            raise RequestError(f"model {name}: cannot be built for {told(shape)}: {tell(error)}") from error
        if not isinstance(model, nn.Module):
            raise RequestError(
                f"model {name}: the factory returned {type(model).__name__}; expected an nn.Module"
            )
        check_model(name, model, torch.zeros(2, *shape) if samples is None else samples, num_classes)
    return model.train()


def build_for(name: str, dataset: Dataset, seed: int) -> nn.Module:
    """Return the model called `name` for a data set, tried on its first samples; see `build`."""
    two = np.resize(np.arange(min(len(dataset.x_train), 2)), 2)
    samples = Samples.of(dataset.x_train[two], dataset.y_train[two], task=dataset.task).x
    return build(name, dataset.shape, dataset.task.outputs, seed, samples)


def _logistic(shape: Shape, num_classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(_features(shape), num_classes))


def _mlp(shape: Shape, num_classes: int) -> nn.Module:
    """3 layers, 128 nodes in each but the last (paper stake_vote §5.1.2)."""
    return dense(shape, (128, 128), num_classes)


def _mnist_2nn(shape: Shape, num_classes: int) -> nn.Module:
    """2 hidden layers of 200 (McMahan et al. 2017): 199,210 weights on MNIST."""
    return dense(shape, (200, 200), num_classes)


def _mnist_cnn(shape: Shape, num_classes: int) -> nn.Module:
    """5×5 convolutions of 32 and 64, 512 nodes (McMahan et al. 2017): 1,663,370 weights for MNIST."""
    channels = _image("mnist_cnn", shape)[0]
    features = nn.Sequential(
        nn.Conv2d(channels, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    return nn.Sequential(
        features, nn.Linear(_width(features, shape), 512), nn.ReLU(), nn.Linear(512, num_classes)
    )


def _cnn(shape: Shape, num_classes: int) -> nn.Module:
    """Two 5×5 convolutions of 64 channels, then 384 and 192 nodes: McMahan et al. 2017 for CIFAR-10."""
    channels = _image("cnn", shape)[0]
    features = nn.Sequential(
        nn.Conv2d(channels, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(64, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Flatten(),
    )
    return nn.Sequential(
        features,
        nn.Linear(_width(features, shape), 384),
        nn.ReLU(),
        nn.Linear(384, 192),
        nn.ReLU(),
        nn.Linear(192, num_classes),
    )


def _alexnet(shape: Shape, num_classes: int) -> nn.Module:
    """AlexNet's five convolutions and three dense layers, with kernels and widths for small pictures."""
    channels = _image("alexnet", shape)[0]
    features = nn.Sequential(
        nn.Conv2d(channels, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.Flatten(),
    )
    return nn.Sequential(
        features,
        nn.Dropout(),
        nn.Linear(_width(features, shape), 1024),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(1024, 1024),
        nn.ReLU(),
        nn.Linear(1024, num_classes),
    )


def _densenet121(shape: Shape, num_classes: int) -> nn.Module:
    """DenseNet-121 for small pictures of any number of channels.

    Up to 32 pixels the stem is one 3×3 convolution without stride or pooling; above, it is ImageNet's.
    """
    return _densenet("densenet121", shape, num_classes, growth=32, blocks=(6, 12, 24, 16), first=64)


def _densenet_small(shape: Shape, num_classes: int) -> nn.Module:
    """DenseNet of 3 blocks with 4 layers each, growth 8, GroupNorm: some 20 times faster than the 121."""
    model = _densenet("densenet_small", shape, num_classes, growth=8, blocks=(4, 4, 4), first=16)
    return _with_group_norm(model, 4)


def _densenet(
    name: str, shape: Shape, num_classes: int, *, growth: int, blocks: tuple[int, ...], first: int
) -> nn.Module:
    channels, height, width = _image(name, shape)
    try:
        from torchvision.models import DenseNet
    except ImportError as error:
        raise UnavailableError(f"model {name} needs torchvision: pip install 'fedjury[vision]'") from error
    model: nn.Module = DenseNet(
        growth_rate=growth, block_config=blocks, num_init_features=first, num_classes=num_classes
    )
    features = model.get_submodule("features")
    assert isinstance(features, nn.Sequential)
    if max(height, width) <= _LARGEST_SMALL_IMAGE:
        features.conv0 = nn.Conv2d(channels, first, 3, padding=1, bias=False)
        features.pool0 = nn.Identity()
    elif channels != 3:
        features.conv0 = nn.Conv2d(channels, first, 7, stride=2, padding=3, bias=False)
    return model


def _densenet121_gn(shape: Shape, num_classes: int) -> nn.Module:
    """DenseNet-121 with GroupNorm (16 channels per group) instead of BatchNorm: no buffers to average."""
    return _with_group_norm(_densenet121(shape, num_classes), 16)


def _with_group_norm(model: nn.Module, channels: int) -> nn.Module:
    """Replace each BatchNorm by GroupNorm with `channels` channels per group."""
    for path, module in list(model.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            parent, _, name = path.rpartition(".")
            groups = nn.GroupNorm(module.num_features // channels, module.num_features)
            setattr(model.get_submodule(parent), name, groups)
    return model


MODELS: Mapping[str, Callable[[Shape, int], nn.Module]] = MappingProxyType(
    {
        "logistic": _logistic,
        "mlp": _mlp,
        "mnist_2nn": _mnist_2nn,
        "mnist_cnn": _mnist_cnn,
        "cnn": _cnn,
        "alexnet": _alexnet,
        "densenet121": _densenet121,
        "densenet121_gn": _densenet121_gn,
        "densenet_small": _densenet_small,
    }
)


def dense(shape: Shape, hidden: tuple[int, ...], num_classes: int) -> nn.Module:
    """Return a chain of dense layers; `hidden` is the number of nodes in each hidden layer."""
    layers: list[nn.Module] = [nn.Flatten()]
    width = _features(shape)
    for size in hidden:
        layers += [nn.Linear(width, size), nn.ReLU()]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, num_classes))


def convolving(shape: Shape, channels: tuple[int, ...], num_classes: int) -> nn.Module:
    """Return 3×3 convolutions with BatchNorm and 2×2 pooling, one for each number of `channels`, then dropout
    and a dense layer."""
    width, height, across = shape
    layers: list[nn.Module] = []
    for size in channels:
        layers += [nn.Conv2d(width, size, 3, padding=1), nn.BatchNorm2d(size), nn.ReLU(), nn.MaxPool2d(2)]
        width, height, across = size, height // 2, across // 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(width * height * across, num_classes)
    )


def _features(shape: Shape) -> int:
    return int(torch.Size(shape).numel())


def _image(name: str, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise RequestError(f"model {name} takes pictures; {told(shape)} are none. Use logistic or mlp")
    return shape[0], shape[1], shape[2]


def _width(features: nn.Module, shape: Shape) -> int:
    with torch.no_grad():
        return int(features(torch.zeros(1, *shape)).shape[1])
