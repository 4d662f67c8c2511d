#!/usr/bin/env python3
"""Runs AzCopy's own two end-to-end suites, unmodified, against a blobgate daemon.

    azcopy-conformance/upstream/run.py                      both suites
    azcopy-conformance/upstream/run.py --suite new          old: olde2etest; new: TestNewE2E
    azcopy-conformance/upstream/run.py --run 'Tier|Tags'    tests whose name has the pattern
    azcopy-conformance/upstream/run.py --quick              for CI: some of each
    azcopy-conformance/upstream/run.py --write-docs         also writes docs/conformance-upstream.md

The daemon answers for *.blob.core.windows.net in a mount and network namespace of its own (needs
root, or user namespaces). lists.json says what is skipped, and which failures are not the
daemon's. Needs Go and the Go module proxy on the first run, and openssl.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests" / "support")]

import gateway  # noqa: E402
import install  # noqa: E402
import judge  # noqa: E402
import namespace  # noqa: E402
import page  # noqa: E402
import suites  # noqa: E402


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=suites.SUITES)
    parser.add_argument("--run", default="", metavar="REGEX")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="print what would run, and end")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory")
    parser.add_argument("--write-docs", action="store_true")
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace, suite: str, inventory: suites.Inventory,
            lists: judge.Lists) -> set[str]:
    """The leaves to run."""
    names = {name for name in inventory.leaves if not lists.skips(suite, name)}
    if arguments.quick:
        names = {name for name in names if lists.is_quick(suite, name)}
    return {name for name in names if re.search(arguments.run, name)}


def _repeat(arguments: argparse.Namespace, suite: suites.Suite, inventory: suites.Inventory,
            lists: judge.Lists, verdict: judge.Verdict) -> None:
    """What failed is run again, twice: AzCopy and its suites have races of their own."""
    names = {test.name for test in verdict.failed} & set(inventory.leaves)
    if names:
        repeats = [suite.run(inventory, names, lists.unversioned(suite.name)) for _ in range(2)]
        judge.reconsider(verdict, repeats, lists, strict=not arguments.quick)


def _run(arguments: argparse.Namespace, directory: pathlib.Path, programs) -> int:
    place = gateway.Gateway(directory)
    namespace.join_keyring()
    namespace.furnish(directory, {"127.0.0.1": gateway.host_names()}, directory / "ca.pem")
    lists = judge.Lists(HERE / "lists.json")
    all_suites = [suites.Suite(name, programs, place, lists.quick(name) if arguments.quick else [])
                  for name in suites.SUITES if arguments.suite in (None, name)]
    inventories = {suite.name: suite.inventory() for suite in all_suites}
    chosen = {name: _chosen(arguments, name, inventory, lists)
              for name, inventory in inventories.items()}
    if arguments.list:
        print("\n".join(leaf for name in chosen for leaf in sorted(chosen[name])))
        return 0
    verdicts = []
    with place.daemon() as daemon:
        for suite in all_suites:
            began = time.monotonic()
            outcome = suite.run(inventories[suite.name], chosen[suite.name],
                                lists.unversioned(suite.name))
            verdicts.append(judge.judge(suite.name, inventories[suite.name], chosen[suite.name],
                                        outcome, lists, time.monotonic() - began))
            _repeat(arguments, suite, inventories[suite.name], lists, verdicts[-1])
            verdicts[-1].print()
        if not daemon.is_alive() or daemon.stop() != 0:
            print(f"the daemon failed:\n{daemon.log_tail()}")
            return 2
    if arguments.write_docs:
        page.write(HERE.parents[1] / "docs" / "conformance-upstream.md", verdicts, sys.argv[1:])
    return judge.conclude(verdicts)


def main() -> int:
    arguments = _arguments()
    programs = install.install()  # from the network, which the namespace has not
    if not namespace.entered():
        namespace.enter()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-upstream-"))
    try:
        return _run(arguments, directory, programs)
    finally:
        if arguments.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
