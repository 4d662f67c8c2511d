"""Hadoop's file-system shell on its ABFS driver; hadoop.py runs the driver's own tests."""
import re
import shutil

import hadoop
from matrix.common import TREE, Client, Gate, Installed, PROGRAMS, command, debian_package
from matrix.java_sdk import PASSWORD


def install() -> Installed:
    if not shutil.which("javac"):
        debian_package("default-jdk-headless")
    if not shutil.which("mvn"):
        debian_package("maven")
    libraries = hadoop.install()
    version = re.search(r"hadoop-azure-(\d[\d.]*)\.jar", libraries).group(1)
    runtime = re.search(r"[\d.]+", command("java", "--version")).group()
    return Installed({"hadoop-azure": version, "Java": runtime}, {"libraries": libraries})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("keytool", "-importcert", "-noprompt", "-alias", "blobgate", "-storetype", "PKCS12",
             "-file", "ca.pem", "-keystore", "trust.p12", "-storepass", PASSWORD)
    gate.run("bash", PROGRAMS / "hadoop.sh", LIBRARIES=installed.paths["libraries"])
    gate.fetched_is_given("fetched")
    gate.stored_is_given("moved/", account=TREE)


CLIENT = Client("hadoop", "Hadoop ABFS", "Java",
                "the shell: put, get, list, move, append, checksums of trees, removal",
                install, run, [PROGRAMS / "hadoop.sh"], quick=False,
                notes="In transparent mode. The driver's own tests: "
                "[hierarchical-namespace.md](hierarchical-namespace.md).")
