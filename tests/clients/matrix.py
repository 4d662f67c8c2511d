#!/usr/bin/env python3
"""The clients that people use, each at its newest, against the real daemon.

    tests/clients/matrix.py [--only NAME,... | --quick | --write-docs] [--list] [--keep]

Each client is installed from its registry into the test cache, does what its users do with it, and
what it stored and read is compared with another client's view. The daemon listens on ports 443 and
10000 of a network namespace that holds nothing else, and a hosts file in a mount namespace gives
it Azure's names: no client can reach anything but the daemon. --write-docs writes docs/clients.md
from the lines that were run. A client that cannot be installed for a reason named in its module is
skipped."""
from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import blobgate_daemon  # noqa: E402
import certificates  # noqa: E402
import coverage  # noqa: E402
import namespace  # noqa: E402
from matrix import common  # noqa: E402

NAMES = ("python_sdk", "python_sdk_aio", "adlfs_pandas", "boostedblob_fleet", "blobfile_files",
         "polars_frames", "delta", "lance", "arrow", "obstore_python", "azure_cli", "go_azblob",
         "rclone_sync", "restic_backup", "java_sdk", "rust_object_store", "gdal", "pgbackrest",
         "ruby", "javascript", "duckdb_azure", "azcopy_tool", "hadoop_abfs", "dotnet")
AZURE = "core.windows.net"
FACES = ("blob", "dfs")


@dataclasses.dataclass
class Result:
    name: str
    state: str
    detail: str = ""
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0


def load(only: str, quick: bool) -> list[common.Client]:
    clients = [importlib.import_module(f"matrix.{name}").CLIENT for name in NAMES]
    wanted = set(filter(None, only.split(",")))
    if unknown := wanted - {client.name for client in clients}:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}")
    return [client for client in clients
            if (client.name in wanted if wanted else client.quick or not quick)]


# The gate the clients meet.


def configuration() -> dict:
    """The daemon's settings for these clients, but for its accounts and folders."""
    return {"listeners": [{"address": "127.0.0.1", "port": 10000, "tls": False},
                          {"address": "127.0.0.1", "port": 443, "tls": True}],
            "suffixes": [blobgate_daemon.HOST_SUFFIX, blobgate_daemon.DFS_SUFFIX,
                         *(f"{face}.{AZURE}" for face in FACES)]}


def host_names() -> list[str]:
    """Names of the gate's own, and in transparent mode Azure's names."""
    suffixes = (blobgate_daemon.HOST_SUFFIX, blobgate_daemon.DFS_SUFFIX,
                *(f"{face}.{AZURE}" for face in FACES))
    return [f"{account}.{suffix}" for suffix in suffixes
            for account in (common.FLAT, common.TREE)]


def run_client(daemon, client: common.Client, installed: common.Installed,
               directory: pathlib.Path) -> Result:
    began = time.monotonic()
    state, detail = "PASS", ""
    try:
        client.run(common.Gate(daemon, client, directory), installed)
    except common.Failed as problem:
        state, detail = "FAIL", str(problem)
    except Exception:  # noqa: BLE001 - one client's trouble is not the others'
        state, detail = "FAIL", traceback.format_exc()
    if not daemon.is_alive():
        state, detail = "FAIL", f"{detail}\nthe daemon ended:\n{daemon.log_tail()}"
        daemon.start()
    return Result(client.name, state, detail, installed.versions, time.monotonic() - began)


def inside(directory: pathlib.Path, clients: list[common.Client]) -> None:
    """Runs the clients; the namespace is made. Leaves results.json."""
    namespace.furnish(directory, {"127.0.0.1": [os.uname().nodename, *host_names()]})
    plan = json.loads((directory / "plan.json").read_text())
    spans = coverage.Spans("tests/clients/matrix")
    results = []
    with blobgate_daemon.Daemon(configuration(), directory=directory / "gate") as daemon:
        for client in clients:
            if client.name not in plan:
                continue
            began = time.time()
            result = run_client(daemon, client, common.Installed(**plan[client.name]), directory)
            spans.ran(client.title, began)
            report(result)
            results.append(result)
        if daemon.stop() != 0:
            results.append(Result("daemon", "FAIL", "did not end well:\n" + daemon.log_tail()))
            report(results[-1])
    spans.write()
    (directory / "results.json").write_text(json.dumps([dataclasses.asdict(one)
                                                        for one in results]))


def enter(directory: pathlib.Path) -> None:
    """This program again, in a namespace of its own."""
    (directory / "gate").mkdir()
    names = certificates.NAMES + (f"*.dfs.{AZURE}",)
    certificates.make_certificates(directory / "gate", names)
    namespace.run([*sys.argv[1:], "--inside", str(directory)])


# Installing and telling.


def install(clients: list[common.Client]) -> tuple[dict[str, dict], list[Result]]:
    plan, results = {}, []
    for client in clients:
        began = time.monotonic()
        try:
            plan[client.name] = dataclasses.asdict(client.install())
            seconds = time.monotonic() - began
            print(f"installed {client.name} ({seconds:.0f} s): "
                  + versions_text(plan[client.name]["versions"]), flush=True)
            continue
        except common.NotToBeHad as reason:
            results.append(Result(client.name, "SKIP", str(reason)))
        except Exception:  # noqa: BLE001 - a registry's trouble is that client's failure
            results.append(Result(client.name, "FAIL", traceback.format_exc()))
        report(results[-1])
    return plan, results


def versions_text(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def report(result: Result) -> None:
    text = versions_text(result.versions) or result.detail.splitlines()[0]
    print(f"{result.state} {result.name} ({result.seconds:.1f} s): {text}", flush=True)
    if result.state == "FAIL":
        print(result.detail, flush=True)


def documentation(clients: list[common.Client], results: dict[str, Result]) -> str:
    server = json.dumps(configuration(), indent=2)
    text = (HERE / "matrix" / "head.md").read_text()
    text = text.replace("@CONFIG@", common.for_users(server))
    text = text.replace("@HOSTS@", common.for_users(
        "".join(f"127.0.0.1 {name}\n" for name in host_names() if AZURE in name)).rstrip())
    text += "\n| client | language | versions | what it does in the test |\n|---|---|---|---|\n"
    ran = [client for client in clients if results[client.name].state == "PASS"]
    for client in ran:
        text += (f"| [{client.title}](#{client.name}) | {client.language} | "
                 f"{versions_text(results[client.name].versions)} | {client.does} |\n")
    for client in ran:
        text += f'\n<a id="{client.name}"></a>\n\n## {client.title}\n'
        text += f"\n{client.notes}\n" if client.notes else ""
        for path in client.shown:
            kind = {"py": "python", "mjs": "js", "rs": "rust", "rb": "ruby"}.get(
                path.suffix[1:], path.suffix[1:])
            text += f"\n```{kind}\n{common.users_lines(path)}\n```\n"
    for state, heading in (("FAIL", "Fails"), ("SKIP", "Not tried")):
        others = [client for client in clients if results[client.name].state == state]
        if others:
            text += f"\n## {heading}\n\n" + "".join(
                f"- {client.title}, {client.language}: "
                f"{results[client.name].detail.splitlines()[0]}\n" for client in others)
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names, with commas")
    parser.add_argument("--quick", action="store_true", help="those that are quick to install and to run")
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--list", action="store_true", help="name the clients, and end")
    parser.add_argument("--keep", action="store_true", help="keep logs and files, say where")
    parser.add_argument("--inside", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write_docs and (arguments.only or arguments.quick):
        parser.error("--write-docs needs all clients")
    clients = load(arguments.only, arguments.quick)
    if arguments.list:
        print("\n".join(f"{client.name}: {client.title}, {client.language}: {client.does}"
                        for client in clients))
        return 0
    if arguments.inside:
        inside(arguments.inside, clients)
        return 0
    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-matrix-",
                                              dir=os.environ.get("BLOBGATE_TEST_TMP")))
    try:
        return whole(arguments, clients, directory)
    finally:
        if arguments.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def whole(arguments, clients: list[common.Client], directory: pathlib.Path) -> int:
    plan, results = install(clients)
    if plan:
        (directory / "plan.json").write_text(json.dumps(plan))
        enter(directory)
        results += [Result(**one) for one in json.loads((directory / "results.json").read_text())]
    counts = {state: sum(one.state == state for one in results)
              for state in ("PASS", "FAIL", "SKIP")}
    if arguments.write_docs:
        text = documentation(clients, {one.name: one for one in results})
        (HERE.parents[1] / "docs" / "clients.md").write_text(text)
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    return 1 if counts["FAIL"] or not counts["PASS"] else 0


if __name__ == "__main__":
    sys.exit(main())
