"""Counts what is checked, a line for each check, as tests/clients/run.py reads it."""
from __future__ import annotations

import typing

_counts = {True: 0, False: 0}


def check(name: str, good: object) -> None:
    _counts[bool(good)] += 1
    print(f"{'PASS' if good else 'FAIL'} python {name}", flush=True)


def finish() -> typing.NoReturn:
    """The closing line, and the end of the script."""
    print(f"{_counts[True]} passed, {_counts[False]} failed")
    raise SystemExit(1 if _counts[False] or not _counts[True] else 0)
