"""The ERC-20 token in which stakes are held."""

from collections.abc import Sequence
from typing import Any

from clients.ports.chain.abi import Abi, address, as_bytes, packaged
from clients.ports.chain.flights import Step
from clients.ports.chain.link import Link
from clients.ports.chain.refusal import explain
from clients.ports.chain.rpc import RpcError
from clients.types.amounts import PLACES
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import Address

_GAS_LIMIT = 200_000
UNLIMITED = 2**256 - 1


class Token:
    """A token at `contract`, over `link`."""

    def __init__(self, link: Link, contract: Address) -> None:
        self._link = link
        self.contract = address(contract)
        self._abi = Abi(packaged("token"))

    def balance(self, account: Address) -> int:
        """Return `account`'s tokens, in base units."""
        return self.balances([account])[account]

    def balances(self, accounts: Sequence[Address]) -> dict[Address, int]:
        """Return the tokens of many accounts, in one request."""
        asked = [("eth_call", (self._call("balanceOf", account), "latest")) for account in accounts]
        answers = self._link.rpc.batch(asked)
        return {
            account: self._number("balanceOf", answer)
            for account, answer in zip(accounts, answers, strict=True)
        }

    def check_decimals(self) -> None:
        """Raise `RequestError` unless the token has 18 decimals: amounts would mean something else."""
        try:
            answer = self._link.rpc.request("eth_call", self._call("decimals"), "latest")
            decimals = self._abi.result("decimals", as_bytes(answer))[0]
        except RpcError as error:
            if error.revert is None:
                raise UnavailableError(f"chain at {self._link.rpc.where}: {error}") from None
            decimals = None
        except (TypeError, ValueError):
            decimals = None
        if decimals != PLACES:
            has = "doesn't say how many decimals it has" if decimals is None else f"has {decimals} decimals"
            raise RequestError(
                f"the token at {self.contract} {has}. Amounts here are of tokens with {PLACES}: "
                "stake a token with as many, or wrap this one in such a token."
            )

    def mint(self, minter: Address, amounts: Sequence[tuple[Address, int]]) -> None:
        """Give accounts new tokens, all in one batch. ProtocolError if the token refuses."""
        self._send([(minter, "mint", who, amount) for who, amount in amounts])

    def transfer(self, owner: Address, amounts: Sequence[tuple[Address, int]]) -> None:
        """Give accounts tokens from `owner`, all in one batch. ProtocolError if the token refuses."""
        self._send([(owner, "transfer", who, amount) for who, amount in amounts])

    def approve(self, owners: Sequence[Address], spender: Address, amount: int = UNLIMITED) -> None:
        """Let `spender` take up to `amount` from each owner, all in one batch."""
        self._send([(owner, "approve", spender, amount) for owner in owners])

    def _send(self, calls: Sequence[tuple[Address, str, Address, int]]) -> None:
        steps = [
            Step(sender, self.contract, self._abi.call(method, args), method, _GAS_LIMIT)
            for sender, method, *args in calls
        ]
        for step, mined in zip(steps, self._link.sender.send(steps), strict=True):
            if not mined.ok:
                raise explain(self._link.rpc, self._abi, step, mined)

    def _call(self, method: str, *args: object) -> dict[str, str]:
        return {"to": self.contract, "data": "0x" + self._abi.call(method, args).hex()}

    def _number(self, method: str, answer: Any) -> int:
        try:
            if isinstance(answer, RpcError):
                raise ValueError(str(answer))
            return int(self._abi.result(method, as_bytes(answer))[0])
        except ValueError as error:
            where = f"chain {self._link.chain_id} at {self._link.rpc.where}"
            raise UnavailableError(
                f"{where}: the contract at {self.contract} is not an ERC-20: {error}."
            ) from None


def setup_members(
    link: Link,
    token: Address,
    federation: Address,
    accounts: Sequence[Address],
    amount: int,
    *,
    minter: Address,
) -> None:
    """Give each account `amount` tokens from a mintable token, and let the federation take them."""
    book = Token(link, token)
    book.mint(minter, [(account, amount) for account in accounts])
    book.approve(accounts, federation)
