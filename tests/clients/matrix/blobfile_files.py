"""blobfile, which knows only Azure's own names."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("blobfile", "blobfile")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "blobfile_files.py")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("blobfile", "blobfile", "Python",
                "streaming reads and writes from 32 threads, 32 MiB blocks, glob, walk, copy, times, MD5",
                install, run, [PROGRAMS / "blobfile_files.py"], quick=False)
