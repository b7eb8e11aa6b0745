"""Amounts: tokens where people write and read them, base units in code, and nothing lost between the two."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.types.amounts import format_amount, parse_amount
from clients.types.errors import RequestError
from clients.types.federation import STAKE_MAX, TOKEN

UNITS = (
    st.integers(0, STAKE_MAX) | st.integers(0, 10**6) | st.integers(0, STAKE_MAX // TOKEN).map(TOKEN.__mul__)
)
REMEDY = re.compile(r"write ([0-9.]+)\.$")


@given(UNITS)
def test_what_is_written_is_read_back(units: int) -> None:
    text = format_amount(units)
    assert parse_amount("bond", text) == parse_amount("bond", Decimal(text)) == units
    assert "e" not in text.lower()
    assert not text.startswith(("0", ".")) or text == "0" or text.startswith("0.")
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")


@given(
    st.integers(0, STAKE_MAX // TOKEN), st.sampled_from(["{}", "{}.0", "{}.{:018d}", "{}e0", " {} ", "{:_}"])
)
def test_whole_tokens_are_the_same_however_they_are_written(tokens: int, form: str) -> None:
    assert parse_amount("bond", form.format(tokens, 0)) == parse_amount("bond", tokens) == tokens * TOKEN


@given(st.integers(0, 10**6), st.integers(0, 3))
def test_floats_mean_what_they_show(thousandths: int, places: int) -> None:
    assert parse_amount("bond", thousandths / 10**places) == thousandths * 10 ** (18 - places)


@given(UNITS, st.integers(0, 18))
def test_fewer_places_never_tell_of_more_than_there_is(units: int, places: int) -> None:
    told = parse_amount("bond", format_amount(units, places))
    assert 0 <= units - told < 10 ** (18 - places)
    assert format_amount(-units, places) in (f"-{format_amount(units, places)}", "0")


@given(st.integers(1, STAKE_MAX))
def test_base_units_are_found_out_and_the_tokens_said(units: int) -> None:
    """Written with e18 always, as a plain number where no amount of tokens could be as large."""
    plain = [str(units), units, Decimal(units)] if units >= 10**15 else []
    for value in (f"{format_amount(units)}e18", f"{format_amount(units)}E+18", *plain):
        with pytest.raises(
            RequestError, match=r"^bond: .* looks like base units; amounts are tokens: "
        ) as error:
            parse_amount("bond", value)
        remedy = REMEDY.search(str(error.value))
        assert remedy is not None
        assert parse_amount("bond", remedy[1]) == units


@given(st.integers(STAKE_MAX // TOKEN + 1, 10**15 - 1))
def test_what_could_be_either_is_too_much_and_both_are_said(tokens: int) -> None:
    with pytest.raises(
        RequestError, match=r"^bond = .*holds 79228162514 tokens at most: write less\."
    ) as error:
        parse_amount("bond", tokens)
    remedy = REMEDY.search(str(error.value))
    assert remedy is not None
    assert parse_amount("bond", remedy[1]) == tokens


@pytest.mark.parametrize(
    "value",
    [
        "", "lots", "0,5", "16 tokens", "0x10", "1/2", "-1", -1, "-1e-18", "nan", "sNaN", "inf", float("inf"),
        "1__0", "_1", "\uff11\uff16", "1 6",
        "1e-19", "0.0000000000000000001", "1.0000000000000000001", "1e-999999999", True, None, [16],
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(value: Any) -> None:
    with pytest.raises(
        RequestError, match=r"^bond = .* is no amount of tokens: write a number of 0 or more, as 16"
    ):
        parse_amount("bond", value)


@pytest.mark.parametrize(
    "value", ["1e30", "1e999999999", 10**40, "79228162514.264337593543950336", "80000000000.5"]
)
def test_what_no_federation_holds_is_refused(value: Any) -> None:
    with pytest.raises(
        RequestError, match=r"^bond = .*: a stake holds 79228162514 tokens at most: write less"
    ):
        parse_amount("bond", value)


@pytest.mark.parametrize(
    ("value", "units"),
    [("16", 16 * TOKEN), (0, 0), ("0e999999999", 0), ("1e-18", 1), ("2.5e3", 2500 * TOKEN),
     ("12345678901.123456789012345678", 12345678901123456789012345678),
     ("79228162514.264337593543950335", STAKE_MAX)],
)  # fmt: skip
def test_every_digit_counts(value: Any, units: int) -> None:
    assert parse_amount("bond", value) == units


def test_the_sentence_of_the_commonest_mistake() -> None:
    with pytest.raises(RequestError) as error:
        parse_amount("bond", "16e18")
    assert str(error.value) == "bond: 16e18 looks like base units; amounts are tokens: write 16."
