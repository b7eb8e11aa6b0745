"""Put a federation on a chain: its token, its beacon on a development chain, the contract itself."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, TypeVar

from clients.ports.chain.abi import Abi, abi_hash, address, as_bytes, as_int, hash_code, packaged
from clients.ports.chain.deployment import Contract, Deployment
from clients.ports.chain.flights import Step
from clients.ports.chain.link import Link
from clients.ports.chain.refusal import explain
from clients.ports.chain.rpc import RpcError, reading
from clients.ports.chain.terms import arguments_of, terms_of
from clients.ports.chain.token import Token
from clients.ports.chain.web3chain import Web3Chain, check_code
from clients.types.amounts import format_amount
from clients.types.chain import Call
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from clients.types.federation import ZERO_ADDRESS, Address
from clients.types.keeping import HISTORY
from clients.types.mechanisms import Terms, kind_of, mechanism_of
from deploy.compiler import artifact
from deploy.faults import explain_term
from deploy.sources import compiler_settings
from deploy.terms import format_term, format_value

T = TypeVar("T")

_LAG_TRIES, _LAG_PAUSE = 5, 1.0

DEV_CHAINS = frozenset({1337, 31337})
"""Chain ids on which money is play money: mintable tokens and fixed beacons are for these alone."""


def deploy_federation(
    link: Link,
    deployer: Address,
    terms: Terms,
    *,
    name: str = "devnet",
    beacon_value: bytes | None = None,
    supply: int = 0,
    history: int = HISTORY,
    learning: Mapping[str, Any] | None = None,
) -> Deployment:
    """Deploy a federation as `deployer`, who has a key in `link`, and check the deployed contract.

    The class of `terms` gives its mechanism.
    `terms.token` zero: deploys a JuryToken as well, with `supply` base units for the deployer; on a
    development chain the deployer may mint more. `terms.beacon` zero: block hashes are the entropy, unless
    `beacon_value` (32 bytes, development chains only) is given, which deploys a FixedBeacon.
    `history` and `learning` go into the record: for how many rounds members keep models, and the settings
    that members agreed on besides the terms.
    Raises RequestError if the terms are refused, UnavailableError if the chain fails.
    """
    mechanism, play = mechanism_of(terms), link.chain_id in DEV_CHAINS
    contract = kind_of(mechanism).contract
    if beacon_value is not None and not play:
        raise RequestError(
            f"a fixed beacon on chain {link.chain_id}: whoever reads the record knows every draw."
        )
    if terms.token == ZERO_ADDRESS and not play and supply <= 0:
        raise RequestError("no token: give --token ADDRESS, or --supply for a new one that nobody can mint.")
    if terms.token != ZERO_ADDRESS:
        token = _existing(link, "ERC20", terms.token)
        Token(link, terms.token).check_decimals()
    _check_sizes(artifact(contract).abi, terms)
    # Find out whether the terms are refused before paying for anything. Any token serves for that.
    tried = replace(terms, token=deployer)
    _estimate(link, deployer, contract, arguments_of(tried), tried)
    if terms.token == ZERO_ADDRESS:
        minter = deployer if play else ZERO_ADDRESS
        token = _deploy(link, deployer, "JuryToken", (supply, deployer, minter))
    beacon: Contract | None = None
    if beacon_value is not None:
        beacon = _deploy(link, deployer, "FixedBeacon", (beacon_value,))
    elif terms.beacon != ZERO_ADDRESS:
        beacon = _existing(link, "IBeacon", terms.beacon)
    whole = replace(terms, token=token.address, beacon=beacon.address if beacon else ZERO_ADDRESS)
    federation = _deploy(link, deployer, contract, arguments_of(whole), whole)
    _verify(link, federation, whole)
    return Deployment(
        name=name,
        chain_id=link.chain_id,
        mechanism=mechanism,
        deployer=deployer,
        federation=federation,
        token=token,
        beacon=beacon,
        terms=whole,
        abi_hash=abi_hash(artifact(contract).abi),
        compiler=compiler_settings(),
        history=history,
        learning=dict(learning or {}),
    )


def add_to_pool(chain: Web3Chain, sponsor: Address, amount: int) -> None:
    """Add `amount`, in base units, of the sponsor's tokens to the pool that rewards are paid from.

    Tokens that the sponsor lacks are minted first on a development chain; elsewhere raises RequestError.
    """
    token = Token(chain.link, chain.token)
    short = amount - token.balance(sponsor)
    if short > 0 and chain.chain_id not in DEV_CHAINS:
        raise RequestError(
            f"{sponsor} lacks {format_amount(short)} tokens of the {format_amount(amount)} that the pool is "
            "to get. The federation is deployed; anybody may call `fund` later."
        )
    if short > 0:
        token.mint(sponsor, [(sponsor, short)])
    token.approve([sponsor], chain.federation, amount)
    [receipt] = chain.send([Call(sponsor, "fund", (amount,))])
    if receipt.error is not None:
        raise receipt.error


def _deploy(
    link: Link, deployer: Address, contract: str, args: Sequence[object], terms: Terms | None = None
) -> Contract:
    """Deploy a contract. `terms`: those of a federation, which its constructor may refuse."""
    built = artifact(contract)
    data, gas = _estimate(link, deployer, contract, args, terms)
    step = Step(deployer, None, data, f"deploy {contract}", gas * 5 // 4)
    [mined] = link.sender.send([step])
    if not mined.ok or mined.created is None:
        raise _refused(contract, explain(link.rpc, _errors(contract), step, mined), terms)
    where = address(mined.created)
    code = _patiently(lambda: link.data("eth_getCode", where, hex(mined.block)))
    if len(code) != len(built.deployed_bytecode):
        raise UnavailableError(f"chain at {link.rpc.where}: what was deployed at {where} is not {contract}.")
    return Contract(contract, where, hash_code(code), mined.transaction, mined.block)


def _estimate(
    link: Link, deployer: Address, contract: str, args: Sequence[object], terms: Terms | None = None
) -> tuple[bytes, int]:
    """Return the data that a deployment sends, and the gas that it takes."""
    data = artifact(contract).build_creation(args)
    try:
        call = {"from": deployer, "data": "0x" + data.hex()}
        with suppress(TypeError, ValueError):
            return data, as_int(link.rpc.request("eth_estimateGas", call))
        raise UnavailableError(f"chain at {link.rpc.where} gives no estimate for {contract}.")
    except RpcError as error:
        if error.revert is None:
            raise UnavailableError(f"chain at {link.rpc.where} can't estimate {contract}: {error}") from None
        raise _refused(contract, _errors(contract).error(error.revert), terms) from None


def _check_sizes(abi: Sequence[Mapping[str, Any]], terms: Terms) -> None:
    """Raise `RequestError` for a number that is too large for its place in the contract's terms."""
    [constructor] = [entry for entry in abi if entry["type"] == "constructor"]

    def check(components: Sequence[Mapping[str, Any]], record: Any) -> None:
        for component, field in zip(components, fields(record), strict=True):
            value, kind = getattr(record, field.name), component["type"]
            if kind == "tuple":
                check(component["components"], value)
            elif kind.startswith("uint") and value >> int(kind.removeprefix("uint")):
                most = format_value(terms, field.name, 2 ** int(kind.removeprefix("uint")) - 1)
                raise RequestError(f"{format_term(terms, field.name)} is too much: {most} at most.")

    check(constructor["inputs"][0]["components"], terms)


def _errors(contract: str) -> Abi:
    return Abi([*artifact(contract).abi, *packaged("federation")])


def _existing(link: Link, contract: str, where: Address) -> Contract:
    check_code(link, where, None)
    return Contract(contract, where, hash_code(link.data("eth_getCode", where, "latest")))


def _patiently(ask: Callable[[], T]) -> T:
    """Return the result of `ask` about a block just mined, which some of a provider's nodes may lack."""
    for _ in range(_LAG_TRIES):
        with suppress(UnavailableError):
            return ask()
        time.sleep(_LAG_PAUSE)
    return ask()


def _verify(link: Link, federation: Contract, terms: Terms) -> None:
    """Check that the contract on the chain has the intended mechanism and terms."""
    abi, mechanism = Abi(artifact(federation.contract).abi), mechanism_of(terms)

    def ask(view: str) -> Any:
        call = {"to": federation.address, "data": "0x" + abi.call(view).hex()}
        with reading(link.rpc.where, "eth_call"):
            raw = link.rpc.request("eth_call", call, hex(federation.block))
            return abi.result(view, as_bytes(raw))[0]

    named = _patiently(lambda: ask("mechanism"))
    if named != mechanism:
        raise UnavailableError(
            f"chain at {link.rpc.where}: {federation.address} names the mechanism {named!r}, not {mechanism}."
        )
    got = terms_of(mechanism, _patiently(lambda: ask("terms")))
    if got != terms:
        names = [item.name for item in (*fields(terms), *fields(terms.schedule)) if item.name != "schedule"]
        others = [told for name in names if (told := format_term(got, name)) != format_term(terms, name)]
        raise UnavailableError(
            f"chain at {link.rpc.where}: {federation.address} has other terms than asked for: "
            f"{', '.join(others)}."
        )


def _refused(contract: str, error: ProtocolError, terms: Terms | None) -> RequestError:
    said = str(error)
    if error.name == "InvalidTerms" and terms is not None:
        said = explain_term(terms, str(error.values[0]))
    return RequestError(f"{contract} refuses these terms: {said}.")
