"""Reproducible bytes, files and trees. Every 4 KiB page of the bytes is different, so that a
block in the wrong place is seen."""

from __future__ import annotations

import hashlib
import os
import pathlib
import random
import struct
from collections.abc import Iterator

PIECE = 1 << 20
_PAGE = 4096


def pieces(size: int, seed: int) -> Iterator[bytes]:
    base = random.Random(seed).randbytes(PIECE)
    for start in range(0, size, PIECE):
        piece = bytearray(base)
        for page in range(0, PIECE, _PAGE):
            struct.pack_into("<QQ", piece, page, seed, start + page)
        yield bytes(piece[:min(PIECE, size - start)])


def content(size: int, seed: int) -> bytes:
    return b"".join(pieces(size, seed))


def write_file(path: pathlib.Path, size: int, seed: int) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        for piece in pieces(size, seed):
            out.write(piece)
    return path


def make_tree(root: pathlib.Path, files: dict[str, int], seed: int = 1) -> pathlib.Path:
    for index, (name, size) in enumerate(files.items()):
        write_file(root / name, size, seed * 1_000_003 + index)
    return root


def digest_of_file(path: pathlib.Path) -> str:
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def digests_of_tree(root: pathlib.Path, follow: bool = True) -> dict[str, str]:
    """sha256 by name relative to `root`; symbolic links are followed, or left out."""
    found = {}
    for directory, _, names in os.walk(root, followlinks=follow):
        for path in (pathlib.Path(directory) / name for name in names):
            if path.is_file() and (follow or not path.is_symlink()):
                found[str(path.relative_to(root))] = digest_of_file(path)
    return found
