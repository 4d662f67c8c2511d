"""Which operations and error codes the tests met, from the access logs of their daemons.

A log line belongs to the tests that ran at its time. `Coverage.write` leaves a JSON file in the
directory that BLOBGATE_COVERAGE names; tests/api_table.py makes docs/api.md of all of them."""
from __future__ import annotations

import collections
import datetime
import json
import os
import pathlib
import time


class Coverage:
    def __init__(self, suite: str):
        self._suite = suite
        self._spans: list[tuple[float, float, str]] = []

    def ran(self, name: str, began: float) -> None:
        """A test that began at `began` (time.time()) has just ended."""
        self._spans.append((began, time.time(), name))

    def _tests_at(self, moment: float) -> list[str]:
        # The log is written when the answer was sent; its time has milliseconds.
        return [name for began, ended, name in self._spans
                if began - 0.002 <= moment <= ended + 0.05] or [self._suite]

    def write(self, *logs: pathlib.Path) -> None:
        """Nothing when BLOBGATE_COVERAGE is not set. The daemons have ended."""
        directory = os.environ.get("BLOBGATE_COVERAGE")
        if not directory:
            return
        operations: dict[str, dict[str, set]] = collections.defaultdict(
            lambda: {"tests": set(), "statuses": set()})
        codes: dict[str, set[str]] = collections.defaultdict(set)
        for log in logs:
            for line in log.read_text(errors="replace").splitlines():
                entry = json.loads(line)
                text = entry["time"].rstrip("Z")[:26] + "+00:00"
                moment = datetime.datetime.fromisoformat(text).timestamp()
                tests = self._tests_at(moment)
                operations[entry["operation"]]["tests"].update(tests)
                operations[entry["operation"]]["statuses"].add(entry["status"])
                if entry["error"]:
                    codes[entry["error"]].update(tests)
        found = {"operations": {name: {key: sorted(values) for key, values in found.items()}
                                for name, found in sorted(operations.items())},
                 "codes": {code: sorted(tests) for code, tests in sorted(codes.items())}}
        path = pathlib.Path(directory) / (self._suite.replace("/", "-") + ".json")
        path.write_text(json.dumps(found, indent=1))
