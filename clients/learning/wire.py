"""Orders, scores and weights as plain data, between this process and its siblings.

A request is a header `{"do": ..., ...}` and perhaps weights. Its answer is a header and the weights that the
header lists, one file after the other. Readers check every answer, and raise `Garbled` for a wrong one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from typing import Any

from clients.learning.codec import decode, encode
from clients.learning.evaluate import Failure, Score
from clients.learning.frames import Garbled
from clients.learning.here import Here, Made, Order
from clients.learning.schema import BadUpdate, Schema, Weights
from clients.learning.train import Diverged
from clients.learning.trial import OUT_OF_MEMORY
from clients.types.errors import OwnTrouble

Answer = tuple[dict[str, Any], bytes]


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
            rows = self._here.score([decode(body, self._here.schema)], request["sets"])
            return {"row": [_say_score(found) for found in rows[0]]}, b""
        if body:
            self._start = decode(body, self._here.schema)
        orders = [Order(*order) for order in request["orders"]]
        by, cores = request["metric"], request["cores"]
        if request["do"] == "first epochs":
            scores = self._here.score_first_epochs(self._start, orders, by, cores=cores)
            return {"scores": [_say_number(score) for score in scores]}, b""
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


def read_scores(answer: Answer, count: int) -> list[float | OwnTrouble]:
    """Return the scores of `count` first epochs."""
    return [_read_number(one) for one in _listed(answer[0], "scores", count)]


def read_row(answer: Answer, count: int) -> list[Score | Failure]:
    """Return the scores of weights on `count` sets."""
    return [_read_score(one) for one in _listed(answer[0], "row", count)]


def _say_made(one: Made | OwnTrouble) -> dict[str, Any]:
    if isinstance(one, OwnTrouble):
        return _say_trouble(one)
    return {} if one.drift is None else {"drift": _say_number(one.drift)}


def _say_number(one: float | OwnTrouble) -> float | dict[str, Any]:
    return _say_trouble(one) if isinstance(one, OwnTrouble) else one


def _say_trouble(one: OwnTrouble) -> dict[str, Any]:
    return {"trouble": str(one), "diverged": isinstance(one, Diverged)}


def _say_score(found: Score | Failure) -> dict[str, Any]:
    return asdict(found)


def _listed(header: Mapping[str, Any], name: str, count: int) -> list[Any]:
    listed = header.get(name)
    if not isinstance(listed, list) or len(listed) != count:
        raise Garbled(f"an answer holds no {name} of {count}")
    if name != "scores" and not all(isinstance(one, dict) for one in listed):
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


def _read_score(said: Mapping[str, Any]) -> Score | Failure:
    kinds = {name: type(value) for name, value in said.items()}
    auroc = kinds.pop("auroc", float)
    if kinds == {"accuracy": float, "loss": float, "samples": int} and auroc in (float, type(None)):
        return Score(said["accuracy"], said["loss"], said.get("auroc"), said["samples"])
    if kinds != {"why": str, "memory": bool}:
        raise Garbled("a score is none")
    if said["memory"]:
        raise Unsure
    return Failure(said["why"], memory=False)
