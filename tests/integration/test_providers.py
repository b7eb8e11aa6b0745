"""A deployment, three nodes and the audit over a chain behind a provider with limits, its key in the URL."""

import json
import logging
import random
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

import deploy.__main__ as deploy_command
from clients import audit, genesis, node
from clients.ports.chain import AnvilNode, Token, open_link
from clients.ports.keys import dev_key
from clients.roles import keeper
from clients.types.federation import TOKEN

pytestmark = [pytest.mark.needs("anvil"), pytest.mark.needs("node"), pytest.mark.slow]

KEY = "zqxzqxzqx0123"


class Provider:
    """A proxy to a node, with the limits and lacks of a free plan. It knows its users by the key."""

    def __init__(self, upstream: str, **faults: float) -> None:
        self._upstream, self._faults = upstream, faults
        self._rng, self._lock = random.Random(1), threading.Lock()
        self.refused = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, said = outer._answer(self.path, body)
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v2/{KEY}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, path: str, body: Any) -> tuple[int, Any]:
        if path != f"/v2/{KEY}":
            return 401, {"error": {"code": -32600, "message": f"no such key in {path}"}}
        time.sleep(self._faults.get("delay", 0.0))
        if self._chance("rate429"):
            return 429, {"error": {"code": 429, "message": "too many requests"}}
        if not isinstance(body, list):
            return 200, self._one(body)
        most = self._faults.get("batch", 1e9)
        if len(body) > most:
            self.refused += 1
            if most < 1:
                return 405, "no batches"
            return 200, [self._error(one, -32600, f"batches over {most} are not allowed") for one in body]
        answers = [self._one(one) for one in body]
        return 200, self._rng.sample(answers, len(answers))

    def _chance(self, fault: str) -> bool:
        with self._lock:
            happens = self._rng.random() < self._faults.get(fault, 0.0)
            self.refused += happens
            return happens

    def _error(self, asked: Any, code: int, message: str) -> Any:
        return {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": code, "message": message}}

    def _one(self, asked: Any) -> Any:
        method = asked["method"]
        if self._chance("rate200"):
            return self._error(asked, -32005, "request rate limited")
        if method == "eth_getLogs" and "maxrange" in self._faults:
            first, last = (int(asked["params"][0][name], 16) for name in ("fromBlock", "toBlock"))
            if last - first >= self._faults["maxrange"]:
                self.refused += 1
                return self._error(asked, -32602, f"range of {last - first + 1} blocks is too large")
        lacks = "bare" in self._faults
        if lacks and method in ("eth_maxPriorityFeePerGas", "eth_feeHistory", "debug_traceTransaction"):
            return self._error(asked, -32601, f"the method {method} does not exist/is not available")
        answer = requests.post(self._upstream, json=asked, timeout=60).json()
        if lacks and isinstance(answer.get("result"), dict):
            for name in ("baseFeePerGas", "mixHash", "effectiveGasPrice", "logsBloom"):
                answer["result"].pop(name, None)
            if "timestamp" in answer["result"]:  # as decimals, or with zeros in front
                answer["result"]["timestamp"] = str(int(answer["result"]["timestamp"], 16))
                answer["result"]["number"] = "0x00" + answer["result"]["number"][2:]
        return answer


@pytest.fixture(scope="module")
def anvil() -> Iterator[str]:
    with AnvilNode(block_time=0.3, genesis_time=None) as node:
        yield node.url


@pytest.mark.parametrize(
    "faults",
    [
        {"batch": 3, "rate200": 0.1, "rate429": 0.1, "maxrange": 15, "delay": 0.005},
        {"batch": 0, "bare": 1, "maxrange": 40},
    ],
    ids=["limits", "lacks"],
)
def test_a_round_and_its_audit_over_a_provider(
    faults: dict[str, float],
    anvil: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(keeper, "PATIENCE", 2.0)
    caplog.set_level(logging.DEBUG)
    provider = Provider(anvil, **faults)
    monkeypatch.setenv("NODE_URL", provider.url)
    settings = {"dataset": "digits", "model": "logistic", "seed": 1, "store": f"dir:{tmp_path}/store"}
    # Whoever is drawn, both jurors approve: one of two alone would leave nothing that passes.
    learning = {**settings, "clients": 3, "local-epochs": 1, "device": "cpu", "threshold": 1}
    try:
        assert genesis.main(words(settings)) == 0
        cid = capfd.readouterr().out.strip()
        terms = {
            "genesis": cid,
            "proposers": 1,
            "min-voters": 2,
            "open-seconds": 2,
            "unbonding-seconds": 20_000,
            # Seeds are block hashes here: by default the only update would be a decoy one time in ten, and
            # the round end without a model.
            "decoy-odds": 0,
        }
        own = {"rpc": "env:NODE_URL", "name": "trial", "dev-key": 0, "folder": tmp_path}
        assert deploy_command.main([*words({**own, **terms}), "--unsafe-terms"]) == 0, capfd.readouterr()
        record = tmp_path / "31337" / "trial.json"
        token = json.loads(record.read_text())["token"]["address"]
        with open_link(anvil, [dev_key(0)]) as link:
            Token(link, token).mint(
                dev_key(0).address, [(dev_key(one).address, 64 * TOKEN) for one in (1, 2, 3)]
            )
        statuses = run_nodes({**learning, "rpc": provider.url, "deployment": record}, tmp_path)
        assert statuses == [0, 0, 0], capfd.readouterr()
        told = capfd.readouterr().out
        assert told.count("round 1: accepted") == 3, told
        audited = {"rpc": "env:NODE_URL", "deployment": record, "store": settings["store"]}
        assert audit.main(words(audited)) == 0, capfd.readouterr()
        told = "".join(capfd.readouterr())
        assert "Nothing that doesn't add up" in told
        assert provider.refused > 0
        kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert KEY not in told + caplog.text
        assert not any(KEY.encode() in one for one in kept)
    finally:
        provider.close()


def run_nodes(options: dict[str, Any], folder: Path) -> list[int]:
    """Run three nodes for a round, each in a thread; return their exit statuses."""
    statuses = [-1] * 3

    def run(index: int) -> None:
        own = {"dev-key": index + 1, "index": index, "journal": folder / f"journal-{index}"}
        statuses[index] = node.main(words({**options, **own, "stake": 64, "rounds": 1, "poll": 0.1}))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return statuses


def words(options: dict[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]
