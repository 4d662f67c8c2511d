"""pgBackRest's store of backups, with a signer of its own."""
from matrix.common import Client, Gate, Installed, PROGRAMS, debian_package


def install() -> Installed:
    return Installed({"pgBackRest": debian_package("pgbackrest").split("-")[0]})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("bash", PROGRAMS / "pgbackrest.sh")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("repo/up/")


CLIENT = Client("pgbackrest", "pgBackRest", "C",
                "repo-put, repo-get and repo-ls of files large and small, repo-rm, no PostgreSQL",
                install, run, [PROGRAMS / "pgbackrest.sh"], quick=False)
