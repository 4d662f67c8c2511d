"""A private mount and network namespace: host names, trusted CAs and ports of its own."""

from __future__ import annotations

import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys

_MARK = "BLOBGATE_TEST_NAMESPACE"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_SYS_KEYCTL, _JOIN_SESSION_KEYRING = 250, 1  # of x86-64


def entered() -> bool:
    return _MARK in os.environ


def enter() -> None:
    """Starts this program anew inside the namespace; does not return. What it leaves running ends
    with it."""
    os.environ[_MARK] = "1"
    command = _command(sys.argv)
    os.execvp(command[0], command)


def run(arguments: list[str]) -> None:
    """Runs this program with these arguments inside, to its end; an error when it fails."""
    subprocess.run(_command([sys.argv[0], *arguments]), check=True,
                   env={**os.environ, _MARK: "1"})


def _command(argv: list[str]) -> list[str]:
    rights = [] if os.geteuid() == 0 else ["-r"]
    return ["unshare", *rights, "--mount", "--net", "--pid", "--fork", "--kill-child",
            "--mount-proc", sys.executable, *argv]


def furnish(directory: pathlib.Path, names: dict[str, list[str]],
            ca_file: pathlib.Path | None = None) -> None:
    """Inside: the loopback interface, host names by address, and `ca_file`, if given, as the
    system's only CA."""
    _loopback_up()
    hosts = directory / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(
        f"{address} {' '.join(of_it)}\n" for address, of_it in names.items()))
    _bind(hosts, "/etc/hosts")
    if ca_file is None:
        return
    trust = directory / "trust"
    trust.mkdir()
    (trust / "ca-certificates.crt").write_bytes(ca_file.read_bytes())
    _bind(trust, "/etc/ssl/certs")


def join_keyring() -> None:
    """A session keyring that this program's children share, as those of a login do: AzCopy keeps
    its login there. Where the kernel has none, the tests of that fail."""
    ctypes.CDLL(None).syscall(_SYS_KEYCTL, _JOIN_SESSION_KEYRING, None)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _bind(source: pathlib.Path, target: str) -> None:
    subprocess.run(["mount", "--bind", str(source), target], check=True)
