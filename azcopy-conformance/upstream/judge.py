"""Results against lists.json: what was skipped and which failures are known, with reasons.

lists.json names tests exactly, or a test above them ("TestX" is all of TestX/...):

    skipped            not run, since it cannot concern a Blob gateway
    without_scenario   the suite itself has nothing to run there, or skips it
    known_failures     AzCopy's own failures, and those of the environment
    unstable           AzCopy's own races: what fails there, and then passes alone, twice, is told
    without_subtests   tests of the old suite that are no group of scenarios
    unversioned        what needs a standard account without versioning
    quick              what --quick runs

An entry that is wrong is a fault of the run, like a failure.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re

import parse
import suites

FILES = "Azure Files"  # a reason that is held against what the test does
_FILES_PLACE = re.compile(r"File(?!s)")
_TAIL = 25


class Lists:
    def __init__(self, path: pathlib.Path):
        self._lists = json.loads(path.read_text())

    def _named(self, which: str, suite: str) -> dict[str, str]:
        """Names and their reasons."""
        return {name: entry["reason"] for entry in self._lists[which]
                for name in entry.get(suite, [])}

    def _find(self, which: str, suite: str, leaf: str) -> str:
        """The reason that holds for `leaf`; empty: none."""
        named = self._named(which, suite)
        return next((named[name] for name in _above(leaf) if name in named), "")

    def skips(self, suite: str, leaf: str) -> str:
        return self._find("skipped", suite, leaf)

    def without_scenario(self, suite: str, name: str) -> str:
        return self._find("without_scenario", suite, name)

    def known(self, suite: str, leaf: str) -> str:
        return self._find("known_failures", suite, leaf)

    def unstable(self, suite: str, leaf: str) -> str:
        return self._find("unstable", suite, leaf)

    def has_no_subtests(self, suite: str, name: str) -> bool:
        return name in self._lists["without_subtests"][suite]

    def unversioned(self, suite: str) -> set[str]:
        return set(self._lists["unversioned"][suite])

    def quick(self, suite: str) -> list[str]:
        return self._lists["quick"][suite]

    def is_quick(self, suite: str, leaf: str) -> bool:
        return any(name in self.quick(suite) for name in _above(leaf))

    def faults(self, suite: str, inventory: suites.Inventory) -> list[str]:
        """Entries that match no test, and tests of Blob that are skipped as Azure Files."""
        present = {above for leaf in [*inventory.leaves, *inventory.empty]
                   for above in _above(leaf)}
        named = {which: self._lists[which][suite]
                 for which in ("without_subtests", "unversioned", "quick")}
        named |= {which: list(self._named(which, suite))
                  for which in ("skipped", "without_scenario", "known_failures", "unstable")}
        faults = [f"{which}: no test {name}" for which, names in named.items() for name in names
                  if name not in present and (inventory.complete or self.is_quick(suite, name))]
        for leaf, spoke_to_files in inventory.leaves.items():
            if self.skips(suite, leaf) == FILES and not (spoke_to_files or _of_files(leaf)):
                faults.append(f"skipped as {FILES}, but has nothing to do with it: {leaf}")
        return faults


def _of_files(leaf: str) -> bool:
    """Whether the name says so: as the place of source or destination, or by the new suite's
    groups File... and FilesNFS..."""
    function, *below = leaf.split("/")
    place = below[2:] if function == suites.NEW_ROOT else below
    return below[:1] != place[:1] and below[0].startswith("File") or bool(
        _FILES_PLACE.search("/".join(place)))


def _above(leaf: str) -> list[str]:
    """`leaf` and the tests that it belongs to."""
    return [leaf, *parse.parents(leaf)]


@dataclasses.dataclass
class Verdict:
    """One suite."""

    suite: str
    seconds: float
    passed: list[parse.Test] = dataclasses.field(default_factory=list)
    failed: list[parse.Test] = dataclasses.field(default_factory=list)
    known: dict[str, str] = dataclasses.field(default_factory=dict)
    unstable: dict[str, str] = dataclasses.field(default_factory=dict)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)
    without_scenario: dict[str, str] = dataclasses.field(default_factory=dict)
    faults: list[str] = dataclasses.field(default_factory=list)
    loose: list[str] = dataclasses.field(default_factory=list)

    def print(self) -> None:
        for test in self.failed:
            print(f"FAIL {test.name} ({test.verdict}, {test.seconds:.0f} s)")
            print("".join(f"     {line}\n" for line in test.tail(_TAIL)), end="")
        if self.failed and any("panic" in line for line in self.loose):
            print("".join(self.loose[-_TAIL:]))
        for name, reason in self.unstable.items():
            print(f"UNSTABLE {name}: {reason}")
        for fault in self.faults:
            print(f"FAULT {fault}")
        print(f"{self.suite} suite, {self.seconds:.0f} s: {len(self.passed)} passed, "
              f"{len(self.failed)} failed, {len(self.known)} known failures, "
              f"{len(self.unstable)} unstable, "
              f"{len(self.skipped)} skipped, {len(self.without_scenario)} without a scenario, "
              f"{len(self.faults)} faults of the lists", flush=True)


def judge(suite: str, inventory: suites.Inventory, chosen: set[str], outcome: suites.Outcome,
          lists: Lists, seconds: float) -> Verdict:
    tests, loose = outcome
    verdict = Verdict(suite, seconds, faults=lists.faults(suite, inventory), loose=loose)
    for leaf in inventory.leaves:
        reason = lists.skips(suite, leaf)
        if reason:
            verdict.skipped[leaf] = reason
    for name in inventory.empty:
        _without_scenario(verdict, lists, name, "it has no scenario")
    for leaf in sorted(chosen):
        _judge_leaf(verdict, lists, tests.get(leaf) or parse.Test(leaf))
    for test in parse.failed_alone(tests):
        _judge_leaf(verdict, lists, test)
    verdict.faults += [f"not expected to run: {test.name}" for test in tests.values()
                       if not test.parent and test.name not in chosen
                       and not _is_above(test.name, inventory)]
    return verdict


def _is_above(name: str, inventory: suites.Inventory) -> bool:
    """Whether it is a test whose leaves were all skipped."""
    return any(leaf.startswith(name + "/") for leaf in inventory.leaves) or name in inventory.empty


def _judge_leaf(verdict: Verdict, lists: Lists, test: parse.Test) -> None:
    known = lists.known(verdict.suite, test.name)
    if test.verdict == "passed" and verdict.suite == "old" and "/" not in test.name \
            and not lists.has_no_subtests(verdict.suite, test.name):
        _without_scenario(verdict, lists, test.name, "passed without any scenario")
    elif test.verdict == "passed":
        verdict.passed.append(test)
        if known:
            verdict.faults.append(f"known to fail, but passed: {test.name}")
        if lists.without_scenario(verdict.suite, test.name):
            verdict.faults.append(f"listed as without a scenario, but passed: {test.name}")
    elif test.verdict == "skipped":
        _without_scenario(verdict, lists, test.name, f"skipped by itself: {test.tail(1)}")
    elif known:
        verdict.known[test.name] = known
    else:
        verdict.failed.append(test)


def reconsider(verdict: Verdict, repeats: list[suites.Outcome], lists: Lists,
               strict: bool) -> None:
    """Failed tests that passed in all `repeats` are unstable; when `strict`, only those that are
    listed."""
    for test in list(verdict.failed):
        again = [tests.get(test.name) for tests, _ in repeats]
        reason = lists.unstable(verdict.suite, test.name)
        if all(one and one.verdict == "passed" for one in again) and (reason or not strict):
            verdict.failed.remove(test)
            verdict.unstable[test.name] = reason or f"{test.verdict}: {test.tail(1)}"


def _without_scenario(verdict: Verdict, lists: Lists, name: str, what: str) -> None:
    reason = lists.without_scenario(verdict.suite, name)
    verdict.without_scenario[name] = reason or what
    if not reason:
        verdict.faults.append(f"{name}: {what}")


def conclude(verdicts: list[Verdict]) -> int:
    """The closing line, and the exit code."""
    passed = sum(len(verdict.passed) for verdict in verdicts)
    failed = sum(len(verdict.failed) + len(verdict.faults) for verdict in verdicts)
    skipped = sum(len(verdict.known) + len(verdict.unstable) + len(verdict.skipped) + len(verdict.without_scenario)
                  for verdict in verdicts)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0
