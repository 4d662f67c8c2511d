"""A small ext4 file system in a file, for tests that fill a disk. Needs root and loop devices;
fails, rather than skips, where it has neither."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import shutil
import subprocess
import tempfile

MIB = 1 << 20


class LoopVolume:
    """Mounted while entered. No blocks are kept back for root, so that full means full. The image is
    sparse and takes what was ever written to the file system."""

    def __init__(self, size: int):
        self.size = size
        parent = os.environ.get("BLOBGATE_TEST_TMP")
        self._home = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-volume-", dir=parent))
        self.path = self._home / "mount"
        self._stuffing = self.path / "stuffing"
        self._mounted = False

    def __enter__(self) -> "LoopVolume":
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self._mounted:
            _run("umount", str(self.path))
            self._mounted = False
        shutil.rmtree(self._home, ignore_errors=True)

    def _make(self) -> None:
        if os.geteuid() != 0:
            raise RuntimeError("a loop file system needs root")
        image = self._home / "image"
        with open(image, "wb") as out:
            out.truncate(self.size)
        _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,nodiscard", str(image))
        self.path.mkdir()
        _run("mount", "-o", "loop,noatime", str(image), str(self.path))
        self._mounted = True

    def free(self) -> int:
        """Bytes that files may still take."""
        info = os.statvfs(self.path)
        return info.f_bavail * info.f_frsize

    def used(self) -> int:
        info = os.statvfs(self.path)
        return (info.f_blocks - info.f_bfree) * info.f_frsize

    def stuff(self) -> None:
        """Takes every free block for a file that belongs to nobody's store."""
        with open(self._stuffing, "ab") as out:
            end = os.fstat(out.fileno()).st_size
            piece = 64 * MIB
            while piece >= 4096:
                try:
                    os.posix_fallocate(out.fileno(), end, piece)
                    end += piece
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece //= 2

    def unstuff(self) -> None:
        self._stuffing.unlink(missing_ok=True)


def allocated(directory: pathlib.Path) -> int:
    """Bytes of blocks below `directory`: holes do not count."""
    total = 0
    for root, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(os.path.join(root, name)).st_blocks * 512
    return total


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
