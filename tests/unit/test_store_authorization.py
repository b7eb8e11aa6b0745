"""Credentials for an IPFS API: in Kubo's forms or the old one, from the environment or a file."""

import base64
import logging
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clients.ports.store.authorization import Authorization, read_authorization
from clients.types.errors import RequestError, UnavailableError

visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


def header_of(found: Authorization | None) -> str:
    assert found is not None
    request = SimpleNamespace(headers={})
    assert found(request) is request
    return str(request.headers["Authorization"])


def read(text: str) -> str:
    return header_of(read_authorization({"FEDJURY_IPFS_AUTH": text}))


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@given(visible)
def test_a_token_is_sent_as_it_is(token: str) -> None:
    assert read(f"bearer:{token}") == f"Bearer {token}"


@given(st.text(max_size=10).filter(lambda text: ":" not in text), st.text(max_size=10))
def test_user_and_password_are_sent_in_either_form(user: str, password: str) -> None:
    pair = f"{user}:{password}"
    assert read(f"basic:{pair}") == basic(pair)
    assert read(f"basic:{basic(pair)[6:]}") == basic(pair)
    if user not in ("basic", "bearer"):
        assert read(pair) == basic(pair)


def test_no_credentials_are_none() -> None:
    assert read_authorization({}) is None
    assert read_authorization({"FEDJURY_IPFS_AUTH": ""}) is None


@given(st.text(min_size=4, max_size=60))
def test_what_can_be_no_header_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(RequestError) as plain:
        read("bearer: ")
    assume(secret not in str(plain.value))  # the message's own words aren't secret
    for text in (f"bearer:{secret} ", f"bearer:{secret}\n", f"bearer:\0{secret}"):
        with pytest.raises(RequestError) as refused:
            read(text)
        assert secret not in str(refused.value)
    with suppress(RequestError):
        header = read(secret)
        assert header.isascii()
        assert header.isprintable()


@pytest.mark.parametrize(
    "text", ["token", "bearer:", "bearer:a b", "bearer:a\tb", "bearer:é", "basic:", "basic:x"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="bearer:TOKEN, basic:user:password or user:password"):
        read(text)


def test_a_file_that_only_its_owner_reads_may_hold_them(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("bearer:s3cret\r\nmore\n")
    environ = {"FEDJURY_IPFS_AUTH_FILE": str(file)}
    for mode in (0o644, 0o640, 0o604, 0o622):
        file.chmod(mode)
        with pytest.raises(RequestError, match="chmod 600") as refused:
            read_authorization(environ)
        assert "s3cret" not in str(refused.value)
    file.chmod(0o600)
    assert header_of(read_authorization(environ)) == "Bearer s3cret"
    with pytest.raises(RequestError, match="both"):
        read_authorization({**environ, "FEDJURY_IPFS_AUTH": "user:password"})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(RequestError, match="not UTF-8"):
        read_authorization(environ)
    file.unlink()
    with pytest.raises(UnavailableError, match="can't be read"):
        read_authorization(environ)


def test_they_show_themselves_to_nobody(caplog: pytest.LogCaptureFixture) -> None:
    found = read_authorization({"FEDJURY_IPFS_AUTH": "bearer:s3cret"})
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("clients").debug("%s %r", found, [found])
    assert "s3cret" not in caplog.text
