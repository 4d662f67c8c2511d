"""azure-storage-blob and azure-storage-file-datalake, as scripts use them."""
from matrix.common import TREE, Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("python-sdk", "azure-storage-blob", "azure-storage-file-datalake",
                           "aiohttp")


def run(gate: Gate, installed: Installed) -> None:
    for program in ("python_blob.py", "python_data_lake.py"):
        gate.python(installed, program)
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")
    gate.stored_is_given("moved/", account=TREE)


CLIENT = Client("python-sdk", "Azure SDK", "Python",
                "upload in blocks, parallel download, listing, SAS, copy; directories, rename",
                install, run, [PROGRAMS / "python_blob.py", PROGRAMS / "python_data_lake.py"])
