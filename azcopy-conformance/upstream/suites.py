"""Runs the test programs of the two suites, in parts, and finds out what tests they have."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import pathlib
import re
import subprocess
from collections.abc import Iterable

import gateway
import install
import parse
import refuser

SUITES = ("old", "new")
NEW_ROOT = "TestNewE2E"
_NEW_DEPTH = 4  # TestNewE2E/suite/scenario/variation
_AT_ONCE, _AT_ONCE_REFUSED = 6, 40  # they sleep much
_TIMEOUT = "10m"  # of one process
Outcome = tuple[dict[str, parse.Test], list[str]]


@dataclasses.dataclass
class Inventory:
    """Leaves by name, each with whether it spoke to Azure Files; and tests without any leaf. Not
    `complete`: only of the part that is to run."""

    leaves: dict[str, bool]
    empty: list[str]
    complete: bool = True


def _quote(name: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", name)


def _exactly(names: Iterable[str]) -> str:
    return "^(" + "|".join(_quote(name) for name in names) + ")$"


def _path(name: str) -> list[str]:
    """The pattern of one test, level by level."""
    return [f"^{_quote(part)}$" for part in name.split("/") if part]


def skip_pattern(leaves: Iterable[str], chosen: set[str]) -> str:
    """For -test.skip: whatever of `leaves` is not `chosen`, by whole branches where possible."""
    kept = {"/".join(parts[:count]) for parts in (name.split("/") for name in chosen)
            for count in range(1, len(parts) + 1)}
    cut: dict[str, set[str]] = {}
    for name in leaves:
        parts = name.split("/")
        for count in range(1, len(parts) + 1):
            if "/".join(parts[:count]) not in kept:
                cut.setdefault("/".join(parts[:count - 1]), set()).add(parts[count - 1])
                break
    return "|".join("/".join([*_path(above), _exactly(sorted(names))])
                    for above, names in cut.items())


class Suite:
    """One suite with its programs, against one gateway; the whole of it, or `only` these tests."""

    def __init__(self, name: str, programs: dict[str, pathlib.Path], place: gateway.Gateway,
                 only: list[str] | None = None):
        self.name = name
        self._only = only or []
        self._programs = programs
        self._place = place
        self._directory = place.directory
        self._standard = gateway.VERSIONED

    def run(self, inventory: Inventory, chosen: set[str], unversioned: set[str]) -> Outcome:
        """The tests `chosen`, and what the programs said outside of tests. `unversioned` are those
        that want a standard account without versioning."""
        tests: dict[str, parse.Test] = {}
        loose: list[str] = []
        for self._standard, part in ((gateway.VERSIONED, chosen - unversioned),
                                     (gateway.UNVERSIONED, chosen & unversioned)):
            skips = {}
            for function in dict.fromkeys(name.split("/")[0] for name in sorted(part)):
                leaves = [name for name in inventory.leaves if name.split("/")[0] == function]
                skips[function] = skip_pattern(leaves, part)
            found, left = self._run(skips, _AT_ONCE)
            tests |= found
            loose += left
        return tests, loose

    def _run(self, skips: dict[str, str], at_once: int, summary: str = "") -> Outcome:
        """Functions and what to skip in them. The old suite hardly runs anything at the same time,
        so each of its functions gets a process; the new one does by itself."""
        def one(function: str) -> Outcome:
            extra = {"AZCOPY_E2E_TEST_SUMMARY_LOG": f"{summary}/{function}"} if summary else {}
            return self._process(function, skips[function], at_once, extra)

        tests: dict[str, parse.Test] = {}
        loose: list[str] = []
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for found, left in pool.map(one, skips):
                tests |= found
                loose += left
        return tests, loose

    def _process(self, function: str, skip: str, at_once: int, extra: dict[str, str]) -> Outcome:
        command = [str(self._programs["test2json"]), "-t", str(self._programs[self.name]),
                   "-test.v=test2json", f"-test.run={self._pattern(function)}",
                   f"-test.timeout={_TIMEOUT}", f"-test.parallel={at_once}"]
        if skip:
            command.append(f"-test.skip={skip}")
        record = self._directory / "output" / f"{self.name}-{function}-{self._standard}.json"
        record.parent.mkdir(exist_ok=True)
        with open(record, "wb") as output:
            subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False,
                           stdin=subprocess.DEVNULL, cwd=self._directory / "tmp",
                           env=self._environment() | extra)
        with open(record, encoding="utf-8", errors="replace") as lines:
            return parse.parse(line for line in lines if line.startswith("{"))

    def _pattern(self, function: str) -> str:
        names = [name for name in self._only if name.split("/")[0] == function] or [function]
        return "|".join("/".join(_path(name)) for name in names)

    def _environment(self) -> dict[str, str]:
        return self._place.environment(self.name, self._programs["azcopy"], self._standard)

    def _functions(self) -> list[str]:
        if self._only:
            return list(dict.fromkeys(name.split("/")[0] for name in self._only))
        if self.name == "new":
            return [NEW_ROOT]
        done = subprocess.run([str(self._programs["old"]), "-test.list", "."], check=True,
                              capture_output=True, text=True, env=self._environment())
        return [line for line in done.stdout.split() if line.startswith("Test")]

    # What tests there are: everything is run once against a server that refuses every request.

    def inventory(self) -> Inventory:
        """Found out once for each version of AzCopy."""
        cached = install.home() / f"{self.name}.json"
        if cached.exists():
            return Inventory(**json.loads(cached.read_text()))
        print(f"listing the tests of the {self.name} suite", flush=True)
        with refuser.refusing(self._directory):
            found = self._probe()
        if found.complete:
            cached.write_text(json.dumps(dataclasses.asdict(found), indent=1))
        return found

    def _probe(self) -> Inventory:
        summary = self._directory / f"summary-{self.name}"
        summary.mkdir()
        tests, _ = self._run({name: "" for name in self._functions()}, _AT_ONCE_REFUSED,
                             str(summary))
        unfinished = [test.name for test in tests.values() if test.verdict == "unfinished"]
        if unfinished:
            raise RuntimeError(f"the list of tests is not complete: {unfinished[:10]}")
        leaves, empty = {}, []
        for test in tests.values():
            if test.parent:
                continue
            if self._has_no_leaf(test.name, summary) and test.verdict != "skipped":
                empty.append(test.name)
            else:
                leaves[test.name] = any(gateway.UNSERVED in line for line in test.logged())
        return Inventory(dict(sorted(leaves.items())), sorted(empty), complete=not self._only)

    def _has_no_leaf(self, name: str, summary: pathlib.Path) -> bool:
        """A test that would have subtests, and has none."""
        if self.name == "new":
            return name.count("/") < _NEW_DEPTH - 1
        log = summary / name
        return log.exists() and len(log.read_text().splitlines()) > 1
