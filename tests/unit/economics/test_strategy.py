"""Strategies are choices, and choices are strategies."""

from hypothesis import given
from hypothesis import strategies as st

from clients.economics.library import CASES, LIBRARY, get_cases, name
from clients.economics.strategy import GENES, HONEST, Deviation, build, describe, get_deviations, strip

ALL = [(place, gene.name) for place, kind in GENES.items() for gene in kind if not gene.is_honest]
choices = st.frozensets(st.sampled_from(ALL)).filter(
    lambda chosen: len({place for place, _ in chosen}) == len(chosen)
)


@given(choices)
def test_a_strategy_is_its_choices(chosen: frozenset[Deviation]) -> None:
    assert get_deviations(build(chosen)) == chosen
    assert (describe(chosen) == "honest") == (not chosen)


def test_the_first_choice_of_each_gene_is_the_honest_one() -> None:
    assert get_deviations(HONEST) == frozenset()
    assert len(ALL) == sum(len(kind) - 1 for kind in GENES.values())


def test_each_known_strategy_is_recognised_by_its_core() -> None:
    for title, known in LIBRARY.items():
        assert known.core <= strip(known.choices), title
        assert name(known.choices) == title
    cores = [known.core for known in LIBRARY.values()]
    assert all(cores)
    assert len(set(cores)) == len(cores)
    assert name(frozenset({("times", "ONCE")})) == ""


def test_where_cores_are_nested_the_larger_names_the_strategy() -> None:
    assert name(frozenset({("act.timing", "FIRST"), ("act.quality", "COPY")})) == "copies in front"
    assert name(frozenset({("rest.timing", "FIRST"), ("drawn", "MANY")})) == "first in the phase"


def test_two_strategies_together_have_no_name() -> None:
    assert name(frozenset({("act.quality", "HEAD"), ("act.vote", "BLIND")})) == ""


def test_a_case_is_recognised_in_its_own_mechanism_alone() -> None:
    claim = frozenset({("act.claimed", "MOST"), ("act.vote", "BLIND")})
    assert get_cases("vbfl", [claim]) == {"one claim takes the pool"}
    assert get_cases("bflc", [claim]) == set()
    assert get_cases("vbfl", []) == get_cases("vbfl", [frozenset()]) == set()
    assert len(CASES) == 8


def test_a_case_is_covered_by_its_parts() -> None:
    first, copy = frozenset({("act.timing", "FIRST")}), frozenset({("rest.quality", "COPY")})
    owns, copies = "who is first owns bflc", "copies in front of their originals"
    assert get_cases("bflc", [first]) == {owns}
    assert get_cases("bflc", [copy]) == set()
    assert get_cases("bflc", [first, copy]) == {owns, copies}
    assert get_cases("bflc", [first, copy | {("act.vote", "BLIND")}]) == {
        owns
    }  # that may pay by its vote alone
