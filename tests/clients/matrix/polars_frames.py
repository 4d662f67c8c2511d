"""Polars: frames in the cloud by object_store."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("polars", "polars")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "polars_frames.py")
    gate.check(len(gate.stored("parts/")) > 3, "no parts")


CLIENT = Client("polars", "Polars", "Python",
                "Parquet written and scanned with filters, partitioned, streamed; CSV and IPC",
                install, run, [PROGRAMS / "polars_frames.py"])
