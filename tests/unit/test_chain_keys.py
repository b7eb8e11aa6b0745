"""Keys sign and keep quiet; salts are always the same."""

import json
import pickle
import stat
from pathlib import Path

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from clients.ports import keys
from clients.ports.keys import Key, KeyedSalts, SeededSalts, derive_keys, dev_key, dev_key_by_name
from clients.types.errors import RequestError, UnavailableError

SECRET = b"\x11" * 32


@pytest.fixture(autouse=True)
def _fast_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrypt takes a second by design."""
    whole = Account.encrypt
    monkeypatch.setattr(
        keys.Account, "encrypt", lambda key, phrase: whole(key, phrase, kdf="pbkdf2", iterations=2)
    )


def test_development_keys_are_anvils() -> None:
    assert dev_key(0).address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert dev_key(9).address == "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"
    for name in ("9", "anvil:9", "hardhat:9", "dev9", "Anvil:9"):
        assert dev_key_by_name(name).address == dev_key(9).address
    for name in ("", "anvil", "-1", "0x1", "anvil:x"):
        with pytest.raises(RequestError, match="development key"):
            dev_key_by_name(name)


def test_keys_follow_from_a_seed() -> None:
    addresses = [key.address for key in derive_keys(1, 20)]
    assert addresses == [key.address for key in derive_keys(1, 20)]
    assert addresses[:5] == [key.address for key in derive_keys(1, 5)]
    others = [key.address for key in derive_keys(2, 20)] + [
        key.address for key in derive_keys(1, 20, label="x")
    ]
    assert len({*addresses, *others}) == 60


def test_a_key_never_shows_itself() -> None:
    key = Key(SECRET)
    shown = f"{key!r} {key} {KeyedSalts(key)!r} {SeededSalts(1, 2)!r} {[key]}"
    assert SECRET.hex() not in shown
    assert key.address in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(RequestError) as caught:
        Key(b"\0" * 32)
    assert "00" * 8 not in str(caught.value)
    with pytest.raises(RequestError):
        Key(b"short")


def test_a_signature_is_eth_accounts() -> None:
    transaction = {
        "chainId": 1,
        "nonce": 0,
        "gas": 21_000,
        "to": dev_key(0).address,
        "value": 1,
        "data": b"",
        "type": 2,
        "maxFeePerGas": 1,
        "maxPriorityFeePerGas": 1,
    }
    signed = Key(SECRET).sign(transaction)
    assert Account.recover_transaction(signed.raw) == Key(SECRET).address
    assert signed.hash == "0x" + Account.from_key(SECRET).sign_transaction(transaction).hash.hex()


def test_key_files(tmp_path: Path) -> None:
    path, key = tmp_path / "keys" / "mine.json", Key(SECRET)
    key.save(path, "a phrase")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SECRET.hex() not in path.read_text()
    assert json.loads(path.read_text())["version"] == 3
    assert Key.load(path, "a phrase").address == key.address
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(RequestError, match="passphrase doesn't open it"):
        Key.load(path, "another")
    with pytest.raises(RequestError, match="exists already"):
        key.save(path, "a phrase")
    key.save(path, "b", force=True)
    assert Key.load(path, "b").address == key.address


@pytest.mark.parametrize(
    "content", ["", "nothing", "[]", "{}", '{"version": 3}', '{"version": 1, "crypto": {}}']
)
def test_files_that_hold_no_key(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(RequestError, match="key file"):
        Key.load(path, "")


def test_absent_key_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file"):
        Key.load(tmp_path / "absent", "")


def test_passphrases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "phrase"
    file.write_text("from a file\nsecond line\n")
    monkeypatch.setenv("FEDJURY_PASSPHRASE", "from the environment")
    assert keys.read_passphrase(file=file) == "from a file"
    assert keys.read_passphrase() == "from the environment"
    monkeypatch.delenv("FEDJURY_PASSPHRASE")
    with pytest.raises(RequestError, match="no passphrase"):
        keys.read_passphrase(ask=False)
    with pytest.raises(UnavailableError):
        keys.read_passphrase(file=tmp_path / "absent")


@given(st.integers(0, 2**63), st.integers(0, 2**40))
def test_salts(chain_id: int, round: int) -> None:
    here, there = "0x" + "Ab" * 20, "0x" + "cd" * 20
    salts = KeyedSalts(Key(SECRET))
    salt = salts.salt(chain_id, here, round)
    assert len(salt) == 32
    assert salt == KeyedSalts(Key(SECRET)).salt(chain_id, here.lower(), round)
    others = [
        salts.salt(chain_id + 1, here, round),
        salts.salt(chain_id, there, round),
        salts.salt(chain_id, here, round + 1),
        KeyedSalts(Key(b"\x22" * 32)).salt(chain_id, here, round),
    ]
    assert len({salt, *others}) == 5
    seeded = SeededSalts(1, 2)
    assert seeded.salt(chain_id, here, round) == SeededSalts(1, 2).salt(5, there, round)
    strangers = [SeededSalts(1, 3), SeededSalts(2, 2)]
    assert len({one.salt(0, here, round) for one in [seeded, *strangers]}) == 3
    assert seeded.salt(0, here, round) != seeded.salt(0, here, round + 1)
