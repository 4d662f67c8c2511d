"""List, make."""

from __future__ import annotations

import json

import test_data
from harness import BOTH, HTTPS, Context, scenario

GROUP = "List and make"


def _paths(outcome) -> dict[str, dict]:
    items = [json.loads(text) for text in outcome.messages("ListObject")]
    return {item["Path"]: item for item in items}


@scenario(GROUP, "list a container and a virtual directory", styles=BOTH)
def plain(ctx: Context) -> None:
    container = ctx.container()
    for name, size in {"a.txt": 5, "dir/b.txt": 2048, "dir/ü +%.txt": 0}.items():
        ctx.client().put_blob(container, name, test_data.content(size, 1))
    found = _paths(ctx.list(ctx.url(container)))
    ctx.equal("paths", set(found), {"a.txt", "dir/b.txt", "dir/ü +%.txt"})
    ctx.equal("paths below dir", set(_paths(ctx.list(ctx.url(container, "dir/")))),
              {"b.txt", "ü +%.txt"})


@scenario(GROUP, "list --machine-readable --running-tally")
def tally(ctx: Context) -> None:
    container = ctx.container()
    for name, size in {"a": 5, "b": 2048, "c/d": 100_000}.items():
        ctx.client().put_blob(container, name, test_data.content(size, 1))
    outcome = ctx.list(ctx.url(container), "--machine-readable", "--running-tally")
    ctx.equal("sizes", {path: item["ContentLength"] for path, item in _paths(outcome).items()},
              {"a": "5", "b": "2048", "c/d": "100000"})
    summary = json.loads(outcome.messages("ListSummary")[-1])
    ctx.equal("tally", (summary["FileCount"], summary["TotalFileSize"]), ("3", "102053"))


@scenario(GROUP, "list --properties (times, type, tier, content headers, MD5, lease)", styles=BOTH)
def properties(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    client.put_blob(container, "f", b"data", {
        "x-ms-blob-content-type": "text/x-test", "x-ms-blob-content-encoding": "br",
        "x-ms-access-tier": "Cool"})
    client.expect(201, "PUT", container, "f", comp="lease", headers={
        "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"})
    item = _paths(ctx.list(
        ctx.url(container), "--properties=LastModifiedTime;BlobType;BlobAccessTier;ContentType;"
        "ContentEncoding;ContentMD5;LeaseState;LeaseDuration;LeaseStatus"))["f"]
    ctx.equal("properties", {name: item.get(name) for name in (
        "BlobType", "BlobAccessTier", "ContentType", "ContentEncoding", "LeaseState",
        "LeaseDuration", "LeaseStatus")}, {
            "BlobType": "BlockBlob", "BlobAccessTier": "Cool", "ContentType": "text/x-test",
            "ContentEncoding": "br", "LeaseState": "leased", "LeaseDuration": "infinite",
            "LeaseStatus": "locked"})
    ctx.holds(f"a time and an MD5: {item}",
              bool(item.get("LastModifiedTime")) and bool(item.get("ContentMD5")))


@scenario(GROUP, "list a whole account")
def account(ctx: Context) -> None:
    container = ctx.container("acct2")
    ctx.client("acct2").put_blob(container, "inside", b"x")
    found = _paths(ctx.list(ctx.url(account="acct2")))
    ctx.holds(f"{container}/inside is listed", f"{container}/inside" in found)


@scenario(GROUP, "more than one page (5,000 names and 300 more)")
def pages(ctx: Context) -> None:
    container = ctx.container()
    source = ctx.new_directory("many")
    for index in range(5300):
        (source / f"f{index:05d}").write_bytes(b"")
    ctx.completed(ctx.upload(f"{source}/*", ctx.url(container)), 5300)
    ctx.equal("count", len(_paths(ctx.list(ctx.url(container)))), 5300)


@scenario(GROUP, "make a container; again is an error", styles=(HTTPS,))
def make(ctx: Context) -> None:
    container = ctx.unused_container()
    ctx.run("make", ctx.url(container))
    ctx.holds("the container is listed", container in ctx.client().list_containers())
    again = ctx.run("make", ctx.url(container), code=None)
    ctx.holds("ContainerAlreadyExists is reported", "already exists" in again.output)
