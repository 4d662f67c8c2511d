"""Stores with many blobs, for tests that need millions."""
from __future__ import annotations

import pathlib
import subprocess

import blobgate_daemon


def fill(data_directory: pathlib.Path, account: str, container: str, count: int) -> None:
    """Puts blobs f/000000000 and on, each of which holds its name, into `container` of a stopped
    store, without HTTP. Builds the program for that, which ordinary builds leave out."""
    build = blobgate_daemon.find_binary().parents[1]
    subprocess.run(["cmake", "--build", build, "--target", "fill_store"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([build / "tests" / "fill_store", data_directory, account, container,
                    str(count)], check=True)
