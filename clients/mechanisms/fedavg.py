"""fedavg, the baseline: a trusted server averages all updates, with no jury and no chain."""

from dataclasses import dataclass

from clients.mechanisms.base import Run, Settings
from clients.types.errors import RequestError
from clients.types.settings import check_range, option

NAME = "fedavg"


@dataclass(frozen=True, slots=True)
class FedavgSettings(Settings):
    """The options of the baseline."""

    # Its own: there are no terms whose default it could take. A comparison gives both the same number.
    proposers: int = option(4, "participants drawn per round")
    informed: bool = option(False, "the server knows who is malicious and draws only the others")

    def check(self) -> None:
        """See `Settings`."""
        check_range("proposers", self.proposers, 1, 1_000_000)

    def check_run(self, run: Run) -> None:
        """See `Settings`."""
        check_range("proposers", self.proposers, 1, run.clients, f"there are only {run.clients} clients")
        if self.informed and run.malicious == run.clients:
            raise RequestError("informed: all clients are malicious, so nobody is left to train.")
