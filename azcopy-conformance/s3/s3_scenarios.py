"""What AzCopy users do from S3 to Blob. What arrived is read by the tests' own client."""

from __future__ import annotations

import hashlib
import os
import pathlib
import subprocess
import urllib.parse
from collections.abc import Callable

import azcopy
import blobgate_daemon
import s3_server
import test_data

MIB = 1 << 20
ACCOUNT = "acct1"
BUCKETS = {  # sizes by key
    "first-bucket": {"empty": 0, "small": 10, "dir/one block": 3 * MIB, "dir/äöü €": 4096,
                     "dir/a+b%20c": 100, "dir/sub/deep": 65 * MIB},
    "second.bucket": {"page": 1000},
    "third-bucket": {"d/x": 100, "d/y": 2 * MIB, "z": 5},
}
HEADERS = ("Content-Type: text/html", "Cache-Control: no-cache", "Content-Language: de",
           "Content-Disposition: inline", "x-amz-meta-plain: value", "x-amz-meta-not-valid: other")


class Failure(Exception):
    """Not what AzCopy from S3 to Azure would have done."""


ALL: dict[str, Callable[["Place"], None]] = {}


def scenario(title: str):
    def register(function):
        ALL[title] = function
        return function
    return register


def demand(condition: bool, what: object) -> None:
    if not condition:
        raise Failure(what)


class Place:
    """The two servers and AzCopy between them."""

    def __init__(self, daemon: blobgate_daemon.Daemon, server: s3_server.Server,
                 directory: pathlib.Path, program: pathlib.Path):
        self.server = server
        self.client = daemon.client(ACCOUNT)
        self._daemon = daemon
        self._directory = directory
        self._program = program

    def url(self, container: str = "", blob: str = "") -> str:
        path = "/".join(part for part in (container, urllib.parse.quote(blob)) if part)
        return f"https://{ACCOUNT}.blob.core.windows.net/{path}?{self._daemon.account_sas(ACCOUNT)}"

    def fill(self) -> None:
        """Makes the buckets. `digests` by bucket and key."""
        self.digests = {}
        for bucket, files in BUCKETS.items():
            self.server.create_bucket(bucket)
            found = self.digests[bucket] = {}
            for seed, (key, size) in enumerate(files.items()):
                file = test_data.write_file(self._directory / "object", size, seed)
                self.server.put(f"{bucket}/{urllib.parse.quote(key)}", file, *HEADERS)
                found[key] = test_data.digest_of_file(file)

    def copy(self, source: str, target: str, *flags: str, keys: bool = True,
             code: int = 0) -> azcopy.Outcome:
        command = ["copy", source, target, "--output-type=json", *flags]
        home = self._directory / "azcopy"
        environment = {"PATH": os.environ["PATH"], "HOME": str(home),
                       "AZCOPY_DISABLE_SYSLOG": "true", "AZCOPY_BUFFER_GB": "0.5"}
        if keys:
            environment |= {"AWS_ACCESS_KEY_ID": s3_server.ACCESS_KEY,
                            "AWS_SECRET_ACCESS_KEY": s3_server.SECRET_KEY}
        done = subprocess.run([str(self._program), *command], env=environment, text=True,
                              capture_output=True, timeout=300, check=False)
        outcome = azcopy.Outcome(command, done.returncode, done.stdout, done.stderr)
        demand(outcome.code == code, f"exit code {outcome.code}: {outcome.describe()}")
        return outcome

    def holds(self, container: str, digests: dict[str, str], prefix: str = "") -> None:
        found = {name.removeprefix(prefix): self.client.digest(container, name)[1]
                 for name in self.client.names(container)}
        demand(found == digests, f"{container} has {found}, not {digests}")


@scenario("a bucket into a container, every size and name")
def whole_bucket(place: Place) -> None:
    digests = place.digests["first-bucket"]
    before = len(place.server.requests())
    outcome = place.copy("https://s3.amazonaws.com/first-bucket", place.url("s3bucket"),
                         "--recursive", "--block-size-mb=8", "--put-blob-size-mb=8")
    demand(outcome.count("TransfersCompleted") == len(digests), outcome.describe())
    place.holds("s3bucket", digests, "first-bucket/")
    reads = [line for line in place.server.requests()[before:] if "s3_GetObject" in line and "deep" in line]
    demand(len(reads) >= 9, f"{len(reads)} reads of 65 MiB in blocks of 8 MiB")


@scenario("a bucket named in the host, a directory of it, one object")
def parts_of_a_bucket(place: Place) -> None:
    digests = place.digests["third-bucket"]
    place.client.create_container("s3parts")
    host = f"https://third-bucket.s3.{s3_server.REGION}.amazonaws.com"
    place.copy(f"{host}/d/*", place.url("s3parts"), "--recursive")
    place.holds("s3parts", {key[2:]: digests[key] for key in ("d/x", "d/y")})
    place.copy(f"{host}/z", place.url("s3parts", "one/object"))
    demand(place.client.digest("s3parts", "one/object")[1] == digests["z"], "one object")


@scenario("headers and metadata of an object, names that Blob has not renamed")
def properties(place: Place) -> None:
    place.client.create_container("s3properties")
    source = "https://s3.amazonaws.com/second.bucket/page"
    place.copy(source, place.url("s3properties", "excluded"))
    headers = place.client.head("s3properties", "excluded").headers
    wanted = {"Content-Type": "text/html", "Cache-Control": "no-cache", "Content-Language": "de",
              "Content-Disposition": "inline", "x-ms-meta-plain": "value"}
    demand({name: headers.get(name) for name in wanted} == wanted, dict(headers))
    place.copy(source, place.url("s3properties", "renamed"),
               "--s2s-handle-invalid-metadata=RenameIfInvalid")
    renamed = {name.lower(): value for name, value in
               place.client.head("s3properties", "renamed").headers.items()
               if name.lower().startswith("x-ms-meta-")}
    demand("other" in renamed.values() and len(renamed) == 3, renamed)


@scenario("all buckets of the account; a dot in a bucket's name becomes a dash")
def whole_account(place: Place) -> None:
    place.copy("https://s3.amazonaws.com/", place.url(), "--recursive")
    for bucket, digests in place.digests.items():
        place.holds(bucket.replace(".", "-"), digests)


@scenario("changed objects alone are copied again")
def if_source_newer(place: Place) -> None:
    source, target = "https://s3.amazonaws.com/third-bucket/*", place.url("s3newer")
    place.client.create_container("s3newer")
    place.copy(source, target, "--recursive")
    outcome = place.copy(source, target, "--recursive", "--overwrite=ifSourceNewer")
    demand(outcome.count("TransfersSkipped") == 3, outcome.describe())


@scenario("a source that answers no: its status is told, nothing is left at the target")
def refused_source(place: Place) -> None:
    place.client.create_container("s3refused")
    url = "https://s3.amazonaws.com/third-bucket/z"
    answer = place.client.request("PUT", "s3refused", "blob", headers={
        "x-ms-blob-type": "BlockBlob", "x-ms-copy-source": url})
    demand((answer.status, answer.error_code) == (403, "CannotVerifyCopySource"),
           f"{answer.status} {answer.error_code}")
    demand(answer.headers.get("x-ms-copy-source-status-code") == "403", dict(answer.headers))
    demand(not place.client.names("s3refused"), "something was left")
