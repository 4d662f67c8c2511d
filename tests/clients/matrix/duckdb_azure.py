"""DuckDB's azure extension, from a package that carries it."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    """The extension's package names the version of DuckDB that it is for."""
    return pip_environment("duckdb", "duckdb-extension-azure", "duckdb-extensions", "duckdb")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "duckdb_azure.py")
    gate.check(len(gate.stored("parts/")) == 4, "not one file for each part")


CLIENT = Client("duckdb", "DuckDB", "Python, C++",
                "Parquet and CSV read by globs and ranges, written whole and in parts",
                install, run, [PROGRAMS / "duckdb_azure.py"])
