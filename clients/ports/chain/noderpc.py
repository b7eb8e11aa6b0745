"""An Ethereum node over JSON-RPC: single requests or batches, retried within bounds, never waited on for
ever.

`transport` carries requests, `limits` says what a refusal is about, `patience` says how long the node may
take.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from websockets.exceptions import InvalidURI, WebSocketException

from clients.ports.chain.limits import LOGS, Limit, get_pause, limit_of
from clients.ports.chain.patience import Batches, Patience, Spell
from clients.ports.chain.rpc import Request, RpcError, error_of, result_or_error
from clients.ports.chain.transport import HttpRefusal, Transport, open_transport
from clients.ports.hiding import hide_url
from clients.ports.urls import redacted
from clients.types.errors import OutOfPatience, RequestError, UnavailableError

log = logging.getLogger(__name__)

# Requests that change something: not repeated after a doubtful answer.
_ONCE = ("eth_sendRawTransaction", "evm_", "anvil_mine", "hardhat_mine")
# Anvil executes the parts of a longer batch in another order; the order of transactions matters.
_BATCH = 30

# Errors of a connection or a server. Answers of an unknown form raise the last four.
_TROUBLE = (
    OSError, requests.RequestException, WebSocketException, ValueError, KeyError, TypeError, RecursionError,
)  # fmt: skip
_MALFORMED = (-32700, -32600, -32601, -32602)  # JSON-RPC's codes for malformed requests
_NO_ANSWER = 0  # the code of an error that the node didn't send
# HTTP statuses: no access with this URL; trouble that may pass, besides those from 500 on; timeouts.
_NO_ACCESS, _PASSING, _LATE = (401, 402, 407), (408, 425), (408, 504, 522, 524)


class NodeRpc:
    """An http(s):// or ws(s):// node.

    `timeout`: seconds for each try of a request; `patience`: how often and how long it is tried.

    Single requests are always right; a batch only saves time. So requests that a batch leaves open are
    repeated: in smaller batches if the batch itself was refused, and alone if they came back as an error that
    isn't a revert. Requests that send a transaction are the exception: they are repeated only if they were
    refused for certain.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        patience: Patience | None = None,
        transport: Transport | None = None,
    ) -> None:
        hide_url(url)
        self._where = redacted(url)
        if self._where.split(":")[0].lower() not in ("http", "https", "ws", "wss"):
            raise RequestError(f"chain URL {self._where!r} is none of http://, https://, ws://, wss://.")
        if ":" in unquote(urlsplit(url).username or ""):
            raise RequestError(f"chain URL of {self._where}: a user name can have no colon.")
        self._timeout = timeout
        self._patience = patience or Patience()
        self._transport = transport or open_transport(url, timeout)
        self._batches = Batches(_BATCH)
        self._answered = False
        self._told: set[Limit] = set()

    @property
    def where(self) -> str:
        """Return scheme, host and port of the node."""
        return self._where

    def request(self, method: str, *params: object) -> Any:
        """Return the result of one request."""
        result = self.batch([(method, params)])[0]
        if isinstance(result, RpcError):
            raise result
        return result

    def batch(self, asked: Sequence[Request]) -> list[Any]:
        """Return the results in order, RpcErrors among them."""
        results: dict[int, Any] = {}
        waiting = list(range(len(asked)))
        spell = self._patience.spell(self._patience.refused)
        while waiting:
            part = waiting[: self._batches.size]
            got = self._ask([asked[place] for place in part])
            results |= {part[place]: result for place, result in got.settled.items()}
            left = [place for place in part if place not in results]
            waiting = left + waiting[len(part) :]
            if got.settled:  # progress: patience starts over
                spell = self._patience.spell(self._patience.refused)
            if got.limit is Limit.RATE:
                if not got.settled:
                    self._batches.slowed(len(part))
                self._put_off(spell, asked[left[0]][0], got)
            elif got.limit is Limit.BATCH:
                self._batches.refused(len(got.settled) or len(part) // 2)
            elif not left:
                self._batches.taken(len(part))
                self._tell_batches()
        return [results[place] for place in range(len(asked))]

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    # ------------------------------------------------------------------ one exchange

    def _ask(self, asked: Sequence[Request]) -> "_Answer":
        """Return the node's answer to `asked`, sent together, trying until it answers."""
        once = any(method.startswith(_ONCE) for method, _ in asked)
        # If this batch is longer than any before, the batch may be the trouble rather than the node.
        known = self._answered and len(asked) <= self._batches.proven
        spell = self._patience.spell(self._patience.outage if known else 0.0)
        while True:
            try:
                answer = self._read(asked, *self._transport.exchange(asked), once=once)
                self._answered = True
                return answer
            except HttpRefusal as refusal:
                answered = self._weigh(asked, refusal, once=once)
                if answered is not None:
                    return answered
                error: Exception = refusal
            except _TROUBLE as trouble:
                error = trouble
            late = _is_late(error)
            spell.waited += self._timeout if late else 0.0
            # A request that took too long will do so again; the log reader should ask for fewer blocks.
            heavy = self._answered and all(method == LOGS for method, _ in asked)
            last = once or (heavy and late) or not _passes(error)
            if known and spell.times == self._patience.tries - 1 and spell.most > spell.waited and not last:
                why = self._explain(error)
                log.warning("chain at %s: %s. Waiting for it, up to %g s.", self._where, why, spell.most)
            if last or not spell.wait(tries=self._patience.tries):
                return self._give_up(asked, error, max(1, spell.times), heavy=heavy, once=once)

    def _give_up(
        self, asked: Sequence[Request], error: Exception, times: int, *, heavy: bool, once: bool
    ) -> "_Answer":
        """Return an answer for requests that the node left unanswered, if possible; else raise
        UnavailableError."""
        unproven, silent = len(asked) > self._batches.proven, heavy
        if len(asked) > 1 and not once and (unproven or not _is_late(error)):
            alone = self._ask(asked[:1])  # raises if the node is gone; then the batch wasn't to blame
            silent = heavy and _is_unanswered(alone)
            if alone.settled and not silent:
                self._batches.refused(1 if unproven else len(asked) // 2)
            if not silent:
                return alone
        if silent:
            why = self._explain(error)
            return _Answer({place: RpcError(LOGS, _NO_ANSWER, why) for place in range(len(asked))})
        raise UnavailableError(
            f"chain at {self._where}: {asked[0][0]} failed after {times} {'try' if times == 1 else 'tries'}: "
            f"{self._explain(error)}. {_advise(error)}"
        ) from None

    def _read(self, asked: Sequence[Request], ids: Sequence[int], got: Any, *, once: bool) -> "_Answer":
        """Return what `got`, the reply to `asked`, settles. ValueError if it is no answer."""
        if len(asked) == 1:
            got = got[0] if isinstance(got, list) and len(got) == 1 else got
            if not _is_reply(got):
                raise ValueError("the answer is not JSON-RPC")
            return self._settle(asked, {0: got}, once=once)
        if isinstance(got, list):
            replies, got = _sort(ids, got)
            if replies:
                return self._settle(asked, replies, once=once)
        if not (isinstance(got, dict) and got.get("error") is not None):
            raise ValueError("the answer is not JSON-RPC")
        # One error for the whole batch. Our requests are well-formed, so no single request caused it.
        error = error_of(asked[0][0], got["error"])
        limit = limit_of(error.method, error.code, error.message, batched=True)
        if limit is Limit.RATE:
            return _Answer({}, limit, error.message, get_pause(error.data))
        if limit is Limit.BATCH or error.code in _MALFORMED:
            return _Answer({}, Limit.BATCH, error.message)
        raise ValueError("the answer is not JSON-RPC")

    def _settle(self, asked: Sequence[Request], replies: dict[int, Any], *, once: bool) -> "_Answer":
        """Return which of `replies` settle their requests, and why the others don't."""
        answer, batched = _Answer(), len(asked) > 1
        doubtful: dict[int, RpcError] = {}
        for place, reply in replies.items():
            result = result_or_error(asked[place][0], reply)
            if not isinstance(result, RpcError) or result.revert is not None:
                answer.settled[place] = result
                continue
            limit = limit_of(result.method, result.code, result.message, batched=batched)
            if limit in (Limit.RATE, Limit.BATCH):
                answer.limit, answer.words, answer.pause = limit, result.message, get_pause(result.data)
            elif batched and not once:
                doubtful[place] = result
            else:
                answer.settled[place] = result
        sure = answer.limit is Limit.BATCH and not answer.settled  # then the node executed none of it
        if once and len(replies) < len(asked) and not sure:
            raise ValueError("some have no answer, and may be done or not")
        if doubtful:
            self._ask_alone(asked, doubtful, answer)
        return answer

    def _ask_alone(self, asked: Sequence[Request], doubtful: dict[int, RpcError], answer: "_Answer") -> None:
        """Repeat alone the requests for which a batch gave an error, and settle them in `answer`."""
        alike = not answer.settled and len({(one.code, one.message) for one in doubtful.values()}) == 1
        otherwise = False
        for place, before in doubtful.items():
            alone = self._ask([asked[place]])
            if alone.limit is not None:
                answer.limit, answer.words, answer.pause = alone.limit, alone.words, alone.pause
                break
            after = answer.settled[place] = alone.settled[0]
            otherwise |= not isinstance(after, RpcError) or after.message != before.message
        if alike and otherwise and len(doubtful) > 1:
            self._batches.refused(len(asked) // 2)

    def _weigh(self, asked: Sequence[Request], refusal: HttpRefusal, *, once: bool) -> "_Answer | None":
        """Return what an HTTP status settles; None if it is trouble, which may pass or not."""
        status, body = refusal.status, refusal.body
        if isinstance(body, list):
            with suppress(ValueError):
                return self._read(asked, range(1, len(asked) + 1), body, once=once)
        said = _said(asked[0][0], body)
        if status == 429 or (status == 503 and refusal.retry_after is not None):
            pause = refusal.retry_after if refusal.retry_after is not None else get_pause(said and said.data)
            return _Answer({}, Limit.RATE, said.message if said else str(refusal), pause)
        if status in _NO_ACCESS or (status == 403 and not self._answered):
            return None
        if said is not None:
            with suppress(ValueError):
                return self._read(asked, (), body, once=once)
        if self._answered and (400 <= status < 500 or status == 501) and status not in _PASSING:
            # The node is there, and the URL is right: the status is about the requests.
            if len(asked) > 1:
                return _Answer({}, Limit.BATCH, str(refusal))
            return _Answer({0: RpcError(asked[0][0], status, str(refusal))})
        return None

    # ------------------------------------------------------------------ what is told

    def _put_off(self, spell: Spell, method: str, got: "_Answer") -> None:
        """Wait before repeating a request that the node put off. OutOfPatience after waiting long enough."""
        words = f"chain at {self._where} puts {method} off: {got.words}"
        if Limit.RATE not in self._told:
            self._told.add(Limit.RATE)
            log.warning("%s. It is asked again, for up to %g s; this is told once.", words, spell.most)
        if spell.wait(at_least=got.pause or 0.0, tries=self._patience.tries):
            return
        asked = f" It asks to wait {got.pause:g} s." if got.pause else ""
        raise OutOfPatience(
            f"{words}. So it went for {spell.waited:.0f} s.{asked} Try again later, or give the URL of a "
            "node that takes more requests."
        )

    def _tell_batches(self) -> None:
        most = self._batches.most
        if most == _BATCH or Limit.BATCH in self._told:
            return
        self._told.add(Limit.BATCH)
        how = f"{most} things at once" if most > 1 else "one thing at a time"
        log.warning("chain at %s refuses longer batches: from now on it is asked %s.", self._where, how)

    def _explain(self, error: Exception) -> str:
        if isinstance(error, HttpRefusal):
            said = _said("", error.body)
            return f"{error}{f' ({said.message})' if said else ''}"
        if isinstance(error, requests.exceptions.InvalidURL | InvalidURI):
            return "there can be no such URL"
        if isinstance(error, requests.Timeout | TimeoutError):
            return f"no answer within {self._timeout:g} s"
        if isinstance(error, requests.ConnectionError | ConnectionError):
            return "connection refused or lost"
        if isinstance(error, ValueError | KeyError | TypeError | RecursionError):
            return "it answers, but not in JSON-RPC"
        return type(error).__name__  # the text may quote the URL, and a URL may hold a secret


@dataclass(slots=True)
class _Answer:
    """The result of an exchange: results by place, and the limit that left the other requests without one.

    If there is no `limit`, requests without a result were skipped, and are repeated. `pause`: the seconds
    that the node asks to wait.
    """

    settled: dict[int, Any] = field(default_factory=dict)
    limit: Limit | None = None
    words: str = ""
    pause: float | None = None


def _is_reply(reply: object) -> bool:
    return isinstance(reply, dict) and ("result" in reply or "error" in reply)


def _is_unanswered(answer: _Answer) -> bool:
    return any(isinstance(one, RpcError) and one.code == _NO_ANSWER for one in answer.settled.values())


def _is_late(error: Exception) -> bool:
    if isinstance(error, HttpRefusal):
        return error.status in _LATE
    return isinstance(error, requests.Timeout | TimeoutError) and not isinstance(
        error, requests.ConnectTimeout
    )


def _passes(error: Exception) -> bool:
    """Return whether trying again may help. What HTTP refuses stays refused."""
    return not isinstance(error, HttpRefusal) or error.status >= 500 or error.status in _PASSING


def _advise(error: Exception) -> str:
    if isinstance(error, HttpRefusal) and error.status in (*_NO_ACCESS, 403):
        return "Is the key in its URL right, and paid for?"
    return "Is a node running there? Start it, or give another URL."


def _sort(ids: Sequence[int], got: Sequence[Any]) -> tuple[dict[int, Any], Any]:
    """Return the replies of a batch by their requests' places, and the error that names no request, if any.

    A place with two different answers counts as unanswered.
    """
    places = {str(number): place for place, number in enumerate(ids)}
    replies: dict[int, Any] = {}
    whole, torn = None, set()
    for reply in filter(_is_reply, got):
        place = places.get(str(reply.get("id")))
        if place is None:
            whole = reply if reply.get("id") is None and reply.get("error") is not None else whole
        elif place in replies and replies[place] != reply:
            torn.add(place)
        else:
            replies[place] = reply
    return {place: reply for place, reply in replies.items() if place not in torn}, whole


def _said(method: str, body: object) -> RpcError | None:
    """Return the error in the body of an HTTP refusal, if there is one."""
    error = body.get("error") if isinstance(body, dict) else None
    return error_of(method, error) if isinstance(error, dict) else None
