#!/usr/bin/env python3
"""The work that the release build is optimised for, done by a daemon that counts what code it runs:
the loads of the comparison over HTTP and HTTPS, with SAS and Shared Key, AzCopy's transfers, and
so that nothing else is taken for code that never runs, the integration tests of operations.

    BLOBGATE_BINARY=build/profile/src/blobgate tests/bench/train.py DIRECTORY

DIRECTORY gets the raw profiles. scripts/profile does all of it.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import blobgate_daemon  # noqa: E402
import special  # noqa: E402
from rows import KIB, MIB, ROWS, SMALL  # noqa: E402
from servers import KEY, Servers  # noqa: E402

SECONDS = 3
LOADS = ("get-1k", "get-1k-tls", "head-1k", "head-1k-tls", "range-c64", "range-c64-tls", "get-64m",
         "get-64m-tls", "cold-range", "cold-64m", "put-4k", "put-4k-c1", "put-8m")
MIXED = dataclasses.replace(SMALL, mix="get=10,head=2,put=5,delete=2,list=1")
FILES = (special.Files("small", 4000, 16 * KIB), special.Files("large", 8, 64 * MIB))
OPERATIONS = ("append_blobs", "batch", "change_feed", "data_lake", "find_by_tags", "history",
              "operations", "page_blobs", "properties_and_metadata", "query", "tiers")


def tell(name: str, report: dict) -> None:
    print(f"{name}: {report['requests_per_second']:,.0f} requests/s", flush=True)
    if failures := special.failures_of(report):
        raise RuntimeError(f"{name}: {failures}")


def run_loads(servers: Servers) -> None:
    by_name = {row.name: row for row in ROWS}
    server = servers["blobgate"]
    for name in LOADS:
        row = by_name[name]
        if row.cold:
            servers.bench("blobgate", row.load, 0)
            server.drop_caches()
        tell(name, servers.bench("blobgate", row.load, SECONDS))
    tell("mixed", servers.bench("blobgate", MIXED, SECONDS))
    server.arguments = lambda: ["--key", KEY]  # Shared Key instead of a SAS
    for tls in (False, True):
        load = dataclasses.replace(MIXED, tls=tls)
        tell("mixed, Shared Key", servers.bench("blobgate", load, SECONDS))
    del server.arguments


def run_azcopy(servers: Servers, directory: pathlib.Path) -> None:
    context = special.Context(servers, directory, SECONDS)
    for files in FILES:
        special.upload(context, "blobgate", files)
        special.download(context, "blobgate", files)
        print(f"AzCopy: {files.name}", flush=True)


def run_operations(directory: pathlib.Path) -> None:
    tests = HERE.parent / "integration"
    subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", "-x",
                    *(str(tests / f"test_{name}.py") for name in OPERATIONS)], check=True,
                   # so that daemons end by themselves, and write what they counted
                   env={**os.environ, "BLOBGATE_COVERAGE": str(directory / "coverage")})


def main() -> None:
    [into] = sys.argv[1:]
    profiles = pathlib.Path(into).resolve()
    profiles.mkdir(parents=True, exist_ok=True)
    # Processes add to what others of the same program left.
    os.environ["LLVM_PROFILE_FILE"] = str(profiles / "%m.profraw")
    print(f"training {blobgate_daemon.find_binary()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="blobgate-train-") as temporary:
        directory = pathlib.Path(temporary)
        servers = Servers(directory)
        try:
            run_loads(servers)
            run_azcopy(servers, directory)
            servers["blobgate"].daemon.stop()  # which writes the profile
        finally:
            servers.stop()
        run_operations(directory)


if __name__ == "__main__":
    main()
