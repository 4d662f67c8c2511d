"""What a power cut could have left of a data directory, made from a journal.

The rules, chosen against the program within what POSIX allows:

- Content and size of a file are durable when an fsync or fdatasync that began after the change has
  ended well. sync_file_range makes nothing durable.
- A name (made, renamed, linked, removed) is durable when an fsync of its directory that began
  after the change has ended well. An fsync of the file does not do it: ext4, XFS and btrfs would,
  POSIX does not say so. RocksDB counts on the three, though: it renames CURRENT once the manifest
  that it names is synced. So below catalog/ a synced file keeps its name.
- A change whose sync failed stays in doubt for ever, whatever later syncs say (Linux marks the
  pages clean).
- Of changes that are not durable each block of 512 or 4096 bytes may hold any state it ever had
  since the last sync, independent of the others: dropped, kept, reordered, torn. The size may be
  any since then. A rename is there whole or not at all.
- Changes of names not yet durable are kept up to some point (as journaling file systems do), or
  in any selection.
"""
from __future__ import annotations

import dataclasses
import pathlib
import random

import journal
from journal import Record


@dataclasses.dataclass(slots=True)
class Change:
    """Of one file. `data` is None for zeros from `start` to `end`; `size`: the file's after it."""
    start: int
    end: int
    data: memoryview | None
    size: int
    durable: bool = False
    doomed: bool = False  # its sync failed


@dataclasses.dataclass(slots=True, eq=False)
class File:
    initial: bytes = b""
    size: int = 0
    changes: list[Change] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class NameChange:
    """`file` is None when the name goes; "" as `old` unless it is a rename."""
    directory: str
    name: str
    file: File | None
    old: str = ""
    durable: bool = False
    doomed: bool = False


Names = dict[str, File]

# Sockets below the data directory: made by bind(2), which is not recorded, and without content.
SOCKETS = {"admin.sock"}


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def scan(root: pathlib.Path) -> tuple[Names, set[str]]:
    """The files and directories of a real data directory, relative to it."""
    files: Names = {}
    directories = set()
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if path.is_dir():
            directories.add(name)
        elif not path.is_socket():
            content = path.read_bytes()
            files[name] = File(content, len(content))
    return files, directories


class Replay:
    """Follows the journal record by record; knows what is there and what of it is durable."""

    def __init__(self, files: Names | None = None, directories: set[str] | None = None,
                 ignored: str | None = None):
        """Begins with the given files, or empty. Syncs of files whose name contains `ignored`, or
        of directories if it is "/", count for nothing: for seeing that the tests find that."""
        self._ignored = ignored
        # Files are copied: their changes belong to this replay.
        self.initial = {name: File(file.initial, file.size)
                        for name, file in (files or {}).items()}
        self.directories = set(directories or ())
        self.names: Names = dict(self.initial)
        self.name_changes: list[NameChange] = []
        self.made: list[NameChange] = []  # directories
        self._open: dict[int, File | str] = {}
        self._syncs: dict[int, tuple[File | str, int]] = {}
        self._at = 0

    def run(self, records: list[Record], end: int) -> None:
        """On to (not including) the record number `end`."""
        for number in range(self._at, end):
            self._apply(number, records[number])
        self._at = end

    def _apply(self, number: int, record: Record) -> None:
        match record.op:
            case journal.START:
                self._open.clear()
            case journal.OPEN:
                self._open_file(record)
            case journal.CLOSE:
                self._open.pop(record.fd, None)
            case journal.WRITE:
                file = self._file(record)
                end = record.a + len(record.data)
                self._change(file, record.a, end, record.data, max(file.size, end))
            case journal.TRUNCATE:
                self._truncate(self._file(record), record.a)
            case journal.ZERO:
                file = self._file(record)
                self._change(file, record.a, record.a + record.b, None, file.size)
            case journal.ALLOCATE:
                file = self._file(record)
                self._change(file, file.size, file.size, None, max(file.size, record.a))
            case journal.SYNC_START:
                self._sync_start(number, record)
            case journal.SYNC_END:
                self._sync_end(record)
            case _:
                self._change_name(record)

    def _file(self, record: Record) -> File:
        file = self._open[record.fd]
        assert isinstance(file, File), record
        return file

    def _open_file(self, record: Record) -> None:
        if record.path == "" or record.path in self.directories:
            self._open[record.fd] = record.path
            return
        if record.a & journal.CREATED:
            file = File()
            self.names[record.path] = file
            self.name_changes.append(NameChange(_parent(record.path), record.path, file))
        file = self.names[record.path]
        if record.a & journal.TRUNCATED:
            self._truncate(file, 0)
        self._open[record.fd] = file

    @staticmethod
    def _change(file: File, start: int, end: int, data: memoryview | None, size: int) -> None:
        file.size = size
        file.changes.append(Change(start, end, data, size))

    def _truncate(self, file: File, size: int) -> None:
        self._change(file, size, max(size, file.size), None, size)

    def _change_name(self, record: Record) -> None:
        path = record.path
        if path in SOCKETS:
            return
        directory = _parent(path)
        if record.op == journal.MAKE_DIRECTORY:
            self.directories.add(path)
            self.made.append(NameChange(directory, path, None))
        elif record.op == journal.REMOVE:
            if path in self.directories:
                raise ValueError("removed directories are not modelled")
            del self.names[path]
            self.name_changes.append(NameChange(directory, path, None))
        else:
            if _parent(record.second) != directory:
                raise ValueError("renames between directories are not modelled")
            renamed = record.op == journal.RENAME
            file = self.names.pop(path) if renamed else self.names[path]
            self.names[record.second] = file
            self.name_changes.append(
                NameChange(directory, record.second, file, path if renamed else ""))

    def _sync_start(self, number: int, record: Record) -> None:
        target = self._open[record.fd]
        changes = target.changes if isinstance(target, File) else self.name_changes
        self._syncs[number] = (target, len(changes))

    def _sync_end(self, record: Record) -> None:
        target, count = self._syncs.pop(record.a)
        if self._ignores(target):
            return
        failed = record.b != 0
        changes: list = []
        if isinstance(target, File):
            changes = target.changes[:count] + [
                change for change in self.name_changes
                if change.file is target and change.directory == "catalog"]
        else:
            changes = [change for change in self.name_changes[:count] + self.made
                       if change.directory == target]
        for change in changes:
            if failed and not change.durable:
                change.doomed = True
            elif not change.doomed:
                change.durable = True


    def _ignores(self, target: File | str) -> bool:
        if self._ignored is None:
            return False
        if isinstance(target, str):
            return self._ignored == "/"
        return any(file is target and self._ignored in name for name, file in self.names.items())


class Chooser:
    """Decides for one cut what of the changes in doubt is there, with the help of `rng` alone."""

    DATA = ("none", "all", "prefix", "blocks", "blocks", "mostly", "rarely", "mixed")
    NAMES = ("none", "all", "prefix", "any")

    def __init__(self, rng: random.Random):
        self._rng = rng
        self.data = rng.choice(self.DATA)
        self.names = rng.choice(self.NAMES)
        self.block = rng.choice((512, 4096))

    def __str__(self) -> str:
        return f"data {self.data}, names {self.names}, blocks of {self.block}"

    def names_kept(self, count: int) -> list[bool]:
        if self.names == "any":
            return [self._rng.random() < 0.5 for _ in range(count)]
        most = {"none": 0, "all": count, "prefix": self._rng.randint(0, count)}[self.names]
        return [index < most for index in range(count)]

    def content(self, file: File) -> bytes:
        doubtful = [change for change in file.changes if not change.durable]
        mode = self.data
        if mode == "mixed":
            mode = self._rng.choice(self.DATA[:-1])
        most = {"none": 0, "all": len(doubtful)}.get(mode, self._rng.randint(0, len(doubtful)))
        cutoff = _Cutoffs(self._rng, mode, len(doubtful), most)
        image = bytearray(file.initial)
        sizes = [len(file.initial)]
        place = 0
        for change in file.changes:
            if change.durable:
                _put(image, change, change.start, change.end)
                sizes = [change.size]
                continue
            sizes.append(change.size)
            self._put_blocks(image, change, place, cutoff)
            place += 1
        return _sized(image, self._size(mode, sizes, most))

    def _put_blocks(self, image: bytearray, change: Change, place: int, cutoff: _Cutoffs) -> None:
        if cutoff.same is not None:
            if place < cutoff.same:
                _put(image, change, change.start, change.end)
            return
        at = change.start
        while at < change.end:
            end = min(change.end, (at // self.block + 1) * self.block)
            if place < cutoff.of(at // self.block):
                _put(image, change, at, end)
            at = end

    def _size(self, mode: str, sizes: list[int], most: int) -> int:
        if mode in ("none", "all", "prefix"):
            return sizes[min(most, len(sizes) - 1)]
        # The greatest shows most of the blocks.
        return max(sizes) if self._rng.random() < 0.5 else self._rng.choice(sizes)


class _Cutoffs:
    """How many of the changes in doubt a block has seen; `same` if it is one number for all."""

    SHARES = {"blocks": (0.3, 0.3), "mostly": (0.05, 0.9), "rarely": (0.9, 0.05)}  # none, all

    def __init__(self, rng: random.Random, mode: str, count: int, most: int):
        self._rng = rng
        self._count = count
        self.same = None if mode in self.SHARES else most
        self._none, self._all = self.SHARES.get(mode, (0.0, 0.0))
        self._known: dict[int, int] = {}

    def of(self, block: int) -> int:
        known = self._known.get(block)
        if known is None:
            dice = self._rng.random()
            if dice < self._none:
                known = 0
            elif dice < self._none + self._all:
                known = self._count
            else:
                known = self._rng.randint(0, self._count)
            self._known[block] = known
        return known


def _put(image: bytearray, change: Change, start: int, end: int) -> None:
    if end > len(image):
        image.extend(bytes(end - len(image)))
    if change.data is None:
        image[start:end] = bytes(end - start)
    else:
        image[start:end] = change.data[start - change.start:end - change.start]


def _sized(image: bytearray, size: int) -> bytes:
    if size > len(image):
        image.extend(bytes(size - len(image)))
    return bytes(image[:size])


def surviving_names(replay: Replay, chooser: Chooser) -> tuple[Names, set[str]]:
    """The files and directories that are there after the cut."""
    doubtful = [change for change in replay.made + replay.name_changes if not change.durable]
    kept = {id(change): keep
            for change, keep in zip(doubtful, chooser.names_kept(len(doubtful)))}
    made = {change.name: change.durable or kept[id(change)] for change in replay.made}
    directories = {name for name in replay.directories if made.get(name, True)}
    names = dict(replay.initial)
    for change in replay.name_changes:
        if not (change.durable or kept[id(change)]):
            continue
        if change.old:
            names.pop(change.old, None)
        if change.file is None:
            names.pop(change.name, None)
        else:
            names[change.name] = change.file
    there = directories | {""}
    return {name: file for name, file in names.items() if _parent(name) in there}, directories


def build(replay: Replay, chooser: Chooser, root: pathlib.Path) -> None:
    """Writes the image to `root`, which must be empty or not there."""
    files, directories = surviving_names(replay, chooser)
    root.mkdir(parents=True, exist_ok=True)
    for name in sorted(directories):
        (root / name).mkdir(mode=0o700)
    for name in sorted(files):
        (root / name).write_bytes(chooser.content(files[name]))
