"""obstore: object_store for Python."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("obstore", "obstore")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "obstore_python.py")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("obstore", "obstore", "Python",
                "asyncio, conditional puts, ranges, listing, copy, batch delete, signed URLs",
                install, run, [PROGRAMS / "obstore_python.py"], quick=False)
