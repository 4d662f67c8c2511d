#!/usr/bin/env python3
"""Real SDKs against the real daemon, over HTTP in path style and HTTPS in host style.

    tests/clients/run.py [--write-docs]

The host names resolve by a hosts file of their own, in a private mount namespace. --write-docs
writes docs/sdk-coverage.md: what the SDKs offer, and what was called."""
from __future__ import annotations

import argparse
import base64
import json
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


def install_js(name: str = "js") -> pathlib.Path:
    """The scripts of folder `name` beside their packages, in the cache. npm takes the newest SDK in
    the range that supports this Node.js; it is asked again when package.json has changed."""
    home = azcopy.cache_directory() / name
    home.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / name / "package.json").read_bytes()
    stamp = home / "installed.json"
    for script in (HERE / name).glob("*.mjs"):
        shutil.copy(script, home / script.name)
    if not stamp.exists() or stamp.read_bytes() != wanted:
        shutil.copy(HERE / name / "package.json", home / "package.json")
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=home,
                       check=True)
        stamp.write_bytes(wanted)
    return home


def node() -> list[str]:
    """Node.js before 20 has the Web Crypto API, which the SDK's packages use, only by a flag."""
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
    old = int(version.stdout.strip().lstrip("v").split(".")[0]) < 20
    return ["node", "--experimental-global-webcrypto"] if old else ["node"]


ISSUER = "https://blob.gate.test/33333333-3333-3333-3333-333333333333/"
OWNER = "00000000-0000-0000-0000-000000000001"
GUEST = "00000000-0000-0000-0000-000000000002"  # no role: what access control lists allow


def configuration(directory: pathlib.Path) -> dict:
    """An issuer of tokens of the daemon's own, and an account for each kind of setting."""
    key = directory / "issuer.pem"
    subprocess.run([str(blobgate_daemon.find_binary()), "token", "new-key", str(key)], check=True,
                   stdout=subprocess.DEVNULL)
    secret = base64.b64encode(b"delegation secret of 32 bytes...").decode()
    settings = {"acct1": {"delegation_secrets": [secret], "sku": "Standard_RAGRS"},
                "versioned": {"versioning": True},
                "kept": {"container_delete_retention_days": 7},
                "tree": {"hierarchical": True, "delegation_secrets": [secret],
                         "container_delete_retention_days": 7},
                "immutable": {"versioning": True, "version_level_immutability": True}}
    accounts = [{"name": name, "keys": [key], **settings.get(name, {})}
                for name, key in blobgate_daemon.ACCOUNTS.items()]
    roles = [{"role": "Storage Blob Data Owner", "oid": OWNER, "account": account}
             for account in ("acct1", "tree")]
    return {"accounts": accounts, "oauth": {"roles": roles, "local_issuer": {
        "key_file": str(key), "issuer": ISSUER, "tenant": ISSUER.split("/")[3]}}}


class Exercise:
    """Runs scripts that call an SDK and print a line for each check."""

    def __init__(self, daemon: blobgate_daemon.Daemon, directory: pathlib.Path):
        self._daemon = daemon
        self._hosts = directory / "hosts"
        self._hosts.write_text(f"127.0.0.1 localhost {' '.join(daemon.host_names())}\n")
        self.called = directory / "called"
        self._tokens = {name: self._issue(oid) for name, oid in
                        (("BLOB_TOKEN", OWNER), ("GUEST_TOKEN", GUEST))}

    def _issue(self, oid: str) -> str:
        command = [str(blobgate_daemon.find_binary()), "token", "issue", "--oid", oid, "--config",
                   str(self._daemon.directory / "blobgate.json")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _environment(self, tls: bool) -> dict[str, str]:
        accounts = blobgate_daemon.ACCOUNTS
        keys = {f"BLOB_KEY_{name.upper()}": key for name, key in accounts.items()}
        return os.environ | keys | {
            "BLOB_ENDPOINT": self._daemon.url("acct1", host_style=tls),
            "BLOB_ACCOUNT": "acct1", "BLOB_KEY": accounts["acct1"],
            "BLOB_CA": str(self._daemon.ca_file) if tls else "",
            **{name: token if tls else "" for name, token in self._tokens.items()},
            "GUEST_OID": GUEST,
            "BLOB_CALLED": str(self.called),
            "DFS_ENDPOINT": self._daemon.url("tree", host_style=tls, dfs=True),
            "DFS_ACCOUNT": "tree", "DFS_KEY": accounts["tree"],
            "NODE_EXTRA_CA_CERTS": str(self._daemon.ca_file)}

    def run(self, command: list[str], tls: bool) -> tuple[int, int]:
        """How many checks passed and failed."""
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
        try:
            done = subprocess.run([*unshare, "sh", "-c", script, str(self._hosts), *command],
                                  env=self._environment(tls), stdout=subprocess.PIPE, text=True,
                                  timeout=300)
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


def uncalled(called: pathlib.Path) -> tuple[str, list[str]]:
    """docs/sdk-coverage.md, and the methods that no script called."""
    sdks: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for line in called.read_text().splitlines():
        entry = json.loads(line)
        offered, met = sdks.setdefault((entry["language"], entry["sdk"]), (set(), set()))
        offered.update(entry["offered"])
        met.update(entry["called"])
    missing: list[str] = []
    text = ("# The SDKs: what they offer, and what is called\n\nMade by `tests/clients/run.py"
            " --write-docs`: every public method of the clients, called against the real daemon"
            " over HTTP\nin path style and HTTPS in host style (the Data Lake SDK of JavaScript:"
            " HTTPS only), and checked for what it does.\n")
    for (language, sdk), (offered, met) in sorted(sdks.items()):
        left = sorted(offered - met)
        missing += [f"{sdk}: {name}" for name in left]
        text += f"\n## {language}: {sdk}\n\n{len(offered & met)} of {len(offered)} called.\n\n"
        text += "\n".join(f"- {'' if name in met else '**not called** '}`{name}`"
                          for name in sorted(offered)) + "\n"
    return text, missing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true")
    arguments = parser.parse_args()
    passed = failed = 0
    js = install_js()
    commands = [("Python", [sys.executable, str(HERE / "python" / "exercise.py")]),
                ("Python", [sys.executable, str(HERE / "python" / "every_call.py")]),
                ("JavaScript", [*node(), str(js / "exercise.mjs")]),
                ("JavaScript", [*node(), str(js / "every_call.mjs")]),
                *(("Python Data Lake", [sys.executable, str(HERE / "python" / f"{name}.py")])
                  for name in ("data_lake_service", "data_lake_paths", "data_lake_access")),
                *(("JavaScript Data Lake", [*node(), str(js / f"{name}.mjs")]) for name in
                  ("data_lake", "data_lake_service", "data_lake_paths", "data_lake_access"))]
    spans = coverage.Spans("tests/clients")
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        with blobgate_daemon.Daemon(configuration(directory)) as daemon:
            exercise = Exercise(daemon, directory)
            for name, command in commands:
                # The JavaScript SDK takes the face from the host.
                for tls in (True,) if name == "JavaScript Data Lake" else (False, True):
                    title = f"{name} {pathlib.Path(command[-1]).stem}"
                    print(f"== {title}, {'HTTPS host style' if tls else 'HTTP path style'}",
                          flush=True)
                    began = time.time()
                    good, bad = exercise.run(command, tls)
                    spans.ran(f"{name} SDK", began)
                    passed, failed = passed + good, failed + bad
            if daemon.stop() != 0:
                failed += 1
        text, missing = uncalled(exercise.called)
    spans.write()
    for name in missing:
        print(f"FAIL not called: {name}")
    if arguments.write_docs:
        (HERE.parents[1] / "docs" / "sdk-coverage.md").write_text(text)
    failed += len(missing)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
