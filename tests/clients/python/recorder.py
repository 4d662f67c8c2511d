"""Notes which of an SDK's public methods a script calls itself, not what these call in turn.

At exit one JSON line is added to the file that BLOB_CALLED names: the SDK, what it offers, what was
called."""
from __future__ import annotations

import atexit
import functools
import inspect
import json
import os
import threading

NOT_REST = {"close"}  # of the connection

_offered: set[str] = set()
_called: set[str] = set()
_local = threading.local()


def _wrapped(name: str, function):
    @functools.wraps(function)
    def call(*arguments, **named):
        if getattr(_local, "within", False):
            return function(*arguments, **named)
        _called.add(name)
        _local.within = True
        try:
            return function(*arguments, **named)
        finally:
            _local.within = False
    return call


def _watch(owner: type) -> None:
    for name, _ in inspect.getmembers(owner, callable):
        if name.startswith("_") or name in NOT_REST:
            continue
        full = f"{owner.__name__}.{name}"
        _offered.add(full)
        found = inspect.getattr_static(owner, name)
        if isinstance(found, classmethod):
            setattr(owner, name, classmethod(_wrapped(full, found.__func__)))
        else:
            setattr(owner, name, _wrapped(full, found))


def watch(sdk: str, classes: tuple[type, ...]) -> None:
    """`sdk`: name and version. Before the clients are made; once in a script."""
    if not os.environ.get("BLOB_CALLED"):
        return
    for owner in classes:
        _watch(owner)
    atexit.register(_write, sdk)


def _write(sdk: str) -> None:
    entry = {"sdk": sdk, "language": "Python", "offered": sorted(_offered),
             "called": sorted(_called)}
    with open(os.environ["BLOB_CALLED"], "a") as file:
        file.write(json.dumps(entry) + "\n")
