"""Orders, scores and weights as plain data, between this process and its siblings.

A request is a header `{"do": ..., ...}` and perhaps weights. Its answer is a header and the weights that the
header lists, one file after the other. Readers check every answer, and raise `Garbled` for a wrong one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clients.learning.codec import decode, encode
from clients.learning.evaluate import Failure, Score
from clients.learning.frames import Garbled
from clients.learning.here import Here, Made, Order
from clients.learning.marks import Marks
from clients.learning.schema import BadUpdate, Schema, Weights
from clients.learning.train import Diverged
from clients.learning.trial import OUT_OF_MEMORY
from clients.types.errors import OwnTrouble

Answer = tuple[dict[str, Any], bytes]
MARKS_SIZE = 8 * len(Marks._fields)
"""The most bytes that the marks of one sample take."""


class Unsure(Exception):
    """A sibling ran out of memory; this process may get a result for the same work."""


class Bench:
    """The answering side: carries requests out, and remembers the weights that trainings start from."""

    def __init__(self, here: Here) -> None:
        self._here = here
        self._start: Weights = {}

    def do(self, request: Mapping[str, Any], body: bytes) -> Answer:
        """Return the answer to a request."""
        if request["do"] == "score":
            [row] = self._here.score([decode(body, self._here.schema)], request["sets"])
            return {"row": [_say_score(found) for found in row]}, _join_marks(row)
        if body:
            self._start = decode(body, self._here.schema)
        orders = [Order(*order) for order in request["orders"]]
        by, cores = request["metric"], request["cores"]
        if request["do"] == "first epochs":
            scores = self._here.score_first_epochs(self._start, orders, cores=cores)
            return {"scores": [_say_score(score) for score in scores]}, _join_marks(scores)
        made = self._here.train(self._start, orders, by, cores=cores)
        files = [encode(one.weights, self._here.schema) for one in made if isinstance(one, Made)]
        return {"made": [_say_made(one) for one in made]}, b"".join(files)


def ask_training(do: str, orders: Sequence[Order], metric: str, cores: int) -> dict[str, Any]:
    """Return the request to do orders: `train` or `first epochs`."""
    return {"do": do, "orders": [astuple(order) for order in orders], "metric": metric, "cores": cores}


def ask_score(sets: Sequence[int]) -> dict[str, Any]:
    """Return the request to score weights on each of `sets`."""
    return {"do": "score", "sets": list(sets)}


def read_made(answer: Answer, count: int, schema: Schema, *, drifts: bool) -> list[Made | OwnTrouble]:
    """Return the results of `count` orders."""
    said, files = _listed(answer[0], "made", count), answer[1]
    results: list[Made | OwnTrouble] = []
    for one in said:
        if trouble := _read_trouble(one):
            results.append(trouble)
            continue
        drift = _read_number(one.get("drift")) if drifts else None
        try:
            results.append(Made(decode(files[: schema.encoded_size], schema), drift))
        except BadUpdate as error:
            raise Garbled(f"weights came back wrong: {error}") from None
        files = files[schema.encoded_size :]
    if files:
        raise Garbled(f"{len(files)} bytes more came back than weights have")
    return results


def read_scores(answer: Answer, count: int) -> list[Score | OwnTrouble]:
    """Return the scores of `count` first epochs."""
    marks = _Marks(answer[1])
    found = [_read_trouble(one) or _read_score(one, marks) for one in _listed(answer[0], "scores", count)]
    marks.end()
    if any(isinstance(one, Failure) for one in found):
        raise Garbled("a first epoch fails by its owner's trouble alone")
    return [one for one in found if not isinstance(one, Failure)]


def read_row(answer: Answer, count: int) -> list[Score | Failure]:
    """Return the scores of weights on `count` sets."""
    marks = _Marks(answer[1])
    row = [_read_score(one, marks) for one in _listed(answer[0], "row", count)]
    marks.end()
    return row


def _say_made(one: Made | OwnTrouble) -> dict[str, Any]:
    if isinstance(one, OwnTrouble):
        return _say_trouble(one)
    return {} if one.drift is None else {"drift": _say_number(one.drift)}


def _say_number(one: float | OwnTrouble) -> float | dict[str, Any]:
    return _say_trouble(one) if isinstance(one, OwnTrouble) else one


def _say_trouble(one: OwnTrouble) -> dict[str, Any]:
    return {"trouble": str(one), "diverged": isinstance(one, Diverged)}


def _say_score(found: Score | Failure | OwnTrouble) -> dict[str, Any]:
    if isinstance(found, OwnTrouble):
        return _say_trouble(found)
    if isinstance(found, Failure):
        return asdict(found)
    return {name: getattr(found, name) for name in ("accuracy", "loss", "auroc", "samples")}


def _join_marks(found: Sequence[Score | Failure | OwnTrouble]) -> bytes:
    """Return the marks of the scores that have some, one array after the other, as float64."""
    marks = [array for one in found if isinstance(one, Score) for array in one.marks or ()]
    return b"".join(np.ascontiguousarray(array).tobytes() for array in marks if array is not None)


class _Marks:
    """The marks that came with an answer, taken one score's after the other's."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._place = 0

    def take(self, samples: int, *, ranked: bool) -> Marks:
        right, near, balanced, fair = (self._take(samples) for _ in range(4))
        return Marks(right, near, balanced, fair, self._take(samples) if ranked else None)

    def _take(self, samples: int) -> NDArray[np.float64]:
        begin, self._place = self._place, self._place + 8 * samples
        if not samples > 0 or self._place > len(self._body):
            raise Garbled("marks are missing")
        return np.frombuffer(self._body[begin : self._place])

    def end(self) -> None:
        if self._place != len(self._body):
            raise Garbled(f"{len(self._body) - self._place} bytes more came back than there are marks")


def _listed(header: Mapping[str, Any], name: str, count: int) -> list[Any]:
    listed = header.get(name)
    if not isinstance(listed, list) or len(listed) != count:
        raise Garbled(f"an answer holds no {name} of {count}")
    if not all(isinstance(one, dict) for one in listed):
        raise Garbled(f"{name} are tables, and these aren't")
    return listed


def _read_trouble(said: object) -> OwnTrouble | None:
    trouble = said.get("trouble") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(trouble, str):
        return None
    if OUT_OF_MEMORY in trouble:
        raise Unsure
    return Diverged(trouble) if said.get("diverged") else OwnTrouble(trouble)


def _read_number(said: object) -> float | OwnTrouble:
    if trouble := _read_trouble(said):
        return trouble
    if not isinstance(said, float):
        raise Garbled("a score is no number")
    return said


def _read_score(said: Mapping[str, Any], marks: _Marks) -> Score | Failure:
    kinds = {name: type(value) for name, value in said.items()}
    auroc = kinds.pop("auroc", float)
    if kinds == {"accuracy": float, "loss": float, "samples": int} and auroc in (float, type(None)):
        taken = marks.take(said["samples"], ranked=said.get("auroc") is not None)
        return Score(said["accuracy"], said["loss"], said.get("auroc"), said["samples"], taken)
    if kinds != {"why": str, "memory": bool}:
        raise Garbled("a score is none")
    if said["memory"]:
        raise Unsure
    return Failure(said["why"], memory=False)
