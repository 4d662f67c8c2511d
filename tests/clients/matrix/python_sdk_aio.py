"""The asyncio variants of both Python SDKs, many requests at once."""
from matrix import python_sdk
from matrix.common import TREE, Client, Gate, Installed, PROGRAMS


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "python_aio.py")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")
    gate.stored_is_given("moved/", account=TREE)
    gate.check(len(gate.stored("many/")) == 400, "not all 400 blobs are there")


CLIENT = Client("python-sdk-aio", "Azure SDK, asyncio", "Python",
                "64 at once: upload, download, list; directories, rename",
                python_sdk.install, run, [PROGRAMS / "python_aio.py"])
