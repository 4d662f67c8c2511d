"""adlfs: pandas and Dask on fsspec."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("adlfs", "adlfs", "pandas", "pyarrow", "dask[dataframe]")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "adlfs_pandas.py")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("adlfs", "adlfs with pandas and Dask", "Python",
                "put and get of trees, glob, move; pandas and Dask read and write Parquet and CSV",
                install, run, [PROGRAMS / "adlfs_pandas.py"], quick=False)
