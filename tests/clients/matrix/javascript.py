"""The SDKs for JavaScript."""
import pathlib
import re
import shutil

import run as sdks
from matrix.common import (TREE, Client, Gate, Installed, PROGRAMS, command, debian_package,
                           newest_or_shelved, shelved)

PROGRAM = PROGRAMS / "javascript.mjs"
PACKAGES = ("@azure/storage-blob", "@azure/storage-file-datalake")


def install() -> Installed:
    if not shutil.which("npm"):
        debian_package("nodejs", "npm")
    version = newest_or_shelved("javascript", lambda: command(
        "npm", "view", PACKAGES[0], "version", timeout=120).strip())

    def make(home: pathlib.Path) -> None:
        (home / "package.json").write_text('{"private": true, "type": "module"}')
        command("npm", "install", "--silent", "--no-fund", "--no-audit",
                f"{PACKAGES[0]}@{version}", PACKAGES[1], cwd=home)

    home = shelved("javascript", version, "", make)
    shutil.copy(PROGRAM, home / PROGRAM.name)
    versions = {name: re.search(r'"version": "([^"]+)"', (
        home / "node_modules" / name / "package.json").read_text()).group(1) for name in PACKAGES}
    return Installed(versions | {"Node.js": command("node", "--version").strip().lstrip("v")},
                     {"program": str(home / PROGRAM.name)})


def run(gate: Gate, installed: Installed) -> None:
    gate.run(*sdks.node(), installed.paths["program"], NODE_EXTRA_CA_CERTS="ca.pem")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")
    gate.stored_is_given("moved/", account=TREE)


CLIENT = Client("javascript", "Azure SDK", "JavaScript",
                "files in blocks, 64 at once, SAS, copies, tags, batch; directories, rename",
                install, run, [PROGRAM])
