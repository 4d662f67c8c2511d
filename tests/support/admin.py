"""The daemon's admin socket, and `blobgate account` as its operator runs it."""
from __future__ import annotations

import json
import socket
import subprocess
import time

import blobgate_daemon


def ask(daemon, request) -> dict:
    """The answer to one request; `request` is JSON, or a line as bytes."""
    line = request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(daemon.data_directory / "admin.sock"))
        connection.sendall(line)
        return json.loads(connection.makefile().readline())


def result(daemon, command: str, **parameters) -> dict:
    answer = ask(daemon, {"command": command, **parameters})
    assert answer["ok"], answer
    return answer["result"]


def settled_requests(daemon) -> dict:
    """What `requests` answers once none runs: a request is counted when its answer was sent, a
    moment after the client has it."""
    deadline = time.monotonic() + 60
    while (answer := result(daemon, "requests", oldest=10))["in_flight"]:
        assert time.monotonic() < deadline, answer["live"]
        time.sleep(0.01)
    return answer


def refusal(daemon, command: str, **parameters) -> dict:
    answer = ask(daemon, {"command": command, **parameters})
    assert not answer["ok"], answer
    return answer["error"]


def account(daemon, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    name, *others = arguments
    return subprocess.run(
        [str(blobgate_daemon.find_binary()), "account", name, "--data-dir",
         str(daemon.data_directory), *others], capture_output=True, text=True, check=check,
        timeout=60)


def account_json(daemon, *arguments: str) -> dict:
    return json.loads(account(daemon, *arguments, "--json").stdout)
