"""The record of a deployment, `deployments/<chain id>/<name>.json`, by which a client finds a federation."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from clients.ports.chain.link import Link
from clients.ports.chain.terms import abi_of, pack_terms, unpack_terms
from clients.ports.chain.web3chain import Web3Chain, open_chain
from clients.ports.files import write_whole
from clients.types.cid import Cid
from clients.types.errors import ProtocolError, RequestError, UnavailableError
from clients.types.federation import Address
from clients.types.keeping import check_history
from clients.types.mechanisms import KINDS, Terms
from clients.types.parsing import parse_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract on the chain. `transaction` is empty if we didn't deploy it."""

    contract: str
    address: Address
    code_hash: str
    transaction: str = ""
    block: int = 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed federation, with its token and, on development chains, its beacon.

    `history`: for how many rounds its members keep models (`clients.types.keeping`); None if the record
    doesn't say. `learning`: what they agreed on besides the terms, if the record has it; see `Learning`.
    """

    name: str
    chain_id: int
    mechanism: str
    deployer: Address
    federation: Contract
    token: Contract
    beacon: Contract | None
    terms: Terms
    abi_hash: str
    compiler: dict[str, Any] = field(default_factory=dict)
    history: int | None = None
    learning: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the record as JSON-able data; the genesis digest as 0x and hex, and as a CID."""
        genesis = Cid.from_digest(self.terms.genesis)
        return asdict(self) | {"terms": pack_terms(self.terms), "genesis_cid": str(genesis)}

    @classmethod
    def parse(cls, data: dict[str, Any], where: str) -> Self:
        """Return the deployment that `document` wrote. RequestError, with `where`, if it isn't one."""
        try:
            data = {key: value for key, value in data.items() if key != "genesis_cid"}
            parts = {part: Contract(**data[part]) for part in ("federation", "token")}
            if data["beacon"] is not None:
                parts["beacon"] = Contract(**data["beacon"])
            terms = unpack_terms(data["mechanism"], data["terms"])
            if data.get("history") is not None:
                check_history(data["history"], f"{where}: history")
            if not isinstance(data.get("learning", {}), dict):
                raise TypeError("learning is no table")
            return cls(**(data | parts | {"terms": terms}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RequestError(f"{where} is not the record of a deployment: {error!r}.") from None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a record."""
        try:
            data = parse_json(path.read_text("utf-8"))
        except OSError as error:
            raise UnavailableError(f"deployment {path} can't be read: {error.strerror}.") from None
        except ValueError as error:
            raise RequestError(f"deployment {path} is not JSON: {error}.") from None
        return cls.parse(data, str(path))

    def save(self, path: Path) -> None:
        """Write the record, whole or not at all."""
        write_whole(path, json.dumps(self.document(), indent=2) + "\n")

    def open(self, link: Link) -> Web3Chain:
        """Return the federation on `link`. UnavailableError if it is another chain, or not there."""
        if link.chain_id != self.chain_id:
            raise UnavailableError(
                f"chain at {link.rpc.where} has id {link.chain_id}, but {self.name!r} is deployed on chain "
                f"{self.chain_id}. Give the URL of a node of that chain."
            )
        return open_chain(
            link,
            self.federation.address,
            abi=abi_of(self.mechanism),
            code_hash=self.federation.code_hash,
            first_block=self.federation.block,
        )


def record_path(folder: Path, chain_id: int, name: str) -> Path:
    """Return where the record of `name` on chain `chain_id` belongs."""
    if not _NAME.fullmatch(name):
        raise RequestError(f"deployment name {name!r}: letters, digits, '.', '_' and '-' only, 64 at most.")
    return folder / str(chain_id) / f"{name}.json"


def find_mechanism(link: Link, federation: Address) -> str:
    """Return the mechanism that the federation at an address names.

    UnavailableError if it names none, or one that this client doesn't know.
    """
    where = f"chain at {link.rpc.where}: the federation at {federation}"
    try:
        (name,) = open_chain(link, federation).view("mechanism")
    except ProtocolError as error:
        raise UnavailableError(
            f"{where} doesn't say which mechanism it has ({error}): it is older than this client. "
            "Check the address, or use the client that it was deployed with."
        ) from None
    if name not in KINDS:
        raise UnavailableError(
            f"{where} has the mechanism {name[:32]!r}, and this client knows {', '.join(KINDS)}. "
            "Check the address, or use the client that it was deployed with."
        )
    return str(name)
