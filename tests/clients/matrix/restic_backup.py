"""restic, which knows only Azure's own names in the version Debian has."""
from matrix.common import Client, Gate, Installed, PROGRAMS, debian_package


def install() -> Installed:
    return Installed({"restic": debian_package("restic").split("-")[0]})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("bash", PROGRAMS / "restic.sh")
    gate.fetched_is_given("restored/given")
    gate.check(bool(gate.stored("backup/data/")), "no packs in the container")


CLIENT = Client("restic", "restic", "Go",
                "init, backups, check --read-data, restore compared, forget --prune",
                install, run, [PROGRAMS / "restic.sh"])
