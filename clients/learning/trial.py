"""Tries a model before anybody relies on it, so that a faulty model is refused at once and not in round 3."""

import logging

import torch
from torch import Tensor, nn

from clients.learning.schema import MAX_HEADER, MAX_TENSORS, BadUpdate
from clients.learning.tensors import buffers_kept, load_weights, schema_of, tensors_of, weights_of
from clients.types.errors import RequestError

log = logging.getLogger(__name__)
OUT_OF_MEMORY = "out of memory"
"""How what `tell` says of want of memory begins."""


class _Unfit(Exception):
    """Why a model can't be used."""


def check_model(name: str, model: nn.Module, x: Tensor, outputs: int) -> None:
    """Try the model on two samples, `x`, as judges use it and as trainers do; leave it as it was.

    Raises `RequestError` saying what is wrong. The model must give `outputs` logits per sample, for a single
    sample too; its weights must be float32 and finite, and all must be sent; something in it must train.
    Samples of zeros can't show whether outputs are numbers.
    """
    try:
        _check_names(model)
        logits = _judge(model, x, outputs)
        _check_weights(model)
        _train(model, x, outputs)
    except (_Unfit, RequestError) as error:
        raise RequestError(f"model {name}: {error}") from error
    except BadUpdate as error:
        is_buffer = error.where in {name for name, _ in model.named_buffers()}
        advice = ". A buffer with persistent=False isn't sent" if is_buffer else ""
        raise RequestError(
            f"model {name}: its first weights are unusable: {error.where}: {error.why}{advice}"
        ) from error
    except Exception as error:
        raise RequestError(f"model {name}: it can't be used: {tell(error)}") from error
    sums = logits.float().sum(1)
    if outputs > 1 and bool((logits >= 0).all()) and torch.allclose(sums, torch.ones_like(sums)):
        log.warning(
            "model %s: each sample's outputs add up to 1. Is there a softmax at its end? Leave it out: the "
            "loss has its own, and with two the model learns slowly.",
            name,
        )


def refuses_one(model: nn.Module, x: Tensor) -> bool:
    """Return whether the model, in training, needs more than the one sample `x`, as BatchNorm does."""
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        return True
    model.train()
    # By trying: other libraries' norms, or a squeeze() that removes an axis too many, may fail as well.
    with buffers_kept(model), torch.random.fork_rng(_devices(x)), torch.no_grad():
        try:
            found = model(x.clone())
        except Exception:
            return True
        return not isinstance(found, Tensor) or found.dim() != 2 or len(found) != 1


def get_largest_column(x: Tensor) -> tuple[str, float]:
    """Return which column of a table, or channel of pictures, holds the largest number, and its size."""
    axis, kind = (1, "channel") if x.dim() > 3 else (x.dim() - 1, "column")
    sizes = x.abs().amax(dim=[other for other in range(x.dim()) if other != axis])
    place = int(sizes.argmax())
    return f"{kind} {place}", float(sizes[place])


def tell(error: BaseException) -> str:
    """Return a library's error in one line: its kind, the first line of its message, advice about memory."""
    first = next(iter(str(error).splitlines()), "")[:200]
    if is_memory(error):
        return (
            f"{OUT_OF_MEMORY} ({first or type(error).__name__}). Lower --batch-size, or take a smaller model"
        )
    return f"{type(error).__name__}: {first}"


def is_memory(error: BaseException) -> bool:
    """Return whether an error means that there was no memory left, here or on the device."""
    # torch's allocator on the CPU has no class of its own for it.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "not enough memory" in str(error)
    )


def told(shape: tuple[int, ...]) -> str:
    """Return a sample's shape as text."""
    return "samples of shape " + "×".join(map(str, shape))


def _devices(x: Tensor) -> list[torch.device]:
    return [x.device] if x.device.type == "cuda" else []


def _check_names(model: nn.Module) -> None:
    """Check that the weights are float32, and that a file can hold their names."""
    names = tensors_of(model)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and name not in names:
            raise _Unfit(f"its parameter {name} isn't in its state_dict, so nobody could send it")
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        raise _Unfit("a name of its weights can't be written as UTF-8") from None


def _judge(model: nn.Module, x: Tensor, outputs: int) -> Tensor:
    """Return the outputs for `x`, as for a judge; lazy layers get their shape here."""
    model.eval()
    with torch.no_grad():
        logits = _run(model, x, outputs, "")
        _run(model, x[:1], outputs, "")
    lazy = [name for name, one in model.named_parameters() if isinstance(one, nn.UninitializedParameter)]
    if lazy:
        raise _Unfit(f"its lazy {lazy[0]} has no shape yet: no sample comes by it")
    return logits


def _run(model: nn.Module, x: Tensor, outputs: int, when: str) -> Tensor:
    """Return the model's outputs; `when`: words for the occasion, if it isn't judging."""
    shape = tuple(x.shape[1:])
    try:
        found = model(x.clone())
    except Exception as error:
        raise _Unfit(f"it does not take {told(shape)}{when}: {tell(error)}") from error
    samples = "one sample gives" if len(x) == 1 else "two samples give"
    expected = len(x), outputs
    if not isinstance(found, Tensor):
        raise _Unfit(
            f"{samples} {type(found).__name__}{when}; expected a tensor, logits of shape {expected}. "
            "Return only that from forward"
        )
    if tuple(found.shape) != expected or not found.is_floating_point():
        kind = "" if found.is_floating_point() else f"{found.dtype} of shape "
        raise _Unfit(f"{samples} {kind}{tuple(found.shape)}{when}; expected shape {expected}, one an output")
    if bool(x.any()) and bool((found.isnan() | (found == torch.inf)).any()):
        column, largest = get_largest_column(x)
        raise _Unfit(
            f"its outputs for the first samples of the data are not finite{when}; {column} of these reaches "
            f"{largest:.3g}"
        )
    return found


def _check_weights(model: nn.Module) -> None:
    """Check that the first weights can be sent, and that received weights get into the model."""
    schema, first = schema_of(model), weights_of(model)
    if len(schema.header) > MAX_HEADER or len(schema.shapes) > MAX_TENSORS:
        raise _Unfit(
            f"it has {len(schema.shapes)} tensors, whose names take {len(schema.header)} bytes; "
            f"a file of weights names {MAX_TENSORS} in {MAX_HEADER} at most"
        )
    flat = schema.check(first)
    try:
        load_weights(model, schema.split(-flat))
        arrived = bool((schema.join(weights_of(model)) == -flat).all())
        load_weights(model, first)
    except (RuntimeError, NotImplementedError) as error:
        raise _Unfit(f"its weights can't be written: {tell(error)}") from error
    if not arrived:
        raise _Unfit("weights that are loaded into its state_dict don't arrive in it")
    if not any(one.requires_grad and one.numel() for one in model.parameters()):
        raise _Unfit("nothing of it trains: no parameter has requires_grad")


def _train(model: nn.Module, x: Tensor, outputs: int) -> None:
    """Check that the model can be trained on two samples; leave its weights and buffers as they were."""
    first = weights_of(model)
    model.train()
    when = " in training"
    try:
        with buffers_kept(model):
            logits = _run(model, x, outputs, when)
            if not logits.requires_grad:
                raise _Unfit("nothing of it trains: no gradient leads from its outputs to a parameter")
            logits.sum().backward()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise _Unfit(f"it can't be trained: {tell(error)}") from error
    finally:
        model.zero_grad(set_to_none=True)
        load_weights(model, first)
