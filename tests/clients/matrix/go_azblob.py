"""azblob: a program of our own, in Go."""
import os
import pathlib
import re

from matrix.common import (CLIENTS, Client, Gate, Installed, command, newest_or_shelved, shelved,
                           tool)

SOURCE = CLIENTS / "go"
MODULE = "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
REASON = "its newest version needs Go 1.24 or later, and Debian has an older one"


def newest(go: str) -> str:
    return command(go, "list", "-m", "-f", "{{.Version}}", f"{MODULE}@latest", cwd=SOURCE)


def install() -> Installed:
    go = tool("go", ["go", "version"], (1, 24), "golang-go", REASON)
    version = newest_or_shelved("go-azblob", lambda: newest(go).strip())

    def make(home: pathlib.Path) -> None:
        for path in SOURCE.iterdir():
            (home / path.name).write_bytes(path.read_bytes())
        settings = os.environ | {"GOFLAGS": "-p=2"}
        command(go, "get", f"{MODULE}@{version}", cwd=home, env=settings)
        command(go, "mod", "tidy", cwd=home, env=settings)
        command(go, "build", "-o", "client", ".", cwd=home, env=settings)

    home = shelved("go-azblob", version, (SOURCE / "main.go").read_text(), make)
    compiler = re.search(r"go([\d.]+)", command(go, "version")).group(1)
    return Installed({"azblob": version.lstrip("v"), "Go": compiler},
                     {"program": str(home / "client")})


def run(gate: Gate, installed: Installed) -> None:
    gate.run(installed.paths["program"], SSL_CERT_FILE="ca.pem")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("go-azblob", "Azure SDK", "Go",
                "files in blocks, 32 goroutines, ETags, SAS, copies, tags, batch, listing",
                install, run, [SOURCE / "main.go"])
