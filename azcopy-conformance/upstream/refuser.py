"""A server that takes every request to its end and refuses it: no test gets far with it."""

from __future__ import annotations

import contextlib
import http.server
import pathlib
import ssl
import threading
from collections.abc import Iterator


class _Refusal(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _refuse(self) -> None:
        # To its end: the new suite crashes when it may free a body that is still being sent.
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (piece := self.rfile.read(min(left, 1 << 20))):
            left -= len(piece)
        self.send_response(403)
        self.send_header("x-ms-error-code", "AuthenticationFailed")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _refuse

    def log_message(self, *_) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, *_) -> None:
        pass  # clients that are gone before the answer


@contextlib.contextmanager
def refusing(directory: pathlib.Path) -> Iterator[None]:
    """On the ports of the daemon, with the certificate in `directory`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    servers = [_Server(("127.0.0.1", port), _Refusal) for port in (10000, 443)]
    # Handshakes in the threads, not in the loop that accepts.
    servers[1].socket = context.wrap_socket(servers[1].socket, server_side=True,
                                            do_handshake_on_connect=False)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
