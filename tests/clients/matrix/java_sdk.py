"""The SDK for Java: a program of our own."""
import pathlib
import re
import shutil

from matrix.common import (CLIENTS, Client, Gate, Installed, command, debian_package, shelved)

SOURCE = CLIENTS / "java-sdk"
PROGRAM = SOURCE / "src" / "main" / "java" / "blobgate" / "SdkClient.java"
PASSWORD = "changeit"


def install() -> Installed:
    """The versions are those of the SDK's list of versions in pom.xml."""
    if not shutil.which("javac"):
        debian_package("default-jdk-headless")
    if not shutil.which("mvn"):
        debian_package("maven")
    pom = (SOURCE / "pom.xml").read_text()
    listed = re.search(r"azure-sdk-bom</artifactId>\s*<version>([^<]+)", pom).group(1)

    def make(home: pathlib.Path) -> None:
        shutil.copytree(SOURCE, home, dirs_exist_ok=True)
        command("mvn", "-q", "-B", "compile", "dependency:build-classpath",
                "-Dmdep.outputFile=classpath", cwd=home)

    home = shelved("java", listed, pom + PROGRAM.read_text(), make)
    libraries = (home / "classpath").read_text().strip()
    version = re.search(r"azure-storage-blob-(\d[\d.]*)\.jar", libraries).group(1)
    runtime = re.search(r"[\d.]+", command("java", "--version")).group()
    return Installed({"azure-storage-blob": version, "Java": runtime},
                     {"classes": f"{home / 'target' / 'classes'}:{libraries}"})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("keytool", "-importcert", "-noprompt", "-alias", "blobgate", "-storetype", "PKCS12",
             "-file", "ca.pem", "-keystore", "trust.p12", "-storepass", PASSWORD)
    gate.run("java", "-Xmx512m", "-Djavax.net.ssl.trustStore=trust.p12",
             f"-Djavax.net.ssl.trustStorePassword={PASSWORD}", "-cp", installed.paths["classes"],
             "blobgate.SdkClient")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("java", "Azure SDK", "Java",
                "files in blocks, parallel streams, SAS, copies, tags, batch",
                install, run, [PROGRAM], quick=False,
                notes="The trust store: `keytool -importcert -noprompt -alias blobgate -storetype "
                "PKCS12 -file ca.pem -keystore trust.p12 -storepass changeit`.")
