"""Whatever limits a node has: a batch gives what single requests give, and nothing is sent twice."""

import itertools
import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.noderpc import NodeRpc
from clients.ports.chain.patience import Patience, Spell
from clients.ports.chain.rpc import Request, RpcError
from clients.ports.chain.transport import HttpRefusal
from clients.types.errors import OutOfPatience, UnavailableError

QUICK = Patience(refused=1e9, sleep=lambda seconds: None)
ERRORS = (
    {"code": 3, "message": "execution reverted: too many requests in this batch", "data": "0x1234"},
    {"code": -32601, "message": "the method does not exist"},
    {"code": -32000, "message": "missing trie node"},
    {"code": -32600, "message": "no batch of this name"},
)
WORDS = ("batch too large", "batches over 3 are not allowed", "invalid request", "not on your plan")
LOST = ConnectionResetError()


def truth(number: int) -> dict[str, Any]:
    """Return what a node says of request `number` by itself."""
    return {"error": ERRORS[number % 7]} if number % 7 < len(ERRORS) else {"result": hex(number)}


class Node:
    """A node with limits, each a function of a request's ids and of the whole answer it would get."""

    def __init__(self, *limits: Callable[[list[Any], list[Any]], Any]) -> None:
        self.limits = limits
        self.lengths: list[int] = []
        self.done: Counter[Any] = Counter()
        self._ids = itertools.count(1)

    def exchange(self, asked: Sequence[Request]) -> tuple[Sequence[int], Any]:
        ids = [next(self._ids) for _ in asked]
        self.lengths.append(len(asked))
        answers: Any = [
            {"id": number, **truth(params[0])} for number, (_, params) in zip(ids, asked, strict=True)
        ]  # type: ignore[arg-type, call-overload]
        for limit in self.limits:
            answers = limit(ids, answers)
            if isinstance(answers, Exception):
                raise answers
            if not isinstance(answers, list):
                return ids, answers
        # What is done is what has an answer, or has lost it on the way.
        told = {one["id"] for one in answers if isinstance(one, dict) and "refused" not in one}
        self.done.update(params[0] for number, (_, params) in zip(ids, asked, strict=True) if number in told)
        return ids, answers[0] if len(asked) == 1 and len(answers) == 1 else answers

    def close(self) -> None: ...


def refusal(ids: list[Any], words: str, code: int = -32000) -> list[Any]:
    return [{"id": one, "error": {"code": code, "message": words}, "refused": True} for one in ids]


def limited(most: int, how: str, words: str) -> Callable[[list[Any], list[Any]], Any]:
    """Return a limit of `most` requests a batch, which is told in one of the ways that were seen."""

    def limit(ids: list[Any], answers: list[Any]) -> Any:
        if len(ids) <= most:
            return answers
        error = {"code": -32600, "message": words}
        return {
            "each": lambda: refusal(ids, words),
            "whole": lambda: {"id": None, "error": error},
            "vague": lambda: {"id": None, "error": {"code": -32603, "message": "internal error"}},
            "first": lambda: [
                {"id": ids[0], "error": {"code": -32600, "message": "batch too large"}, "refused": 1}
            ],
            "nameless": lambda: [{"id": None, "error": error}],
            "rest": lambda: answers[:most] + refusal(ids[most:], words),
            # done, and no word of it
            "cut": lambda: answers[:most] + [{"id": one} for one in ids[most:]],
            "413": lambda: HttpRefusal(413),
            "405": lambda: HttpRefusal(405, {"error": "method not allowed"}),
            "500": lambda: HttpRefusal(
                500, {"id": None, "error": {"code": 31, "message": "Batch of more than 3"}}
            ),
            "page": lambda: ValueError("<html>"),
            "lost": lambda: LOST,
        }[how]()

    return limit


WAYS = ("each", "whole", "vague", "first", "nameless", "rest", "cut", "413", "405", "500", "page", "lost")


def untidy(rng: random.Random, ids: list[Any], answers: list[Any]) -> Any:
    """Answer in another order, twice, with others' answers among them, or not at all to some."""
    answers = rng.sample(answers, len(answers))
    if len(answers) > 1 and rng.random() < 0.5:
        answers += [
            {"id": 10**9, "result": "0x"},
            rng.choice(answers),
            "what?",
            {"id": ids[0], "result": "0xff"},
        ]
        rng.shuffle(answers)
        return [one for one in answers if not isinstance(one, dict) or one["id"] != ids[-1]]
    return answers


def hurried(rng: random.Random, share: float, ids: list[Any], answers: list[Any]) -> Any:
    """Put requests off, one by one or all at once, in one of the ways that were seen."""
    if rng.random() < share:
        error = {"code": -32005, "message": "rate limit exceeded"}
        ways = [HttpRefusal(429), HttpRefusal(503, None, 2.0), HttpRefusal(429, {"error": error})]
        return rng.choice([*ways, {"id": None, "error": error}])
    return [
        refusal([one["id"]], "request rate limited", -32005)[0] if rng.random() < share else one
        for one in answers
    ]


@given(
    count=st.integers(0, 70),
    most=st.integers(1, 40),
    how=st.sampled_from(WAYS),
    words=st.sampled_from(WORDS),
    share=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 2**32),
    rounds=st.integers(1, 2),
)
def test_a_batch_gives_what_single_requests_give(
    count: int, most: int, how: str, words: str, share: float, seed: int, rounds: int
) -> None:
    rng = random.Random(seed)
    node = Node(
        limited(most, how, words),
        lambda ids, answers: untidy(rng, ids, answers),
        lambda ids, answers: hurried(rng, share, ids, answers),
    )
    rpc = NodeRpc("http://node", patience=QUICK, transport=node)
    for _ in range(rounds):
        asked = [("eth_x", (rng.randrange(20),)) for _ in range(count)]
        found = rpc.batch(asked)
        expected = [truth(params[0]) for _, params in asked]
        assert len(found) == count
        for one, told in zip(found, expected, strict=True):
            if "result" in told:
                assert one == told["result"]
            else:
                assert isinstance(one, RpcError)
                assert (one.code, one.message) == (told["error"]["code"], told["error"]["message"])


@given(
    most=st.integers(1, 40),
    how=st.sampled_from([way for way in WAYS if way not in ("vague", "page", "lost")]),
    share=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 2**32),
    lost=st.integers(0, 5),
)
def test_no_transaction_is_sent_twice_where_it_may_have_arrived(
    most: int, how: str, share: float, seed: int, lost: int
) -> None:
    rng, exchanges = random.Random(seed), itertools.count()

    def lose(ids: list[Any], answers: list[Any]) -> Any:
        return LOST if next(exchanges) == lost else answers

    node = Node(
        limited(most, how, "batch too large"), lambda ids, answers: hurried(rng, share, ids, answers), lose
    )
    rpc = NodeRpc("http://node", patience=QUICK, transport=node)
    numbers = [number * 7 + 4 for number in range(12)]
    try:
        found = rpc.batch([("eth_sendRawTransaction", (number,)) for number in numbers])
    except UnavailableError:
        pass  # whoever sent them has to look
    else:
        assert found == [hex(number) for number in numbers]
    assert all(times == 1 for times in node.done.values())


@pytest.mark.parametrize(("most", "words"), [(7, "asked 7 things at once"), (1, "asked one thing at a time")])
@pytest.mark.parametrize("how", WAYS)
def test_what_a_node_takes_is_learned_and_told_once(
    most: int, words: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    node = Node(limited(most, how, "batch too large"))
    rpc = NodeRpc("http://node/secret-key", patience=QUICK, transport=node)
    asked = [("eth_x", (number * 7 + 5,)) for number in range(60)]
    rpc.request("eth_x", 5)  # the chain's id, in earnest
    with caplog.at_level(logging.WARNING):
        rpc.batch(asked)
        node.lengths.clear()
        rpc.batch(asked)
    assert max(node.lengths) <= (60 if how == "cut" else most)  # what is only cut makes headway all the same
    told = [record.getMessage() for record in caplog.records]
    if how in ("page", "lost", "vague"):  # who can't take a batch at all doesn't say why
        assert ["one thing at a time" in one for one in told] == [True]
    elif how != "cut":
        assert [words in one for one in told] == [True]
    assert "secret-key" not in caplog.text


@pytest.mark.parametrize("how", ["each", "rest"])
def test_an_error_that_a_request_has_in_a_batch_alone_is_not_believed(how: str) -> None:
    node = Node(limited(3, how, "not on your plan"))
    rpc = NodeRpc("http://node", patience=QUICK, transport=node)
    assert rpc.batch([("eth_x", (number * 7 + 5,)) for number in range(30)]) == [
        hex(number * 7 + 5) for number in range(30)
    ]
    assert node.lengths.count(1) <= 30


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_an_error_that_is_all_requests_own_is_no_refusal_of_the_batch(number: int) -> None:
    node = Node()
    rpc = NodeRpc("http://node", patience=QUICK, transport=node)
    errors = rpc.batch([("eth_x", (number,))] * 30)
    assert {(one.code, one.message) for one in errors} == {
        (ERRORS[number]["code"], ERRORS[number]["message"])
    }
    node.lengths.clear()
    rpc.batch([("eth_x", (5,))] * 30)
    if "batch" not in str(ERRORS[number]["message"]) or number == 0:
        assert node.lengths == [30]


def test_a_node_that_goes_on_refusing_is_given_up_in_time() -> None:
    pauses: list[float] = []
    node = Node(lambda ids, answers: HttpRefusal(429))
    rpc = NodeRpc("http://node", patience=Patience(refused=5.0, sleep=pauses.append), transport=node)
    with pytest.raises(OutOfPatience, match=r"puts eth_x off: HTTP status 429. So it went for 5 s"):
        rpc.request("eth_x", 5)
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert sum(pauses) == pytest.approx(5.0)


def test_patience_begins_anew_with_every_headway() -> None:
    turns = itertools.count()
    pauses: list[float] = []
    node = Node(lambda ids, answers: HttpRefusal(429) if next(turns) % 3 else answers)
    patience = Patience(tries=1, refused=0.5, sleep=pauses.append)
    rpc = NodeRpc("http://node", patience=patience, transport=node)
    assert rpc.batch([("eth_x", (5,))] * 200) == ["0x5"] * 200
    assert sum(pauses) > 2


def test_a_query_for_logs_that_takes_too_long_is_given_up_at_once_and_by_itself() -> None:
    node = Node(lambda ids, answers: TimeoutError() if len(node.lengths) > 1 else answers)
    rpc = NodeRpc("http://node", patience=QUICK, transport=node)
    rpc.request("eth_x", 5)
    answers = rpc.batch([("eth_getLogs", (5,))] * 3)
    assert [str(one) for one in answers] == ["eth_getLogs: no answer within 10 s (code 0)"] * 3
    assert node.lengths == [1, 3, 1]


@pytest.mark.parametrize(("asked", "pauses"), [(3.0, [3.0]), (60.0, [60.0]), (61.0, [])])
def test_what_a_node_asks_to_wait_is_waited_where_there_is_time(asked: float, pauses: list[float]) -> None:
    answers = iter([HttpRefusal(503, None, asked)])
    waited: list[float] = []
    node = Node(lambda ids, usual: next(answers, usual))
    rpc = NodeRpc("http://node", patience=Patience(tries=1, sleep=waited.append), transport=node)
    if pauses:
        assert rpc.request("eth_x", 5) == "0x5"
    else:
        with pytest.raises(OutOfPatience, match="asks to wait 61 s"):
            rpc.request("eth_x", 5)
    assert waited == pauses


def test_a_node_that_was_there_is_waited_for_where_that_was_asked() -> None:
    lost = iter([False, *[True] * 20])
    waited: list[float] = []
    node = Node(lambda ids, usual: LOST if next(lost, False) else usual)
    patience = Patience(outage=300.0, sleep=waited.append)
    rpc = NodeRpc("http://node", patience=patience, transport=node)
    assert rpc.request("eth_x", 5) == "0x5"
    assert rpc.request("eth_x", 6) == "0x6"
    assert len(waited) == 20
    assert max(waited) == patience.longest


def test_a_node_that_was_never_there_is_not_waited_for() -> None:
    waited: list[float] = []
    node = Node(lambda ids, usual: LOST)
    rpc = NodeRpc("http://node", patience=Patience(outage=300.0, sleep=waited.append), transport=node)
    with pytest.raises(UnavailableError, match="after 4 tries: connection refused or lost"):
        rpc.request("eth_x", 5)
    assert waited == [0.1, 0.2, 0.4]


@given(jitter=st.floats(0, 1), most=st.floats(0, 1e4), asked=st.floats(0, 100), tries=st.integers(1, 6))
def test_pauses_are_bounded_whatever_the_jitter(jitter: float, most: float, asked: float, tries: int) -> None:
    pauses: list[float] = []
    patience = Patience(jitter=lambda: jitter, sleep=pauses.append)
    spell = Spell(patience, most)
    while spell.wait(at_least=asked, tries=tries):
        assert len(pauses) < 10**6
    extra = (tries - 1) * max(patience.longest * 1.5, asked)
    assert sum(pauses) <= most + extra + 1e-6
