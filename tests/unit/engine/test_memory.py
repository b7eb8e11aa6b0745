"""What participants remember is the same whether it was written in this life or an earlier one."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from clients.engine.journal import Journal

ROUNDS = st.lists(
    st.lists(st.dictionaries(st.sampled_from(["0xA", "0xB", "0xC"]), st.integers()), max_size=3), max_size=6
)


@given(ROUNDS, st.integers(0, 6))
def test_memory_survives(rounds: list[list[dict[str, int]]], asked_from: int) -> None:
    """Each round writes memories, some twice; from some round on the journal is asked before each."""
    expected: dict[str, int] = {}
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder), durable=False)
        for round_number, written in enumerate(rounds, 1):
            if round_number > asked_from:
                assert journal.memory(before=round_number) == expected
            for memory in written:
                if memory:
                    journal.note_memory(round_number, memory)
                    expected |= memory
        assert journal.memory(before=len(rounds) + 1) == expected
        journal.close()
        again = Journal(Path(folder), durable=False)
        assert again.memory(before=len(rounds) + 1) == expected
        again.close()
