"""object_store: a program of our own, in Rust."""
import pathlib
import re
import shutil

from matrix.common import (CLIENTS, Client, Gate, Installed, command, newest_or_shelved, shelved,
                           tool)

SOURCE = CLIENTS / "rust"
REASON = "its newest version needs Rust 1.85 or later, and Debian has an older one"


def newest(cargo: str) -> str:
    told = command(cargo, "info", "object_store", cwd="/")
    return re.search(r"^version: (\S+)", told, re.M).group(1)


def install() -> Installed:
    cargo = tool("cargo", ["cargo", "--version"], (1, 85), "cargo", REASON)
    version = newest_or_shelved("rust", lambda: newest(cargo))

    def make(home: pathlib.Path) -> None:
        shutil.copytree(SOURCE, home, dirs_exist_ok=True)
        manifest = home / "Cargo.toml"
        manifest.write_text(re.sub(r'(object_store = \{ version = )"[^"]+"', rf'\1"={version}"',
                                   manifest.read_text()))
        command(cargo, "build", "--quiet", "-j", "2", cwd=home)

    recipe = (SOURCE / "src" / "main.rs").read_text() + (SOURCE / "Cargo.toml").read_text()
    home = shelved("rust", version, recipe, make)
    compiler = re.search(r"[\d.]+", command("rustc", "--version")).group()
    return Installed({"object_store": version, "Rust": compiler},
                     {"program": str(home / "target" / "debug" / "blobgate-client")})


def run(gate: Gate, installed: Installed) -> None:
    gate.run(installed.paths["program"])
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("rust", "object_store", "Rust",
                "multipart uploads, ranges, a race of creations, ETags, copies, batch delete",
                install, run, [SOURCE / "src" / "main.rs"], quick=False)
