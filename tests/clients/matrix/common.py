"""What every client of the matrix is made of: an installer, a program, checks with a witness."""
from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import azcopy
import blobgate_daemon

CLIENTS = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = CLIENTS / "programs"
MIB = 1 << 20
DAY = 86_400
FLAT, TREE = "acct1", "tree"
BEGIN, END = "user's lines", "end of the user's lines"


class NotToBeHad(Exception):
    """The client cannot be installed here, for a reason its module knows."""


class Failed(Exception):
    """The client did not do what its users rely on."""


@dataclasses.dataclass
class Installed:
    """Versions by package, the first one is the client's own; the programs by what they are for."""
    versions: dict[str, str]
    paths: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Client:
    """`shown`: the files whose marked lines are what a user needs, as the test ran them."""
    name: str
    title: str
    language: str
    does: str
    install: Callable[[], Installed]
    run: Callable[["Gate", Installed], None]
    shown: list[pathlib.Path]
    quick: bool = True
    notes: str = ""


# Installing.


def command(*words: str, timeout: float = 1800, **options) -> str:
    """Runs an installer. Its output is shown when it fails."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(words)}: exit {done.returncode}\n"
                     f"{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


def shelf(name: str) -> pathlib.Path:
    return azcopy.cache_directory() / "matrix" / name


def shelved(name: str, version: str, recipe: str,
            make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """The folder of this version, made unless it is there; older versions are removed."""
    home = shelf(name) / version
    stamp = home / "installed.txt"
    if not stamp.exists() or stamp.read_text() != recipe:
        shutil.rmtree(shelf(name), ignore_errors=True)
        home.mkdir(parents=True)
        make(home)
        stamp.write_text(recipe)
    return home


def newest_or_shelved(name: str, ask: Callable[[], str]) -> str:
    """What the registry calls newest, asked once a day; without an answer, what is there."""
    there = next((path.parent.name for path in shelf(name).glob("*/installed.txt")), "")
    asked = shelf(name).parent / f"{name}.asked"
    if there and asked.exists() and time.time() - asked.stat().st_mtime < DAY:
        return there
    try:
        version = ask()
    except (Failed, subprocess.TimeoutExpired):
        if not there:
            raise
        return there
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.touch()
    return version


def newest_on_pypi(package: str) -> str:
    text = command(sys.executable, "-m", "pip", "index", "versions", package,
                   "--disable-pip-version-check", timeout=120)
    return re.search(r"\((\S+)\)", text).group(1)


def pip_environment(name: str, package: str, *others: str) -> Installed:
    """A virtual environment with the newest `package`."""
    version = newest_or_shelved(name, lambda: newest_on_pypi(package))
    wanted = [f"{package}=={version}", *others]

    def make(home: pathlib.Path) -> None:
        command(sys.executable, "-m", "venv", str(home))
        command(str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *wanted)

    home = shelved(name, version, f"{sys.version}\n{wanted}", make)
    folders = (path.stem.rsplit("-", 1) for path in home.glob("lib/*/site-packages/*.dist-info"))
    found = {name.lower().replace("_", "-"): number for name, number in folders}
    plain = [re.split(r"[\[=<>]", word)[0] for word in (package, *others)]
    return Installed({word: found[word] for word in plain},
                     {"python": str(home / "bin" / "python")})


def debian_package(package: str, *more: str) -> str:
    """Installs it if missing. Its version."""
    ask = ["dpkg-query", "-W", "-f=${db:Status-Abbrev}${Version}"]
    for attempt in (1, 2):
        done = [subprocess.run([*ask, name], capture_output=True, text=True)
                for name in (package, *more)]
        if all(one.stdout.startswith("ii") for one in done):
            return done[0].stdout[2:].strip()
        if attempt == 1:
            rights = [] if os.geteuid() == 0 else ["sudo"]
            settings = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            command(*rights, "apt-get", "update", "-qq", env=settings)
            command(*rights, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o",
                    "DPkg::Lock::Timeout=300", package, *more, env=settings)
    raise Failed(f"{package} was installed and is not there")


def tool(name: str, ask: list[str], at_least: tuple[int, int], debian: str, reason: str) -> str:
    """A compiler's path: the machine's own, or Debian's if that is new enough."""
    if not shutil.which(name):
        debian_package(debian)
    found = re.search(r"(\d+)\.(\d+)", command(*ask))
    if (int(found.group(1)), int(found.group(2))) < at_least:
        raise NotToBeHad(reason)
    return shutil.which(name)


# Running.


def given_files() -> dict[str, bytes]:
    """Names and lengths that trip clients up."""
    noise = random.Random("matrix")
    return {"empty.bin": b"", "one byte.bin": b"1", "dir/plain.txt": b"line\n" * 1000,
            "dir/größe/naïve ü.bin": noise.randbytes(70_001),
            "dir/a+b & c=d.txt": b"signs in the name",
            "dir/blocks.bin": noise.randbytes(9 * MIB + 3)}


def tree_of(directory: pathlib.Path) -> dict[str, str]:
    """Digest of every file by its name."""
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(directory.rglob("*")) if path.is_file()}


class Gate:
    """One client's container in the running daemon, and its folder, where its programs run. The
    folder holds ca.pem and given/, whose files the witness has put into the container as well."""

    def __init__(self, daemon: blobgate_daemon.Daemon, client: Client, directory: pathlib.Path):
        self.daemon = daemon
        self.container = client.name
        self.home = directory / client.name
        self.given = self.home / "given"
        self.witness = daemon.client(FLAT)
        self.tree_witness = daemon.client(TREE)
        self.output = ""
        self._lay_out()

    def _lay_out(self) -> None:
        self.home.mkdir()
        shutil.copy(self.daemon.ca_file, self.home / "ca.pem")
        for witness in (self.witness, self.tree_witness):
            witness.create_container(self.container)
        for name, content in given_files().items():
            path = self.given / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            self.witness.put_blob(self.container, f"given/{name}", content)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items()
                if not k.lower().endswith("_proxy") and not k.startswith(("AZURE_", "PYTHON"))}
        return kept | {"HOME": str(self.home), "AZURE_STORAGE_ACCOUNT": FLAT,
                       "AZURE_STORAGE_KEY": blobgate_daemon.ACCOUNTS[FLAT],
                       "TREE_KEY": blobgate_daemon.ACCOUNTS[TREE], "LC_ALL": "C.UTF-8"} | more

    def run(self, *words: str, timeout: float = 600, **environment: str) -> str:
        """Runs a program in the client's folder: its standard output."""
        try:
            done = subprocess.run([str(word) for word in words], cwd=self.home, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=timeout,
                                  env=self.environment(**environment))
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{words[0]}: not done in {timeout:.0f} s\n{late.stdout!r}") from late
        self.output += done.stdout
        if done.returncode != 0:
            raise Failed(f"{words[0]} {words[-1]}: exit {done.returncode}\n"
                         f"{shortened(done.stdout)}{shortened(done.stderr)}")
        return done.stdout

    def python(self, installed: Installed, program: str, *arguments: str, **environment: str):
        return self.run(installed.paths["python"], PROGRAMS / program, *arguments, **environment)

    # Checks, with another client than the one under test.

    def check(self, good: bool, what: str) -> None:
        if not good:
            raise Failed(what)

    def stored(self, prefix: str, container: str = "", account: str = FLAT) -> dict[str, str]:
        """Digest of every blob below `prefix`, by the rest of its name; no directories."""
        witness = self.witness if account == FLAT else self.tree_witness
        container = container or self.container
        return {item.name.removeprefix(prefix): witness.digest(container, item.name)[1]
                for item in witness.list_blobs(container, prefix=prefix, include="metadata")
                if item.metadata.get("hdi_isfolder") != "true" and not item.name.endswith("/")
                and item.properties.get("ResourceType") != "directory"}

    def stored_is_given(self, prefix: str, account: str = FLAT, but: str = "") -> None:
        """All given files are stored, or all but one."""
        wanted = {name: digest for name, digest in tree_of(self.given).items() if name != but}
        same(f"blobs below {prefix}", self.stored(prefix, account=account), wanted)

    def fetched_is_given(self, directory: str) -> None:
        same(f"files in {directory}", tree_of(self.home / directory), tree_of(self.given))


def shortened(text: str, each: int = 2000) -> str:
    """The beginning and the end of it."""
    return text if len(text) <= 2 * each else f"{text[:each]}\n...\n{text[-each:]}"


def same(what: str, found: dict[str, str], wanted: dict[str, str]) -> None:
    """Fails naming what is missing, what is too much, and what has other content."""
    missing, more = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    other = sorted(name for name in wanted.keys() & found.keys() if wanted[name] != found[name])
    if missing or more or other:
        raise Failed(f"{what}: missing {missing}, too much {more}, other content {other}")


# For the users.


def users_lines(path: pathlib.Path) -> str:
    """The marked lines of a program, with the test's names replaced."""
    kept: list[str] = []
    inside = False
    for line in path.read_text().splitlines():
        if line.strip().endswith(END):
            inside = False
        elif line.strip().endswith(BEGIN):
            inside = True
        elif inside:
            kept.append(line)
    if not kept:
        raise Failed(f"{path}: no {BEGIN}")
    margin = min(len(line) - len(line.lstrip()) for line in kept if line.strip())
    return for_users("\n".join(line[margin:] for line in kept))


def for_users(text: str) -> str:
    for key in blobgate_daemon.ACCOUNTS.values():
        text = text.replace(key, "KEY")
    for found, shown in ((FLAT, "ACCT"), ("gate.test", "gw.example")):
        text = text.replace(found, shown)
    return text
