"""The table of scenarios and what a scenario may use."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import pathlib
import threading
from collections.abc import Callable, Iterable

import azcopy
import blob_client
import blobgate_daemon
import test_data

HTTPS = "HTTPS, host style"
HTTP = "HTTP, path style"
BOTH = (HTTPS, HTTP)
ACCOUNT_SAS = "account SAS"
MIB = 1 << 20


class Failure(Exception):
    """The scenario did not behave as Azure does."""


class Skip(Exception):
    """The scenario cannot run here; the text says why."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    group: str
    title: str
    run: Callable[["Context"], None]
    styles: tuple[str, ...] = (HTTPS,)
    auth: str = ACCOUNT_SAS
    own_daemon: bool = False  # kills or configures the daemon: it gets one for itself
    full_only: bool = False   # too large for --quick


TABLE: list[Scenario] = []


def scenario(group: str, title: str, **arguments):
    def register(function):
        TABLE.append(Scenario(group, title, function, **arguments))
        return function
    return register


_numbers = itertools.count(1)
_number_lock = threading.Lock()


def _unique(stem: str) -> str:
    with _number_lock:
        return f"{stem}-{next(_numbers):04d}"


class Context:
    """One run of one scenario: its own directory and containers, the style of its URLs."""

    def __init__(self, daemon: blobgate_daemon.Daemon, azcopy_binary: pathlib.Path,
                 directory: pathlib.Path, style: str, quick: bool):
        self.daemon = daemon
        self.style = style
        self.quick = quick
        self.directory = directory
        self.directory.mkdir(parents=True)
        self.azcopy = azcopy.AzCopy(daemon, directory / "azcopy", azcopy_binary)

    # Places.

    def client(self, account: str = "acct1") -> blob_client.BlobClient:
        return self.daemon.client(account)

    def container(self, account: str = "acct1", public: str = "") -> str:
        name = _unique("con")
        self.client(account).create_container(name, public)
        return name

    def unused_container(self) -> str:
        return _unique("new")

    def path(self, name: str) -> pathlib.Path:
        return self.directory / name

    def new_directory(self, name: str) -> pathlib.Path:
        path = self.directory / name
        path.mkdir(parents=True)
        return path

    def url(self, container: str = "", blob: str = "", *, account: str = "acct1",
            sas: str | None = None) -> str:
        sas = self.daemon.account_sas(account) if sas is None else sas
        escaped = blob_client.quote(blob).replace("%2A", "*")  # a pattern, to AzCopy
        return self.daemon.url(account, container, escaped, sas, quoted=True,
                               host_style=self.style == HTTPS)

    # Running AzCopy. Commands whose URLs name no service (an IP address) need --from-to.

    def run(self, *arguments, code: int | None = 0, **options) -> azcopy.Outcome:
        outcome = self.azcopy.run(*map(str, arguments), **options)
        if code is not None and outcome.code != code:
            raise Failure(f"exit code {outcome.code}, not {code}: {outcome.describe()}")
        return outcome

    def transfer(self, command: str, source, target, *flags, from_to: str, code: int | None = 0,
                 **options) -> azcopy.Outcome:
        hint = [f"--from-to={from_to}"] if self.style == HTTP else []
        return self.run(command, source, target, *hint, *flags, code=code, **options)

    def upload(self, source, target, *flags, **options) -> azcopy.Outcome:
        return self.transfer("copy", source, target, *flags, from_to="LocalBlob", **options)

    def download(self, source, target, *flags, **options) -> azcopy.Outcome:
        return self.transfer("copy", source, target, *flags, from_to="BlobLocal", **options)

    def blob_to_blob(self, source, target, *flags, **options) -> azcopy.Outcome:
        return self.transfer("copy", source, target, *flags, from_to="BlobBlob", **options)

    def remove(self, target, *flags, **options) -> azcopy.Outcome:
        hint = ["--from-to=BlobTrash"] if self.style == HTTP else []
        return self.run("remove", target, *hint, *flags, **options)

    def set_properties(self, target, *flags, **options) -> azcopy.Outcome:
        hint = ["--from-to=BlobNone"] if self.style == HTTP else []
        return self.run("set-properties", target, *hint, *flags, **options)

    def list(self, target, *flags, **options) -> azcopy.Outcome:
        hint = ["--location=Blob"] if self.style == HTTP else []
        return self.run("list", target, *hint, *flags, **options)

    # Judging.

    def equal(self, what: str, found, wanted) -> None:
        if found != wanted:
            raise Failure(f"{what}: {_short(found)}, expected {_short(wanted)}")

    def holds(self, what: str, condition: bool) -> None:
        if not condition:
            raise Failure(what)

    def completed(self, outcome: azcopy.Outcome, count: int, skipped: int = 0,
                  failed: int = 0) -> None:
        found = tuple(outcome.count(f"Transfers{state}")
                      for state in ("Completed", "Skipped", "Failed"))
        if found != (count, skipped, failed):
            raise Failure(f"completed, skipped, failed = {found}, expected "
                          f"{(count, skipped, failed)}: {outcome.describe()}")

    def names_are(self, container: str, wanted: Iterable[str], account: str = "acct1") -> None:
        self.equal("blob names", self.client(account).names(container), sorted(wanted))

    def blob_digests(self, container: str, prefix: str = "",
                     account: str = "acct1") -> dict[str, str]:
        client = self.client(account)
        found = {}
        for item in client.list_blobs(container, prefix=prefix):
            size, digest = client.digest(container, item.name)
            if size != item.size:
                raise Failure(f"{item.name}: HEAD says {size} bytes, the list {item.size}")
            found[item.name[len(prefix):]] = digest
        return found

    def holds_tree(self, container: str, tree: pathlib.Path, prefix: str = "",
                   account: str = "acct1") -> None:
        self.same_digests(self.blob_digests(container, prefix, account),
                          test_data.digests_of_tree(tree))

    def same_trees(self, found: pathlib.Path, wanted: pathlib.Path) -> None:
        self.same_digests(test_data.digests_of_tree(found), test_data.digests_of_tree(wanted))

    def same_digests(self, found: dict[str, str], wanted: dict[str, str]) -> None:
        missing = sorted(wanted.keys() - found.keys())
        extra = sorted(found.keys() - wanted.keys())
        if missing or extra:
            raise Failure(f"names: missing {_short(missing)}, not expected {_short(extra)}")
        wrong = sorted(name for name in wanted if wanted[name] != found[name])
        if wrong:
            raise Failure(f"bytes differ: {_short(wrong)}")

    def headers_are(self, container: str, blob: str, wanted: dict[str, str],
                    account: str = "acct1") -> None:
        headers = self.client(account).head(container, blob).headers
        self.equal(f"headers of {blob}", {k: headers.get(k) for k in wanted}, wanted)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _short(value) -> str:
    text = repr(value)
    return text if len(text) < 800 else text[:800] + "..."
