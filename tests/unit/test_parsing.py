"""A stranger's JSON can't overflow the stack, however deeply it is nested."""

import json
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.types.parsing import DEPTH_MAX, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def high_limit() -> Iterator[None]:
    """Raise the limit of recursion, as some libraries do."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    yield
    sys.setrecursionlimit(before)


@given(VALUES)
def test_json_is_read_as_it_was_written(value: object) -> None:
    text = json.dumps(value)
    assert parse_json(text) == value
    assert parse_json(text.encode()) == value


@given(st.text(alphabet='[]{}"\\,:1 '))
def test_the_result_is_the_standard_parsers(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)
    else:
        assert parse_json(text) == expected


@pytest.mark.usefixtures("high_limit")
@pytest.mark.parametrize("opening", ["[", '{"a":', '["]",', '{"\\"}":['])
def test_deep_nesting_is_refused(opening: str) -> None:
    with pytest.raises(ValueError, match="nested"):
        parse_json(opening * 200_000)


def test_a_string_without_an_end_is_read_once() -> None:
    with pytest.raises(ValueError, match="Unterminated"):
        parse_json('"' + "[" * 70 + '\\"' * 300_000)


def test_depth_is_limited_and_width_is_not() -> None:
    assert parse_json("[" * DEPTH_MAX + "]" * DEPTH_MAX)
    assert len(parse_json("[" + "[]," * 9_999 + "[]]")) == 10_000
    assert parse_json(json.dumps(["[" * 100])) == ["[" * 100]
    with pytest.raises(ValueError, match="nested"):
        parse_json("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1))


def test_tables_are_made_from_their_pairs() -> None:
    assert parse_json('{"a": 1, "a": 2}', pairs=list) == [("a", 1), ("a", 2)]


def test_bytes_that_are_no_text_are_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(b"\xff")
