"""Missing models: which of them may be gone under the members' agreement."""

from collections.abc import Callable, Iterable

from clients.auditing.words import describe_kept
from clients.types.federation import Status
from clients.types.keeping import may_be_gone


class Absences:
    """Decides whether a missing model may be gone, and records the rounds of those that may.

    `kept`: for how many rounds members keep models; None if unknown, and then any missing model may be gone.
    The genesis and the head must be there under any agreement. `look` returns the federation's present
    status, since rounds are settled while an audit runs.
    """

    def __init__(
        self,
        kept: int | None,
        genesis: bytes,
        look: Callable[[], Status],
        runs: Iterable[tuple[int, int]] = (),
    ) -> None:
        self._kept = kept
        self._genesis = genesis
        self._look = look
        self._status: Status | None = None
        self._runs = list(runs)

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """Runs of rounds (first, last) with excused models."""
        return tuple(self._runs)

    @property
    def expected(self) -> str:
        """What a finding says it expected of the file of an update or an accepted model."""
        model = "weights of the federation's model"
        return model if self._kept is None else f"{model}, {describe_kept(self._kept)}"

    def excuse(self, round_number: int, digest: bytes) -> bool:
        """Return whether the model `digest` of a round may be missing; if so, record the round."""
        excused = self._may_be_gone(round_number, digest)
        if not excused:
            self._status = self._look()
            excused = self._may_be_gone(round_number, digest)
        if excused:
            self._note(round_number)
        return excused

    def _may_be_gone(self, round_number: int, digest: bytes) -> bool:
        """Return whether a model may be gone, by the last status that `look` returned."""
        status = self._status
        if status is None or digest in (self._genesis, status.head):
            return False
        return self._kept is None or may_be_gone(round_number, status.settled, self._kept)

    def _note(self, round_number: int) -> None:
        """Record a round. Rounds arrive in ascending order."""
        first, last = self._runs[-1] if self._runs else (0, -1)
        if last == round_number - 1:
            self._runs[-1] = (first, round_number)
        elif last != round_number:
            self._runs.append((round_number, round_number))
