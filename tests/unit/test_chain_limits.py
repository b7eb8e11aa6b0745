"""What providers and nodes were seen to say when they refuse, and what is made of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.limits import LOGS, Limit, get_pause, limit_of, parse_retry_after

CALL, SEND = "eth_call", "eth_sendRawTransaction"
REFUSALS = json.loads(Path(__file__).with_name("refusals.json").read_text())


def seen(*about: str) -> Any:
    """Return the refusals about these, which the audit page's tests read too."""
    rows = [(one["code"], one["message"]) for one in REFUSALS if one["about"] in about]
    assert rows
    return pytest.mark.parametrize(("code", "message"), rows)


@seen("rate")
def test_too_many_requests(code: int, message: str) -> None:
    for method in (CALL, SEND):
        assert limit_of(method, code, message) is Limit.RATE
        assert limit_of(method, code, message, batched=True) is Limit.RATE


@seen("batch")
def test_too_many_at_once(code: int, message: str) -> None:
    assert limit_of(CALL, code, message, batched=True) is Limit.BATCH
    assert limit_of(CALL, code, message) is not Limit.BATCH  # by itself it can't be that


@seen("gone")
def test_history_that_is_gone(code: int, message: str) -> None:
    assert limit_of(LOGS, code, message) is Limit.GONE
    assert limit_of(CALL, code, message) is Limit.GONE


@seen("logs")
def test_too_many_logs_are_no_limit_of_rates(code: int, message: str) -> None:
    assert limit_of(LOGS, code, message) is None


@seen("none")
def test_what_is_no_limit(code: int, message: str) -> None:
    for method in (CALL, SEND):
        assert limit_of(method, code, message, batched=True) is None


def test_how_long_an_error_asks_to_wait() -> None:
    # Infura has it in two places, Chainstack with a unit.
    assert get_pause({"rate": {"allowed_rps": 1, "backoff_seconds": 30, "current_rps": 1.27}}) == 30
    assert get_pause({"backoff_seconds": 30.0, "see": "…"}) == 30
    assert get_pause({"try_again_in": "613.5ms"}) == 0.6135
    assert get_pause({"try_again_in": "2s"}) == 2
    for nothing in (None, "x", {}, {"rate": None}, {"backoff_seconds": -1}, {"backoff_seconds": True}):
        assert get_pause(nothing) is None


ASKING = st.sampled_from(["rate", "backoff_seconds", "try_again_in"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: st.dictionaries(ASKING, inner),
        max_leaves=4,
    )
)
def test_any_data_ask_for_a_time_or_for_none(data: object) -> None:
    pause = get_pause(data)
    assert pause is None or 0 <= pause < 1e10


def test_retry_after() -> None:
    def read(**headers: str) -> float | None:
        return parse_retry_after(
            {name.replace("_", "-"): value for name, value in headers.items()}, lambda: 0.0
        )

    date, later = "Thu, 01 Jan 1970 00:01:00 GMT", "Thu, 01 Jan 1970 00:01:30 GMT"
    assert read(Retry_After="7") == 7
    assert read(Retry_After=date) == 60
    assert read(Retry_After=later, Date=date) == 30  # the answer's own clock counts
    assert read(Retry_After=date, Date=later) == 0
    for nothing in ("", "soon", "-5", "1e9", "nan", "99999999999"):
        assert read(Retry_After=nothing) is None
    assert read() is None
