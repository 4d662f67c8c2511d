"""set-properties: metadata, tags, tier."""

from __future__ import annotations

from harness import BOTH, Context, scenario

GROUP = "Set properties"


@scenario(GROUP, "--metadata replaces, --metadata=clear removes", styles=BOTH)
def metadata(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    client.put_blob(container, "f", b"x", {"x-ms-meta-old": "value"})
    ctx.set_properties(ctx.url(container, "f"), "--metadata=alpha=1;beta=two")
    ctx.equal("metadata", client.head(container, "f").metadata, {"alpha": "1", "beta": "two"})
    ctx.set_properties(ctx.url(container, "f"), "--metadata=clear")
    ctx.equal("metadata", client.head(container, "f").metadata, {})
    ctx.equal("bytes", client.get(container, "f"), b"x")


@scenario(GROUP, "--blob-tags set and cleared", styles=BOTH)
def tags(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    client.put_blob(container, "f", b"x", {"x-ms-tags": "old=1"})
    ctx.set_properties(ctx.url(container, "f"), "--blob-tags=k1=v1&k 2=v/2")
    ctx.equal("tags", client.tags(container, "f"), {"k1": "v1", "k 2": "v/2"})
    ctx.set_properties(ctx.url(container, "f"), "--blob-tags=clear")
    ctx.equal("tags", client.tags(container, "f"), {})


@scenario(GROUP, "--block-blob-tier on a tree, recursive, with filter", styles=BOTH)
def tier(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    for name in ("d/a.txt", "d/b.txt", "d/c.log"):
        client.put_blob(container, name, b"x")
    ctx.set_properties(ctx.url(container, "d"), "--recursive", "--block-blob-tier=Cool",
                       "--include-pattern=*.txt")
    found = {item.name: item.properties["AccessTier"] for item in client.list_blobs(container)}
    ctx.equal("tiers", found, {"d/a.txt": "Cool", "d/b.txt": "Cool", "d/c.log": "Hot"})


@scenario(GROUP, "to Archive and back to Hot (rehydration)")
def archive(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    client.put_blob(container, "f", b"x")
    ctx.set_properties(ctx.url(container, "f"), "--block-blob-tier=Archive")
    ctx.headers_are(container, "f", {"x-ms-access-tier": "Archive"})
    ctx.equal("reading an archived blob", client.request("GET", container, "f").error_code,
              "BlobArchived")
    ctx.set_properties(ctx.url(container, "f"), "--block-blob-tier=Hot",
                       "--rehydrate-priority=High")
    headers = client.head(container, "f").headers
    ctx.holds(f"rehydrating or done: {dict(headers)}",
              headers.get("x-ms-archive-status") == "rehydrate-pending-to-hot"
              or headers.get("x-ms-access-tier") == "Hot")
