from pathlib import Path

import pytest

from clients import node

NOBODY = "0x0000000000000000000000000000000000000001"


@pytest.mark.parametrize("clients", [1, 2, 20])
def test_data_may_be_one_participants_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], clients: int
) -> None:
    rest = ["--dev-key", "0", "--federation", NOBODY, "--store", f"dir:{tmp_path}/store"]
    argv = ["--rpc", "no-url", *rest, "--journal", str(tmp_path / "journal"), "--clients", str(clients)]
    assert node.main(argv) == 2
    assert "--rpc" in capsys.readouterr().err  # the settings have passed; what is wrong is the URL


def test_a_ceiling_that_is_no_price_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["--dev-key", "0", "--federation", NOBODY, "--store", f"dir:{tmp_path}/store", "--clients", "1"]
    assert node.main(["--rpc", "http://127.0.0.1:9", *rest, "--fee-ceiling", "cheap"]) == 2
    assert "in gwei" in capsys.readouterr().err


def test_a_stake_in_base_units_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["--dev-key", "0", "--federation", NOBODY, "--store", f"dir:{tmp_path}/store", "--clients", "1"]
    assert node.main(["--rpc", "http://127.0.0.1:9", *rest, "--stake", "64e18"]) == 2
    assert "--stake: 64e18 looks like base units; amounts are tokens: write 64." in capsys.readouterr().err
