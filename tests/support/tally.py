"""Counts checks and prints the closing line that CI reads."""

from __future__ import annotations

import sys
import traceback


class Tally:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures: list[str] = []

    def ok(self, name: str, note: str = "") -> None:
        self.passed += 1
        print(f"PASS {name}{' ' + note if note else ''}", flush=True)

    def fail(self, name: str, why: str) -> None:
        self.failed += 1
        self.failures.append(name)
        print(f"FAIL {name}: {why}", flush=True)

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        print(f"SKIP {name}: {why}", flush=True)

    def check(self, name: str, holds: bool, why: str = "") -> bool:
        if holds:
            self.ok(name)
        else:
            self.fail(name, why or "does not hold")
        return holds

    def run(self, name: str, function, *arguments):
        """Runs one check; an exception is its failure. Returns what the function returns."""
        try:
            result = function(*arguments)
        except Exception as error:  # every failure of a check must be counted, not end the run
            self.fail(name, f"{type(error).__name__}: {error}")
            traceback.print_exc(file=sys.stderr)
            return None
        self.ok(name)
        return result

    def finish(self) -> int:
        """Prints the closing line; the exit code."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0
