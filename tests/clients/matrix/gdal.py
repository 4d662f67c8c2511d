"""GDAL's virtual file systems for Azure, with a signer of its own."""
from matrix.common import Client, Gate, Installed, PROGRAMS, debian_package


def install() -> Installed:
    return Installed({"GDAL": debian_package("gdal-bin").split("+")[0]})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("bash", PROGRAMS / "gdal.sh")


CLIENT = Client("gdal", "GDAL", "C++",
                "a raster and its overviews written as blocks, read by ranges, listed, translated",
                install, run, [PROGRAMS / "gdal.sh"], quick=False)
