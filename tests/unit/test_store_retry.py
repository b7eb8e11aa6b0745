"""Bounded retries."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.ports.store.retry import Retry, TransientError
from clients.types.errors import UnavailableError


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(0, 10))
def test_tries_so_often_and_no_more(attempts: int, failures: int) -> None:
    tries: list[int] = []
    pauses: list[float] = []

    def work() -> str:
        tries.append(1)
        if len(tries) <= failures:
            raise TransientError(f"try {len(tries)}")
        return "done"

    retry = Retry(attempts=attempts, first_s=0.5, factor=2, longest_s=3, sleep=pauses.append)
    if failures < attempts:
        assert retry.call(work) == "done"
    else:
        with pytest.raises(TransientError, match=f"try {attempts}"):
            retry.call(work)
    assert len(tries) == min(attempts, failures + 1)
    assert pauses == [0.5, 1, 2, 3, 3, 3, 3][: len(tries) - 1]


def test_other_errors_are_not_tried_again() -> None:
    def work() -> None:
        raise UnavailableError("disk full")

    with pytest.raises(UnavailableError, match="disk full"):
        Retry(sleep=lambda _: pytest.fail("slept")).call(work)


def test_needs_an_attempt() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Retry(attempts=0)
