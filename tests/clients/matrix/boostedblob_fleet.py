"""boostedblob, which knows only Azure's own names."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("boostedblob", "boostedblob")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "boostedblob_fleet.py", SSL_CERT_FILE="ca.pem")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("boostedblob", "boostedblob", "Python",
                "trees up and down with 100 at once, 32 MiB blocks, copies in the cloud, sync, removal",
                install, run, [PROGRAMS / "boostedblob_fleet.py"])
