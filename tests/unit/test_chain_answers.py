"""What nodes answer, recorded answer by answer: a node's wording decides what becomes of a transaction."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.ports.chain.answers import TABLE, Said, find_line, get_revert, get_said
from clients.ports.chain.rpc import RpcError

ANSWERS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("node_answers.json").read_text())
NODES = {"geth", "Besu", "Nethermind", "Erigon", "Reth", "Anvil", "Hardhat"}
ASKED_OF_ALL = {Said.KNOWN, Said.NONCE_TOO_LOW, Said.OUTBID, Said.NO_FUNDS, Said.FEE_TOO_LOW}


def name(row: dict[str, Any]) -> str:
    return f"{row['node']}: {row['error']['message'][:40]}"


def error(row: dict[str, Any]) -> RpcError:
    return RpcError("eth_x", row["error"]["code"], row["error"]["message"], row["error"].get("data"))


@pytest.mark.parametrize("row", ANSWERS, ids=name)
def test_every_recorded_answer_is_understood(row: dict[str, Any]) -> None:
    assert error(row).said.value == row["said"]
    expected = row.get("revert")
    assert error(row).revert == (None if expected is None else bytes.fromhex(expected[2:]))


def test_every_node_has_an_answer_of_every_kind() -> None:
    found = {(row["node"], Said(row["said"])) for row in ANSWERS}
    assert {node for node, _ in found} == NODES
    assert {(node, said) for node in NODES for said in ASKED_OF_ALL} <= found
    assert {row["node"] for row in ANSWERS if row.get("revert", "0x") != "0x"} == NODES


def test_every_line_of_the_table_is_needed_and_has_a_source() -> None:
    used = {find_line(row["error"]["message"]) for row in ANSWERS}
    assert [line for line in TABLE if line not in used] == []
    for line in TABLE:
        assert find_line(line.words) is line
        assert any(node in line.nodes for node in NODES)


@given(
    st.text(max_size=40),
    st.integers(),
    st.none() | st.text(max_size=40) | st.dictionaries(st.text(), st.text()),
)
def test_no_answer_is_too_odd(message: str, code: int, data: object) -> None:
    assert get_said(message) in Said
    assert get_revert(code, message, data) is None or isinstance(get_revert(code, message, data), bytes)


@pytest.mark.parametrize("data", [{"data": {"data": "0x03"}}, {"result": "0x03"}, "Reverted 0x03", "0x03"])
def test_where_the_data_of_a_revert_are(data: object) -> None:
    assert get_revert(-32603, "VM Exception: revert", data) == b"\3"


def test_hexadecimal_data_alone_are_no_revert() -> None:
    assert get_revert(4, "the transaction was not mined in time", "0x" + "12" * 32) is None


def test_operators_find_the_whole_table() -> None:
    """Of `docs/reference/chain.md`: every phrase of the table here, and each in the row of its meaning."""
    page = (Path(__file__).resolve().parents[2] / "docs/reference/chain.md").read_text()
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| ")]
    told = {(meaning.strip(), words) for meaning, cell in rows for words in re.findall("`([^`]+)`", cell)}
    meanings = {said.value for said in Said}
    assert {(line.said.value, line.words) for line in TABLE} <= told
    assert all(get_said(words).value == meaning for meaning, words in told if meaning in meanings)
