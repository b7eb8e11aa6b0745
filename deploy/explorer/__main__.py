"""`python -m deploy.explorer`: builds the audit page if needed, and serves it on this machine."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

from clients.ports.chain.deployment import Deployment
from clients.ports.command import Parser, guard
from clients.ports.urls import WAYS, holds_secret, read_url
from clients.types.errors import UnavailableError
from clients.types.keeping import check_history
from deploy.explorer.building import POLICY, build

HOST = "127.0.0.1"
_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Handler(SimpleHTTPRequestHandler):
    """Serves the page's files, each with the headers that limit what the page may do."""

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: object) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page asks the same few files again and again."""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = Parser(prog="python -m deploy.explorer", description=__doc__)
    parser.add_argument("--port", type=int, default=8600, metavar="N", help="default 8600; 0: any free one")
    parser.add_argument("--build-only", action="store_true", help="build, say where, and serve nothing")
    parser.add_argument("--rpc", metavar="URL", help=f"the node in the link that is printed: {WAYS}")
    parser.add_argument("--gateway", metavar="URL", help="the IPFS gateway in that link")
    parser.add_argument("--federation", metavar="ADDRESS", help="the federation in that link")
    parser.add_argument(
        "--deployment", type=Path, metavar="FILE", help="the federation's record, instead of its address"
    )
    parser.add_argument(
        "--history",
        type=int,
        metavar="N",
        help="rounds for which models are kept, in that link (default: the record's)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; return the exit status."""
    return guard(lambda: _run(parser().parse_args(argv)), lambda: "Ended.")


def _run(given: argparse.Namespace) -> int:
    folder = build()
    if given.build_only:
        print(folder)
        return 0
    view = get_view(given)
    with serve(folder, given.port) as server:
        print(f"http://{HOST}:{server.server_address[1]}/{view}")
        if given.rpc and holds_secret(read_url(given.rpc)):
            print("The node's URL may hold a key, so the link is without it: give it under Connection.")
        print("Ctrl-C ends it.", flush=True)
        server.serve_forever()
    return 0


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the page in `folder` on this machine's `port`; 0 is any free one."""
    try:
        return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise UnavailableError(f"port {port} can't be listened on: {error}. Give another --port.") from None


def get_view(given: argparse.Namespace) -> str:
    """Return the fragment of the link to the page; it leaves out a URL that may hold a key."""
    federation, history = given.federation, given.history
    if history is not None:
        check_history(history, "--history")
    if given.deployment is not None:
        record = Deployment.load(given.deployment)
        federation = record.federation.address
        history = record.history if history is None else history
    rpc = read_url(given.rpc) if given.rpc else ""
    shown = "" if holds_secret(rpc) else rpc
    asked = {"rpc": shown, "ipfs": given.gateway, "federation": federation, "history": history}
    named = {name: value for name, value in asked.items() if value not in (None, "")}
    return f"#/rounds?{urlencode(named)}" if named else ""


if __name__ == "__main__":
    sys.exit(main())
