"""Plays systemd for a daemon: receives its notifications and passes listening sockets."""

from __future__ import annotations

import fcntl
import os
import pathlib
import socket
import time


class Notifications:
    """The socket that NOTIFY_SOCKET names. Messages are kept until a test asks for them."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)  # the daemon may be another user

    def __enter__(self) -> "Notifications":
        return self

    def __exit__(self, *_) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def next(self, seconds: float = 60) -> dict[str, str] | None:
        """None: nothing came in that time."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            text = self._socket.recv(65536).decode()
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait_for(self, name: str, seconds: float = 60) -> dict[str, str]:
        """The first message that says NAME=1; those before it are dropped."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            message = self.next(left)
            if message and message.get(name) == "1":
                return message
        raise AssertionError(f"no {name}=1 in {seconds} s")

    def drop_all(self) -> int:
        """How many had come."""
        count = 0
        while self.next(0) is not None:
            count += 1
        return count


def listening(address: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A socket as a socket unit makes it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    sock.listen(1024)
    return sock


def passing(command: list[str], sockets: list[tuple[str, socket.socket]]) -> list[str]:
    """`command` as a shell starts it with the sockets, which must be passed with `pass_fds`: they
    become descriptors 3 and on, and LISTEN_PID is the daemon's own number."""
    moves = "".join(f" {3 + i}<&{s.fileno()}" for i, (_, s) in enumerate(sockets))
    names = ":".join(name for name, _ in sockets)
    script = (f"exec{moves}; LISTEN_PID=$$ LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names}; "
              'export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES; exec "$@"')
    if any(s.fileno() < 3 + len(sockets) for _, s in sockets):
        raise AssertionError("a descriptor would be overwritten")
    return ["bash", "-c", script, "bash", *command]


def high(sock: socket.socket) -> socket.socket:
    """The same socket with a descriptor that `passing` does not overwrite."""
    copy = socket.socket(fileno=fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, 50))
    sock.close()
    return copy


def environment(notifications: Notifications, watchdog: float | None = None,
                path: str | None = None) -> dict[str, str]:
    """`watchdog`: seconds. `path`: what the daemon calls the notification socket."""
    found = {**os.environ, "NOTIFY_SOCKET": path or str(notifications.path)}
    if watchdog:
        found["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
    return found
