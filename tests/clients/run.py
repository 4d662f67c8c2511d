#!/usr/bin/env python3
"""Real SDKs against the real daemon, over HTTP in path style and HTTPS in host style.

The host names resolve by a hosts file of their own, in a private mount namespace."""
from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import azcopy  # noqa: E402
import blobgate_daemon  # noqa: E402


def install_js() -> pathlib.Path:
    home = azcopy.cache_directory() / "js"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "exercise.mjs"):
        shutil.copy(HERE / "js" / name, home / name)
    if not (home / "node_modules").exists():
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=home,
                       check=True)
    return home / "exercise.mjs"


def run(command: list[str], daemon, hosts: pathlib.Path, tls: bool) -> tuple[int, int]:
    environment = os.environ | {
        "BLOB_ENDPOINT": daemon.url("acct1", host_style=tls),
        "BLOB_ACCOUNT": "acct1", "BLOB_KEY": blobgate_daemon.ACCOUNTS["acct1"],
        "BLOB_CA": str(daemon.ca_file) if tls else "",
        "NODE_EXTRA_CA_CERTS": str(daemon.ca_file)}
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script, str(hosts), *command],
                          env=environment, stdout=subprocess.PIPE, text=True, timeout=300)
    print(done.stdout, end="", flush=True)
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    if not counts:
        return 0, 1  # it ended before its closing line
    return int(counts[-1][0]), int(counts[-1][1])


def main() -> int:
    passed = failed = 0
    exercise_js = install_js()
    commands = {"Python": [sys.executable, str(HERE / "python" / "exercise.py")],
                "JavaScript": ["node", str(exercise_js)]}
    with blobgate_daemon.Daemon() as daemon, tempfile.TemporaryDirectory() as directory:
        hosts = pathlib.Path(directory) / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {' '.join(daemon.host_names())}\n")
        for name, command in commands.items():
            for tls in (False, True):
                print(f"== {name}, {'HTTPS host style' if tls else 'HTTP path style'}", flush=True)
                good, bad = run(command, daemon, hosts, tls)
                passed, failed = passed + good, failed + bad
        if daemon.stop() != 0:
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
