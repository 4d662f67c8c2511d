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

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def tail(self, count: int) -> list[str]:
        """The last lines that say something."""
        told = [line.rstrip() for line in self.output.splitlines()]
        return [line for line in told if line.strip()
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
    _mark_parents(tests)
    return tests, loose


def _mark_parents(tests: dict[str, Test]) -> None:
    for name in tests:
        parts = name.split("/")
        for count in range(1, len(parts)):
            above = tests.get("/".join(parts[:count]))
            if above:
                above.parent = True
