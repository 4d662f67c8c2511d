"""PyArrow: Arrow's own file system over the C++ SDK."""
from matrix.common import TREE, Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("arrow", "pyarrow")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "arrow.py", SSL_CERT_FILE="ca.pem")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")
    gate.stored_is_given("moved/", account=TREE)


CLIENT = Client("arrow", "PyArrow AzureFileSystem", "Python, C++",
                "files and data sets on a flat and on a hierarchical account, rename of directories",
                install, run, [PROGRAMS / "arrow.py"], quick=False)
