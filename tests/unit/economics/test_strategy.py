"""Strategies are choices, and choices are strategies."""

from hypothesis import given
from hypothesis import strategies as st

from clients.economics.library import LIBRARY, name
from clients.economics.strategy import GENES, HONEST, Choice, build, describe, get_choices, strip

ALL = [(place, gene.name) for place, kind in GENES.items() for gene in kind if not gene.is_honest]
choices = st.frozensets(st.sampled_from(ALL)).filter(
    lambda chosen: len({place for place, _ in chosen}) == len(chosen)
)


@given(choices)
def test_a_strategy_is_its_choices(chosen: frozenset[Choice]) -> None:
    assert get_choices(build(chosen)) == chosen
    assert (describe(chosen) == "honest") == (not chosen)


def test_the_first_choice_of_each_gene_is_the_honest_one() -> None:
    assert get_choices(HONEST) == frozenset()
    assert len(ALL) == sum(len(kind) - 1 for kind in GENES.values())


def test_each_known_strategy_is_recognised_by_its_core() -> None:
    for title, known in LIBRARY.items():
        assert known.core <= strip(known.choices), title
        assert title in name(known.choices), title
    cores = [known.core for known in LIBRARY.values()]
    assert name(frozenset({("times", "ONCE")})) == []
    assert all(cores)


def test_where_cores_are_nested_the_larger_names_the_strategy() -> None:
    assert name(frozenset({("act.order", "FIRST"), ("act.update", "COPY")})) == ["copies in front"]
    assert name(frozenset({("rest.order", "FIRST"), ("drawn", "MANY")})) == ["first in the phase"]
