"""Builds the file-system shim (shim/) and runs daemons under it.

The library is made by the first compiler found of $CXX, clang++-19, c++, once for each state of its
sources, under build/fault-shim/.
"""
from __future__ import annotations

import dataclasses
import errno
import hashlib
import mmap
import os
import pathlib
import shutil
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parent / "shim"
OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "build" / "fault-shim"
PAGE = 4096

# Bits of Class in shim.h.
OPEN, CREATE, WRITE, TRUNCATE, ALLOCATE, PUNCH, RENAME, REMOVE, MAKE_DIRECTORY, SYNC_FILE, \
    SYNC_DIRECTORY, SYNC_RANGE, READ = (1 << bit for bit in range(13))
SYNC = SYNC_FILE | SYNC_DIRECTORY
CHANGE = CREATE | WRITE | TRUNCATE | ALLOCATE | PUNCH | RENAME | REMOVE | MAKE_DIRECTORY
SPACE = CREATE | WRITE | ALLOCATE | RENAME | MAKE_DIRECTORY

# Action in shim.h.
NOTHING, FAIL, SHORTEN, SHORTEN_THEN_FAIL, KILL_BEFORE, KILL_AFTER = range(6)

_FIELDS = ("records", "mask", "matched", "first", "last", "action", "error", "fired", "full",
           "sync_microseconds")
_FOREVER = (1 << 64) - 1


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of fault: which calls it may choose, what becomes of the chosen ones. `lasting`: all
    from the chosen one on, until it is lifted."""
    name: str
    mask: int
    action: int
    error: int = 0
    lasting: bool = False


KINDS = {kind.name: kind for kind in (
    Kind("EIO", CHANGE | SYNC_RANGE, FAIL, errno.EIO),
    Kind("EIO-ON", CHANGE | SYNC_RANGE, FAIL, errno.EIO, lasting=True),
    Kind("ENOSPC", SPACE, FAIL, errno.ENOSPC),
    Kind("ENOSPC-ON", SPACE, SHORTEN_THEN_FAIL, errno.ENOSPC, lasting=True),
    Kind("SHORT", WRITE, SHORTEN),
    Kind("FSYNC", SYNC, FAIL, errno.EIO),
    Kind("OPEN", OPEN, FAIL, errno.EMFILE),
    Kind("READ", READ, FAIL, errno.EIO),
    Kind("KILL-BEFORE", CHANGE | SYNC, KILL_BEFORE),
    Kind("KILL-AFTER", CHANGE | SYNC, KILL_AFTER),
)}


def library() -> pathlib.Path:
    """The built library."""
    sources = sorted(SOURCES.glob("*.cc"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir())))
    built = OUTPUT / f"shim-{digest.hexdigest()[:16]}.so"
    if not built.exists():
        OUTPUT.mkdir(parents=True, exist_ok=True)
        compilers = [os.environ.get("CXX"), "clang++-19", "c++"]
        compiler = next(name for name in compilers if name and shutil.which(name))
        draft = built.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, "-std=c++20", "-O2", "-g", "-fPIC", "-shared", "-o", str(draft),
                        *map(str, sources), "-ldl"], check=True)
        draft.rename(built)
    return built


class Shim:
    """The control page of one data directory. It outlives the daemon: counts go on over restarts.
    `directory` holds the page and, with `record`, the journal; it must not be the data directory.
    """

    def __init__(self, directory: pathlib.Path, data: pathlib.Path, *, record: bool = False):
        self.journal = directory / "journal" if record else None
        self._page_file = directory / "control"
        self._page_file.write_bytes(bytes(PAGE))
        self._data = data
        with open(self._page_file, "r+b") as page:
            self._memory = mmap.mmap(page.fileno(), PAGE)
        # Items of this view are read and written whole, unlike with struct.
        self._words = memoryview(self._memory)[:8 * len(_FIELDS)].cast("Q")

    def environment(self) -> dict[str, str]:
        """To be added to the daemon's."""
        wanted = {"LD_PRELOAD": str(library()), "BLOBGATE_SHIM_ROOT": str(self._data),
                  "BLOBGATE_SHIM_CONTROL": str(self._page_file)}
        if self.journal:
            wanted["BLOBGATE_SHIM_JOURNAL"] = str(self.journal)
        return wanted

    def get(self, field: str) -> int:
        return self._words[_FIELDS.index(field)]

    def set(self, field: str, value: int) -> None:
        self._words[_FIELDS.index(field)] = value

    @property
    def records(self) -> int:
        return self.get("records")

    @property
    def fired(self) -> int:
        return self.get("fired")

    @property
    def what(self) -> str:
        start = 8 * len(_FIELDS)
        return self._memory[start:start + 192].split(b"\0")[0].decode(errors="replace")

    def arm(self, kind: Kind, number: int) -> None:
        """The call `number`, counted from now among those of the kind, is chosen. A call that runs
        meanwhile counts or does not: arm before the daemon starts where it matters."""
        self.lift()
        for field, value in (("first", number), ("last", _FOREVER if kind.lasting else number),
                             ("error", kind.error), ("fired", 0), ("matched", 0),
                             ("mask", kind.mask), ("action", kind.action)):
            self.set(field, value)

    def count(self, kind: Kind) -> None:
        """From now on `matched` counts the calls of the kind; nothing fails."""
        self.lift()
        self.set("matched", 0)
        self.set("mask", kind.mask)

    def lift(self) -> None:
        """Ends the fault. `fired` and `what` stay."""
        for field in ("action", "mask", "full"):
            self.set(field, 0)

    def forget_journal(self) -> None:
        """Begins an empty one. No daemon may run."""
        if self.journal:
            self.journal.unlink(missing_ok=True)
        self.set("records", 0)

    def close(self) -> None:
        self._words.release()
        self._memory.close()
