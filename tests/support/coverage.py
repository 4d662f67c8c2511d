"""Which operations and error codes the tests met, from the access logs of their daemons.

Where BLOBGATE_COVERAGE names a directory, each test daemon logs JSON and leaves its log there, and
each suite leaves the times of its tests; tests/api_table.py makes docs/api.md of both. A log line
belongs to the tests that ran at its time."""
from __future__ import annotations

import bisect
import collections
import dataclasses
import datetime
import json
import os
import pathlib
import shutil
import time
import uuid


def directory() -> pathlib.Path | None:
    named = os.environ.get("BLOBGATE_COVERAGE")
    return pathlib.Path(named) if named else None


def keep_log(log: pathlib.Path) -> None:
    """The daemon that wrote it has ended. Nothing when BLOBGATE_COVERAGE is not set."""
    if (home := directory()) and log.exists():
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, home / f"{uuid.uuid4()}.log")


class Spans:
    """The times of the tests of a suite."""

    def __init__(self, suite: str):
        self._suite = suite
        self._spans: list[tuple[float, float, str]] = []

    def ran(self, name: str, began: float) -> None:
        """A test that began at `began` (time.time()) has just ended."""
        self._spans.append((began, time.time(), name))

    def write(self) -> None:
        """Nothing when BLOBGATE_COVERAGE is not set."""
        if home := directory():
            home.mkdir(parents=True, exist_ok=True)
            path = home / (self._suite.replace("/", "-") + ".json")
            path.write_text(json.dumps(self._spans))


@dataclasses.dataclass
class Met:
    """By name of operation, and by error code."""
    tests: dict[str, set[str]]
    statuses: dict[str, set[int]]
    codes: dict[str, set[str]]


def collect(home: pathlib.Path) -> Met:
    spans = sorted(tuple(span) for path in home.glob("*.json")
                   for span in json.loads(path.read_text()))
    begins = [span[0] for span in spans]
    met = Met(*(collections.defaultdict(set) for _ in range(3)))
    for log in home.glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue  # the daemon was killed, and the next one went on in that line
            text = entry["time"].rstrip("Z")[:26] + "+00:00"
            moment = datetime.datetime.fromisoformat(text).timestamp()
            # The log is written when the answer was sent; its time has milliseconds.
            last = bisect.bisect_right(begins, moment + 0.002)
            tests = {name for began, ended, name in spans[max(0, last - 50):last]
                     if moment <= ended + 0.05} or {"between tests"}
            met.tests[entry["operation"]].update(tests)
            met.statuses[entry["operation"]].add(entry["status"])
            if entry["error"]:
                met.codes[entry["error"]].update(tests)
    return met
