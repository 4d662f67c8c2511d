"""boostedblob, which knows only Azure's own names."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("boostedblob", "boostedblob")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "boostedblob_fleet.py", SSL_CERT_FILE="ca.pem")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/", but="empty.bin")


CLIENT = Client("boostedblob", "boostedblob", "Python",
                "trees up and down with 100 at once, 32 MiB blocks, copies in the cloud, sync, removal",
                install, run, [PROGRAMS / "boostedblob_fleet.py"],
                notes="With an account key it cannot write empty blobs, here as on Azure: it signs "
                "their length as `0`, where the rule wants nothing.")
