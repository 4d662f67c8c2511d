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
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import azcopy  # noqa: E402
import blobgate_daemon  # noqa: E402
import coverage  # noqa: E402


def install_js(name: str = "js", program: str = "exercise.mjs") -> pathlib.Path:
    """The program of folder `name` beside its packages, in the cache. npm takes the newest SDK in
    the range that supports this Node.js; it is asked again when package.json has changed."""
    home = azcopy.cache_directory() / name
    home.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / name / "package.json").read_bytes()
    stamp = home / "installed.json"
    shutil.copy(HERE / name / program, home / program)
    if not stamp.exists() or stamp.read_bytes() != wanted:
        shutil.copy(HERE / name / "package.json", home / "package.json")
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=home,
                       check=True)
        stamp.write_bytes(wanted)
    return home / program


def node() -> list[str]:
    """Node.js before 20 has the Web Crypto API, which the SDK's packages use, only by a flag."""
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
    old = int(version.stdout.strip().lstrip("v").split(".")[0]) < 20
    return ["node", "--experimental-global-webcrypto"] if old else ["node"]


def run(command: list[str], daemon, hosts: pathlib.Path, tls: bool) -> tuple[int, int]:
    environment = os.environ | {
        "BLOB_ENDPOINT": daemon.url("acct1", host_style=tls),
        "BLOB_ACCOUNT": "acct1", "BLOB_KEY": blobgate_daemon.ACCOUNTS["acct1"],
        "BLOB_CA": str(daemon.ca_file) if tls else "",
        "NODE_EXTRA_CA_CERTS": str(daemon.ca_file)}
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
    try:
        done = subprocess.run([*unshare, "sh", "-c", script, str(hosts), *command],
                              env=environment, stdout=subprocess.PIPE, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        print("FAIL not done in 300 s", flush=True)
        return 0, 1
    print(done.stdout, end="", flush=True)
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    if not counts:
        print(f"FAIL ended with {done.returncode} before its closing line", flush=True)
        return len(re.findall(r"^PASS ", done.stdout, re.M)), 1
    good, bad = map(int, counts[-1])
    return good, bad or int(done.returncode != 0)


def main() -> int:
    passed = failed = 0
    exercise_js = install_js()
    commands = {"Python": [sys.executable, str(HERE / "python" / "exercise.py")],
                "JavaScript": [*node(), str(exercise_js)]}
    met = coverage.Coverage("tests/clients")
    with blobgate_daemon.Daemon({"log_format": "json"}) as daemon, tempfile.TemporaryDirectory() as directory:
        hosts = pathlib.Path(directory) / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {' '.join(daemon.host_names())}\n")
        for name, command in commands.items():
            for tls in (False, True):
                print(f"== {name}, {'HTTPS host style' if tls else 'HTTP path style'}", flush=True)
                began = time.time()
                good, bad = run(command, daemon, hosts, tls)
                met.ran(f"{name} SDK", began)
                passed, failed = passed + good, failed + bad
        if daemon.stop() != 0:
            failed += 1
        met.write(daemon.directory / "access.log")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
