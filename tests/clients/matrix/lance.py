"""LanceDB: vectors by object_store."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("lance", "lancedb", "pyarrow")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "lance.py")
    gate.check(bool(gate.stored("db/vectors.lance/_versions/")), "no versions of the table")


CLIENT = Client("lance", "LanceDB", "Python",
                "a table of vectors written in parts, searched, updated, versions, 4 writers at once",
                install, run, [PROGRAMS / "lance.py"], quick=False)
