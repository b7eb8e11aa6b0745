"""Secrets of these tests stay theirs: some are made up of what other tests' texts have too."""

from collections.abc import Iterator

import pytest

from clients.ports import hiding


def forget() -> None:
    """Forget which secrets are hidden."""
    hiding._patterns.clear()
    hiding._pattern = None


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    forget()
