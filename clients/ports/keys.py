"""Keys: encrypted files, the public keys of development chains, keys derived from a seed, and secrets.

A key never appears in a `repr`, a message or an argument list.
"""

import getpass
import hmac
import json
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Self

from eth_account import Account
from eth_account.hdaccount import seed_from_mnemonic
from eth_account.hdaccount.deterministic import HDPath
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from eth_keys.constants import SECPK1_N
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from clients.ports.files import read_line, write_whole
from clients.types.errors import RequestError, UnavailableError
from clients.types.federation import Address
from clients.types.keys import Signed
from clients.types.parsing import parse_json

# Python's own limit. py_ecc, which eth-account imports, raises it to 100,000: then deeply nested JSON, which
# libraries parse too, would overflow the stack and end the process, where it should raise RecursionError.
sys.setrecursionlimit(1_000)

# Anvil's and Hardhat's public test keys: the whole world knows them.
_DEV_MNEMONIC = "test test test test test test test test test test test junk"
_DEV_PATH = "m/44'/60'/0'/0"
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")
_DEV_NAME = re.compile(r"(?:(?:anvil|hardhat|dev):?)?(\d{1,4})")


class Key:
    """A private key that signs and never shows itself: a `clients.types.keys.Signer`."""

    __slots__ = ("_account",)

    def __init__(self, secret: bytes) -> None:
        try:
            self._account: LocalAccount = Account.from_key(secret)
        except (ValidationError, ValueError):
            raise RequestError(
                "this is not a private key: 32 bytes between 1 and the curve's order"
            ) from None

    @property
    def address(self) -> Address:
        """Return the account's checksummed address."""
        return str(self._account.address)

    def sign(self, transaction: Mapping[str, object]) -> Signed:
        """Return `transaction` (eth-account's fields), signed."""
        signed = self._account.sign_transaction(dict(transaction))  # type: ignore[arg-type]
        return Signed("0x" + signed.raw_transaction.hex(), "0x" + signed.hash.hex())

    def sign_text(self, text: str) -> str:
        """Return the signature of `text` (EIP-191, version 0x45) as 0x and 130 hexadecimal digits."""
        return "0x" + self._account.sign_message(encode_defunct(text=text)).signature.hex()

    def mac(self, message: bytes) -> bytes:
        """Return HMAC-SHA256 of `message` under the key: 32 bytes that only its holder can compute."""
        return hmac.new(bytes(self._account.key), message, sha256).digest()

    @classmethod
    def load(cls, path: Path, passphrase: str) -> Self:
        """Read an encrypted key file (Web3 Secret Storage)."""
        try:
            content = parse_json(path.read_text("utf-8"))
        except OSError as error:
            raise UnavailableError(f"key file {path} can't be read: {error.strerror}.") from None
        except ValueError:
            raise RequestError(
                f"key file {path} is not JSON. `geth account new` and this project write such files."
            ) from None
        try:
            secret = bytes(Account.decrypt(content, passphrase))
        except (KeyError, TypeError, AttributeError, NotImplementedError, ValidationError):
            raise RequestError(f"key file {path} is not a Web3 Secret Storage file (version 3).") from None
        except ValueError:
            raise RequestError(f"key file {path}: the passphrase doesn't open it.") from None
        return cls(secret)

    def save(self, path: Path, passphrase: str, *, force: bool = False) -> None:
        """Write the key to `path`, encrypted and readable only by its owner, whole or not at all."""
        if path.exists() and not force:
            raise RequestError(f"key file {path} exists already. An overwritten key is lost.")
        write_whole(path, json.dumps(Account.encrypt(self._account.key, passphrase)), mode=0o600)

    def __repr__(self) -> str:
        return f"Key({self.address})"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")


def recover_text(text: str, signature: str) -> Address:
    """Return the account that signed `text` (EIP-191, version 0x45). RequestError if it is no signature."""
    try:
        if not _SIGNATURE.fullmatch(signature):
            raise ValueError("another length, or other digits")
        return str(Account.recover_message(encode_defunct(text=text), signature=signature))
    except (ValueError, TypeError, BadSignature, ValidationError):
        raise RequestError("this is not a signature: 65 bytes, as 0x and 130 hexadecimal digits.") from None


def read_passphrase(
    *, file: Path | None = None, env: str | None = "FEDJURY_PASSPHRASE", ask: bool = True
) -> str:
    """Return the passphrase from `file` (its first line), else the variable `env`, else by asking."""
    if file is not None:
        return read_line(file, "passphrase file")
    if env is not None and env in os.environ:
        return os.environ[env]
    if ask and os.isatty(0):
        return getpass.getpass("Passphrase: ")
    raise RequestError(f"no passphrase: give a passphrase file, or set {env or 'an environment variable'}.")


@cache
def _dev_seed() -> bytes:
    return bytes(seed_from_mnemonic(_DEV_MNEMONIC, ""))


def dev_key(number: int) -> Key:
    """Return the public test key `number` of Anvil and Hardhat. For development chains only."""
    if number < 0:
        raise RequestError(f"development key {number}: development keys are counted from 0.")
    return Key(bytes(HDPath(f"{_DEV_PATH}/{number}").derive(_dev_seed())))


def dev_key_by_name(name: str) -> Key:
    """Return the test key named `anvil:3`, `hardhat:3`, `dev3` or just `3`."""
    match = _DEV_NAME.fullmatch(name.strip().lower())
    if not match:
        raise RequestError(f"unknown development key {name!r}. They are called anvil:0, anvil:1, …")
    return dev_key(int(match[1]))


def open_key(dev_key: str | None, keystore: Path | None, passphrase_file: Path | None) -> Key:
    """Return the key given to a command: a test key by its name, or a keystore opened with its passphrase."""
    given = [name for name in (dev_key, keystore) if name is not None]
    if len(given) != 1:
        raise RequestError("give one key: --keystore FILE, or --dev-key N on a development chain.")
    if dev_key is not None:
        return dev_key_by_name(dev_key)
    assert keystore is not None
    return Key.load(keystore, read_passphrase(file=passphrase_file))


def derive_keys(seed: int, count: int, *, label: str = "participant") -> list[Key]:
    """Return `count` keys that follow from `seed`: the same on every chain. For simulations only."""
    return [Key(_secret(seed, label, number)) for number in range(count)]


def _secret(seed: int, label: str, number: int) -> bytes:
    digest = sha256(f"fedjury:key:{seed}:{label}:{number}".encode()).digest()
    return (int.from_bytes(digest, "big") % (SECPK1_N - 1) + 1).to_bytes(32, "big")


class KeyedSalts:
    """Salts and roots of secrets for real federations: only the key's holder can compute them, and each
    federation's are different."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def salt(self, chain_id: int, federation: Address, round_number: int) -> bytes:
        """Return the salt of the vote in round `round_number` of `federation` on chain `chain_id`."""
        return self._key.mac(f"fedjury:salt:{chain_id}:{federation.lower()}:{round_number}".encode())

    def root(self, chain_id: int, federation: Address, number: int) -> bytes:
        """Return the root of the chain of secrets `number` in `federation` on chain `chain_id`."""
        return self._key.mac(f"fedjury:secrets:{chain_id}:{federation.lower()}:{number}".encode())

    def __repr__(self) -> str:
        return f"KeyedSalts({self._key.address})"


class SeededSalts:
    """Salts and roots of secrets for simulations, from a seed and a number alone, so that every chain draws
    the same panels and the same lots."""

    def __init__(self, seed: int, number: int) -> None:
        self._key = _secret(seed, "salt", number)

    def salt(self, chain_id: int, federation: Address, round_number: int) -> bytes:
        """Return the salt of the vote in round `round_number`, wherever that is."""
        return hmac.new(self._key, f"fedjury:salt:{round_number}".encode(), sha256).digest()

    def root(self, chain_id: int, federation: Address, number: int) -> bytes:
        """Return the root of the chain of secrets `number`, wherever that is."""
        return hmac.new(self._key, f"fedjury:secrets:{number}".encode(), sha256).digest()

    def __repr__(self) -> str:
        return "SeededSalts()"
