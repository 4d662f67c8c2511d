"""Reads the journal the shim writes: every change below the data directory, in order."""
from __future__ import annotations

import dataclasses
import pathlib
import struct

START, OPEN, CLOSE, WRITE, TRUNCATE, ZERO, ALLOCATE, RENAME, LINK, REMOVE, MAKE_DIRECTORY, \
    SYNC_START, SYNC_END = range(13)
CREATED, TRUNCATED = 1, 2  # bits of `a` of OPEN

_HEAD = struct.Struct("<IBBHHHiqqQ")  # RecordHead in shim/shim.h
_MAGIC = 0x4A534742


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """Fields as at Op in shim/shim.h; sizes and offsets in bytes."""
    op: int
    fd: int
    a: int
    b: int
    path: str
    second: str
    data: memoryview


def read(path: pathlib.Path) -> list[Record]:
    """All records. The last one may be cut short by a kill: then it never counted."""
    content = memoryview(path.read_bytes())
    records: list[Record] = []
    at = 0
    while at + _HEAD.size <= len(content):
        magic, op, _, path_size, second_size, _, fd, a, b, size = _HEAD.unpack_from(content, at)
        if magic != _MAGIC:
            raise ValueError(f"{path}: no record at {at}")
        first = at + _HEAD.size
        second = first + path_size
        data = second + second_size
        at = data + size
        if at > len(content):
            break
        records.append(Record(op, fd, a, b, str(content[first:second], "utf-8"),
                              str(content[second:data], "utf-8"), content[data:at]))
    return records
