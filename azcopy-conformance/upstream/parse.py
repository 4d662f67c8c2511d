"""What a test program said (`go tool test2json`), as leaves: the tests that have no subtests."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable

_ENDS = {"pass": "passed", "fail": "failed", "skip": "skipped"}


@dataclasses.dataclass
class Test:
    name: str
    verdict: str = "unfinished"  # passed, failed, skipped (by itself), unfinished
    seconds: float = 0
    lines: list[str] = dataclasses.field(default_factory=list)
    parent: bool = False

    def logged(self) -> list[str]:
        """What it logged itself; other output may have got between by chance."""
        return [line.rstrip() for line in self.lines if line.startswith("    ")]

    def tail(self, count: int) -> list[str]:
        """The last lines that say something."""
        return [line.rstrip() for line in self.lines if line.strip()
                and not line.startswith(("=== ", "--- "))][-count:]


def parse(lines: Iterable[str]) -> tuple[dict[str, Test], list[str]]:
    """The tests by name, and what belongs to none of them (panics, say)."""
    tests: dict[str, Test] = {}
    loose = []
    for line in lines:
        event = json.loads(line)
        name = event.get("Test")
        if name is None:
            if event["Action"] == "output":
                loose.append(event["Output"])
            continue
        test = tests.setdefault(name, Test(name))
        if event["Action"] == "output":
            test.lines.append(event["Output"])
        elif event["Action"] in _ENDS:
            test.verdict = _ENDS[event["Action"]]
            test.seconds = event.get("Elapsed", 0)
    for name in tests:
        for above in parents(name):
            if above in tests:
                tests[above].parent = True
    return tests, loose


def parents(name: str) -> list[str]:
    """The tests that `name` belongs to, the nearest first."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]


def failed_alone(tests: dict[str, Test]) -> list[Test]:
    """Tests that failed though all of their subtests passed: the failure is their own."""
    blamed = {above for test in tests.values() if test.verdict != "passed"
              for above in parents(test.name)}
    return [test for test in tests.values()
            if test.parent and test.verdict == "failed" and test.name not in blamed]
