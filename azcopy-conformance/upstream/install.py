"""Builds AzCopy and its end-to-end suites from the Go module, into the cache of the tests.

A second run builds nothing. Go is taken from PATH; where it is missing or too old, Debian's fetches
the toolchain that the module asks for from the Go proxy.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess

import azcopy

MODULE = "github.com/Azure/azure-storage-azcopy/v10"
VERSION = "v10.32.6"
GO = "1.25.11"  # the module's own demand
_TOOLCHAIN = f"golang.org/toolchain@v0.0.1-go{GO}.linux-amd64"
PROGRAMS = {  # name: arguments of go
    "azcopy": ["build", "."],
    "old": ["test", "-c", "-tags", "olde2etest", "./e2etest"],
    "new": ["test", "-c", "./e2etest"],
    "test2json": ["build", "cmd/test2json"],
}


def home() -> pathlib.Path:
    """Where the programs of this version are."""
    return azcopy.cache_directory() / "azcopy-upstream" / VERSION


def install() -> dict[str, pathlib.Path]:
    """The programs by name; built on first use."""
    built = {name: home() / name for name in PROGRAMS}
    missing = [name for name, path in built.items() if not path.exists()]
    if missing:
        home().mkdir(parents=True, exist_ok=True)
        go = _fitting_go()
        source = _download(go, f"{MODULE}@{VERSION}")
        for name in missing:
            print(f"building {name} of AzCopy {VERSION}", flush=True)
            _build(go, source, PROGRAMS[name], built[name])
    return built


def _build(go: pathlib.Path, source: pathlib.Path, arguments: list[str],
           target: pathlib.Path) -> None:
    unfinished = target.with_suffix(".part")
    command, *rest = arguments
    subprocess.run([str(go), command, "-p", "2", "-trimpath", "-buildvcs=false", "-o",
                    str(unfinished), *rest], cwd=source, check=True, env=_environment(go))
    unfinished.rename(target)


def go_install(package: str, version: str, home: pathlib.Path) -> pathlib.Path:
    """Another program of the module proxy; built on first use into `home`."""
    program = home / version / package.rsplit("/", 1)[1]
    if not program.exists():
        print(f"building {package} {version}", flush=True)
        go = _fitting_go()
        subprocess.run([str(go), "install", "-p", "2", f"{package}@{version}"], check=True, cwd="/",
                       env=_environment(go) | {"GOBIN": str(program.parent)})
    return program


def _download(go: pathlib.Path, module: str) -> pathlib.Path:
    done = subprocess.run([str(go), "mod", "download", "-json", module], check=False,
                          capture_output=True, text=True, env=_environment(go), cwd="/")
    answer = json.loads(done.stdout or "{}")
    if done.returncode != 0 or "Error" in answer:
        raise RuntimeError(f"go mod download {module}: {answer.get('Error') or done.stderr}")
    return pathlib.Path(answer["Dir"])


def _environment(go: pathlib.Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("GOROOT", "GOFLAGS")}
    return kept | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GO111MODULE": "on",
                   "PATH": f"{go.parent}:{kept.get('PATH', '')}"}


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _fitting_go() -> pathlib.Path:
    found = shutil.which("go")
    if not found:
        _install_debian_go()
        found = shutil.which("go")
    go = pathlib.Path(found)
    said = subprocess.run([found, "env", "GOVERSION"], check=True, capture_output=True, text=True,
                          cwd="/", env=_environment(go)).stdout
    if _numbers(said) >= _numbers(GO):
        return go
    root = _download(go, _TOOLCHAIN)
    # Module zips carry no modes; a Go that knows toolchains sets them, an older one does not.
    for program in [*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")]:
        if program.is_file() and not os.access(program, os.X_OK):
            program.chmod(0o755)
    return root / "bin" / "go"


def _install_debian_go() -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    for arguments in (["update", "-qq"],
                      ["install", "-y", "-qq", "--no-install-recommends", "golang-go"]):
        subprocess.run([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *arguments],
                       check=True, stdout=subprocess.DEVNULL)
