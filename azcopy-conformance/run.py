#!/usr/bin/env python3
"""Runs the real AzCopy through a table of scenarios against a blobgate daemon.

    azcopy-conformance/run.py --quick          for CI: every kind of scenario, small files
    azcopy-conformance/run.py                  everything, files over 1 GiB included
    azcopy-conformance/run.py --only 'Sync'    scenarios whose "group: title" has the pattern
    azcopy-conformance/run.py --write-docs     also writes docs/conformance.md

Needs root (or user namespaces) for a private /etc/hosts, npm on the first run, openssl.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "support")]

import azcopy  # noqa: E402
import blobgate_daemon  # noqa: E402
import coverage  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
import scenarios  # noqa: E402, F401


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=4, help="scenarios at the same time")
    parser.add_argument("--list", action="store_true", help="print the table and end")
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory")
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace) -> list[tuple[harness.Scenario, str]]:
    """Scenario and style; --quick takes the large ones out and one style of each."""
    rows = []
    for index, row in enumerate(harness.TABLE):
        if not re.search(arguments.only, f"{row.group}: {row.title}", re.IGNORECASE):
            continue
        if arguments.quick:
            if row.full_only:
                continue
            # Alternating, so that both styles meet many kinds of scenario.
            rows.append((row, row.styles[index % len(row.styles)]))
        else:
            rows += [(row, style) for style in row.styles]
    return rows


class Runner:
    def __init__(self, directory: pathlib.Path, binary: pathlib.Path, quick: bool):
        self._directory = directory
        self._binary = binary
        self._quick = quick
        self._lock = threading.Lock()
        self.shared = blobgate_daemon.Daemon(directory=self._new_directory("daemon"))

    def _new_directory(self, name: str) -> pathlib.Path:
        path = self._directory / name
        path.mkdir()
        return path

    def run(self, row: harness.Scenario, style: str) -> report.Result:
        stem = re.sub(r"[^a-z0-9]+", "-", f"{row.group} {row.title} {style}".lower())[:100]
        directory = self._directory / stem
        began = time.monotonic()
        verdict, reason = "passed", ""
        try:
            if row.own_daemon:
                with blobgate_daemon.Daemon() as daemon:
                    row.run(harness.Context(daemon, self._binary, directory, style, self._quick))
            else:
                row.run(harness.Context(self.shared, self._binary, directory, style, self._quick))
        except harness.Skip as skip:
            verdict, reason = "skipped", str(skip)
        except Exception as error:  # whatever happens is this scenario's result
            verdict, reason = "failed", f"{type(error).__name__}: {error}"
            if not isinstance(error, harness.Failure):
                reason += "\n" + traceback.format_exc()
        shutil.rmtree(directory, ignore_errors=True)
        result = report.Result(row.group, row.title, style, row.auth, verdict,
                               time.monotonic() - began, reason)
        self._print(result)
        return result

    def _print(self, result: report.Result) -> None:
        with self._lock:
            print(f"{result.verdict:7} {result.seconds:6.1f} s  {result.group}: {result.title} "
                  f"[{result.style}]", flush=True)
            if result.reason:
                print("        " + result.reason.replace("\n", "\n        "), flush=True)


def _run_all(arguments: argparse.Namespace, rows, directory: pathlib.Path,
             binary: pathlib.Path) -> list[report.Result]:
    runner = Runner(directory, binary, arguments.quick)
    spans, began = coverage.Spans("azcopy-conformance"), time.time()
    with runner.shared:
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            results = list(pool.map(lambda row: runner.run(*row), rows))
        if not runner.shared.is_alive():
            print(f"the daemon ended by itself:\n{runner.shared.log_tail()}")
            sys.exit(2)
        print(f"daemon peak memory {runner.shared.memory_mib():.0f} MiB, "
              f"data {runner.shared.disk_bytes() >> 20} MiB")
        spans.ran("AzCopy", began)
        spans.write()
        code = runner.shared.stop()
        if code != 0:
            print(f"the daemon ended with {code}:\n{runner.shared.log_tail()}")
            sys.exit(2)
    return results


def main() -> int:
    arguments = _arguments()
    rows = _chosen(arguments)
    if arguments.list:
        for row, style in rows:
            print(f"{row.group}: {row.title} [{row.auth}; {style}]")
        return 0
    binary = azcopy.install()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-azcopy-"))
    began = time.monotonic()
    try:
        results = _run_all(arguments, rows, directory, binary)
    finally:
        if arguments.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    if arguments.write_docs:
        mode = "quick" if arguments.quick else "full"
        report.write(HERE.parent / "docs" / "conformance.md", results, azcopy.version(binary), mode)
    passed, failed, skipped = report.counts(results)
    print(f"AzCopy {azcopy.version(binary)}, {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
