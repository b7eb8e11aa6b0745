"""The two update rules, on lists of tensors.

Torch's own optimizers do the same arithmetic, and a test compares the two. But the first of torch's in a
process loads torch's compiler. That takes some four seconds, which a participant that wakes up to vote
doesn't have.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Optimizer(Protocol):
    """Changes parameters in place by their gradients."""

    def step(self, parameters: Sequence[Tensor]) -> None:
        """Apply and clear the gradients. The parameters are those of the last step, or their first rows."""


class Sgd:
    """Gradient descent, with momentum and weight decay as in `torch.optim.SGD`."""

    def __init__(self, learning_rate: float, momentum: float, weight_decay: float) -> None:
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocities: list[Tensor] = []

    @torch.no_grad()
    def step(self, parameters: Sequence[Tensor]) -> None:
        """Apply and clear the gradients."""
        steps = take_gradients(parameters)
        if self.weight_decay:
            torch._foreach_add_(steps, list(parameters), alpha=self.weight_decay)
        if self.momentum:
            if self.velocities:
                self.velocities = first_rows(self.velocities, parameters)
                torch._foreach_mul_(self.velocities, self.momentum)
                torch._foreach_add_(self.velocities, steps)
            else:
                self.velocities = [step.clone() for step in steps]
            steps = self.velocities
        torch._foreach_add_(list(parameters), steps, alpha=-self.learning_rate)


class Adam:
    """Adam (Kingma and Ba 2015), as `torch.optim.Adam` with its defaults.

    `fused` does a step in one pass over the weights, twice as fast if they outgrow the cache. But it rounds a
    tensor's last few elements differently, so a client's weights would depend on how many are stacked.
    Training together doesn't use it.
    """

    def __init__(self, learning_rate: float, weight_decay: float, fused: bool) -> None:
        self.fused = fused
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.count = 0
        self.means: list[Tensor] = []
        self.squares: list[Tensor] = []

    @torch.no_grad()
    def step(self, parameters: Sequence[Tensor]) -> None:
        """Apply and clear the gradients."""
        gradients = take_gradients(parameters)
        if not self.count:
            self.means = [torch.zeros_like(parameter) for parameter in parameters]
            self.squares = [torch.zeros_like(parameter) for parameter in parameters]
        self.means, self.squares = first_rows(self.means, parameters), first_rows(self.squares, parameters)
        self.count += 1
        if self.fused and parameters[0].device.type in ("cpu", "cuda"):
            self._fused(parameters, gradients)
        else:
            self._plain(parameters, gradients)

    def _fused(self, parameters: Sequence[Tensor], gradients: list[Tensor]) -> None:
        count = torch.tensor(float(self.count), device=parameters[0].device)
        torch._fused_adam_(
            list(parameters),
            gradients,
            self.means,
            self.squares,
            [],
            [count] * len(gradients),
            lr=self.learning_rate,
            beta1=_BETA_1,
            beta2=_BETA_2,
            weight_decay=self.weight_decay,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _plain(self, parameters: Sequence[Tensor], gradients: list[Tensor]) -> None:
        step_size = self.learning_rate / (1 - _BETA_1**self.count)
        root = (1 - _BETA_2**self.count) ** 0.5
        if self.weight_decay:
            torch._foreach_add_(gradients, list(parameters), alpha=self.weight_decay)
        torch._foreach_lerp_(self.means, gradients, 1 - _BETA_1)
        torch._foreach_mul_(self.squares, _BETA_2)
        torch._foreach_addcmul_(self.squares, gradients, gradients, value=1 - _BETA_2)
        scales = torch._foreach_sqrt(self.squares)
        torch._foreach_div_(scales, root)
        torch._foreach_add_(scales, _EPSILON)
        torch._foreach_addcdiv_(list(parameters), self.means, scales, value=-step_size)


def take_gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients, zeros for parameters that had no part in the loss, and clear them."""
    gradients = []
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is None:
            gradient = torch.zeros_like(parameter)
        gradients.append(gradient.to_dense() if gradient.is_sparse else gradient)
        parameter.grad = None
    return gradients


def first_rows(state: list[Tensor], parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return the state of the remaining rows, when some of the clients trained together have finished."""
    if state[0].shape == parameters[0].shape:
        return state
    return [tensor[: len(parameter)].clone() for tensor, parameter in zip(state, parameters, strict=True)]
