"""HTTP/1.1 over a bare socket: sends any bytes, reads responses one by one.

For tests that a well-behaved library would not let through. Every wait has a deadline.
"""

from __future__ import annotations

import dataclasses
import socket
import ssl
import time


class Closed(Exception):
    """The peer closed before a whole response arrived."""


@dataclasses.dataclass
class RawResponse:
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def names(self) -> list[str]:
        return [key.lower() for key, _ in self.headers]


class RawConnection:
    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None = None,
                 server_name: str = "localhost", timeout: float = 15):
        self._timeout = timeout
        self._socket = socket.create_connection(address, timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=server_name)
        self._buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def half_close(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Closes with RST, as a client that dies does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()

    def _fill(self) -> bool:
        try:
            data = self._socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            return False
        self._buffer += data
        return bool(data)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not self._fill():
                raise Closed(f"closed after {bytes(self._buffer[:200])!r}")
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _take_line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if not self._fill():
                raise Closed(f"closed after {bytes(self._buffer[:200])!r}")
        return self._take(end + 2)[:-2]

    def _take_chunked(self) -> bytes:
        body = b""
        while True:
            size = int(self._take_line().split(b";")[0], 16)
            if size == 0:
                while self._take_line():
                    pass
                return body
            body += self._take(size)
            self._take(2)

    def _take_rest(self) -> bytes:
        while self._fill():
            pass
        return self._take(len(self._buffer))

    def read_response(self, method: str = "GET", largest: int | None = None) -> RawResponse:
        """The next response, interim ones (100) included. Raises Closed, or TimeoutError. A body
        that says it is longer than `largest` is not read; then the connection is of no more use."""
        version, _, rest = self._take_line().decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError(f"no status line: {version!r}")
        status, _, reason = rest.partition(" ")
        headers = []
        while line := self._take_line().decode("latin-1"):
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))
        response = RawResponse(int(status), reason, headers, b"")
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if (response.header("transfer-encoding") or "").lower() == "chunked":
            response.body = self._take_chunked()
        elif (length := response.header("content-length")) is not None:
            if largest is None or int(length) <= largest:
                response.body = self._take(int(length))
        else:
            response.body = self._take_rest()
        return response

    def is_closed(self, within: float = 10) -> bool:
        """Whether the peer closes (sending nothing more) before the deadline."""
        deadline = time.monotonic() + within
        try:
            while time.monotonic() < deadline:
                self._socket.settimeout(max(0.01, deadline - time.monotonic()))
                if not self._fill():
                    return not self._buffer
                if self._buffer:
                    return False
        except TimeoutError:
            return False
        finally:
            try:
                self._socket.settimeout(self._timeout)
            except OSError:
                pass
        return False
