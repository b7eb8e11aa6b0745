"""The interface to JSON-RPC: requests with results, and errors. `clients.ports.chain.noderpc` implements it.

Results are raw; `abi` reads them, so a chain whose blocks carry extra data (Clique) needs no middleware.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from eth_abi.exceptions import DecodingError

from clients.ports.chain.abi import OddAnswer
from clients.ports.chain.answers import Said, get_revert, get_said
from clients.ports.hiding import hidden
from clients.types.errors import FedJuryError, UnavailableError

Request = tuple[str, Sequence[object]]

_MOST_WORDS = 500  # of what a node says


class RpcError(FedJuryError):
    """The node answered, with an error: `code`, `message` and, for a revert, its `data`."""

    def __init__(self, method: str, code: int, message: str, data: object = None) -> None:
        self.method = method
        self.code = code
        self.message = message
        self.data = data
        super().__init__(f"{method}: {message} (code {code})")

    @property
    def said(self) -> Said:
        """Return what the node means by refusing a transaction like this."""
        return get_said(self.message)

    @property
    def revert(self) -> bytes | None:
        """Return the contract's revert data, or None if this isn't a revert."""
        return get_revert(self.code, self.message, self.data)


@contextmanager
def reading(where: str, method: str) -> Iterator[None]:
    """Turn an error, or an answer of an unknown form, into an UnavailableError: nodes differ, and may lie."""
    try:
        yield
    except RpcError as error:
        raise UnavailableError(f"chain at {where}: {error}") from None
    except OddAnswer as error:
        raise UnavailableError(
            f"chain at {where}: its answer to {method} {error}. Is it up to date with its chain, and has it "
            "the state and the history that this asks for? Give another URL if it stays so."
        ) from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DecodingError):
        raise UnavailableError(
            f"chain at {where}: its answer to {method} means nothing. Is it an Ethereum node, and up to date "
            "with its chain? Give another URL if it stays so."
        ) from None


class Rpc(Protocol):
    """Where requests go."""

    @property
    def where(self) -> str:
        """Return where the node is, for people to read, without secrets."""
        ...

    def request(self, method: str, *params: object) -> Any:
        """Return the result of one request. Raises RpcError, or UnavailableError without an answer."""
        ...

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Return the results of many requests in order; an RpcError stands for one that failed."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def error_of(method: str, error: Any) -> RpcError:
    """Return the error in a reply to `method`: by the standard an object, but a node may send anything."""
    if not isinstance(error, dict):
        error = {"message": str(error)}
    code, words = error.get("code"), str(error.get("message", ""))
    # A node may quote the URL that it was reached by.
    words = hidden(words if len(words) <= _MOST_WORDS else words[:_MOST_WORDS] + "…")
    return RpcError(method, code if isinstance(code, int) else 0, words, error.get("data"))


def result_or_error(method: str, reply: Any) -> Any:
    """Return the result in a reply to `method`, or its RpcError."""
    error = reply.get("error")
    return reply.get("result") if error is None else error_of(method, error)
