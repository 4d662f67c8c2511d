"""Blob to blob, within an account and across two."""

from __future__ import annotations

import base64

import test_data
from harness import BOTH, MIB, Context, scenario

GROUP = "Blob to blob"
SIZES = {"zero": 0, "small": 1234, "sub/blocks": 5 * MIB + 17}
HEADERS = {"x-ms-blob-content-type": "text/x-test", "x-ms-blob-content-language": "fr",
           "x-ms-blob-cache-control": "no-cache", "x-ms-blob-content-disposition": "inline",
           "x-ms-access-tier": "Cool", "x-ms-tags": "k1=v1&k2=v2", "x-ms-meta-alpha": "one",
           "x-ms-meta-beta": "two"}


def _filled(ctx: Context) -> str:
    """The source: a blob of each size; the largest committed from blocks, with an MD5."""
    container = ctx.container()
    client = ctx.client()
    for index, (name, size) in enumerate(SIZES.items()):
        data = test_data.content(size, index)
        if size > MIB:
            blocks = [data[start:start + MIB] for start in range(0, size, MIB)]
            client.put_blocks(container, name, blocks, {
                **HEADERS, "x-ms-blob-content-md5": base64.b64encode(b"m" * 16).decode()})
        else:
            client.put_blob(container, name, data, HEADERS)
    return container


def _same(ctx: Context, source: str, target: str, account: str, tags: bool) -> None:
    ctx.same_digests(ctx.blob_digests(target, account=account), ctx.blob_digests(source))
    for name in SIZES:
        before = ctx.client().head(source, name)
        wanted = {key: before.headers.get(key) for key in (
            "Content-Length", "Content-Type", "Content-Language", "Cache-Control", "Content-MD5",
            "Content-Disposition", "x-ms-access-tier", "x-ms-blob-type")}
        ctx.headers_are(target, name, wanted, account)
        ctx.equal("metadata", ctx.client(account).head(target, name).metadata, before.metadata)
        ctx.equal("tags", ctx.client(account).tags(target, name),
                  {"k1": "v1", "k2": "v2"} if tags else {})


@scenario(GROUP, "container to container, same account: properties, metadata, tags, tier",
          styles=BOTH)
def same_account(ctx: Context) -> None:
    source, target = _filled(ctx), ctx.container()
    ctx.completed(ctx.blob_to_blob(f"{ctx.url(source, '*')}", ctx.url(target), "--recursive",
                                   "--s2s-preserve-blob-tags"), len(SIZES))
    _same(ctx, source, target, "acct1", tags=True)


@scenario(GROUP, "container to container, two accounts, many blocks (--block-size-mb=1)",
          styles=BOTH)
def two_accounts(ctx: Context) -> None:
    source, target = _filled(ctx), ctx.container("acct2")
    ctx.completed(ctx.blob_to_blob(ctx.url(source, "*"), ctx.url(target, account="acct2"),
                                   "--recursive", "--s2s-preserve-blob-tags",
                                   "--block-size-mb=1"), len(SIZES))
    _same(ctx, source, target, "acct2", tags=True)


@scenario(GROUP, "without the source's tags and tier; --blob-tags given instead")
def overrides(ctx: Context) -> None:
    source, target = _filled(ctx), ctx.container("acct2")
    ctx.blob_to_blob(ctx.url(source, "small"), ctx.url(target, "s", account="acct2"),
                     "--s2s-preserve-access-tier=false", "--blob-tags=own=tag")
    ctx.headers_are(target, "s", {"x-ms-access-tier": "Hot"}, "acct2")
    ctx.equal("metadata", ctx.client("acct2").head(target, "s").metadata,
              ctx.client().head(source, "small").metadata)
    ctx.equal("tags", ctx.client("acct2").tags(target, "s"), {"own": "tag"})


@scenario(GROUP, "single blob with an odd name")
def odd_name(ctx: Context) -> None:
    source, target = ctx.container(), ctx.container("acct2")
    name = "dir ü/a+b 100%#x?.txt"
    ctx.client().put_blob(source, name, b"odd")
    ctx.blob_to_blob(ctx.url(source, name), ctx.url(target, name, account="acct2"))
    ctx.equal("bytes", ctx.client("acct2").get(target, name), b"odd")


@scenario(GROUP, "a missing target container is made")
def new_container(ctx: Context) -> None:
    source, target = _filled(ctx), ctx.unused_container()
    ctx.completed(ctx.blob_to_blob(ctx.url(source, "*"), ctx.url(target, account="acct2"),
                                   "--recursive"), len(SIZES))
    _same(ctx, source, target, "acct2", tags=False)


@scenario(GROUP, "--overwrite=false keeps the target, --s2s-detect-source-changed, --dry-run")
def overwrite(ctx: Context) -> None:
    source, target = ctx.container(), ctx.container()
    ctx.client().put_blob(source, "f", b"new")
    ctx.client().put_blob(target, "f", b"old")
    urls = ctx.url(source, "f"), ctx.url(target, "f")
    ctx.completed(ctx.blob_to_blob(*urls, "--overwrite=false", code=None), 0, skipped=1)
    ctx.blob_to_blob(*urls, "--dry-run")
    ctx.equal("kept", ctx.client().get(target, "f"), b"old")
    ctx.completed(ctx.blob_to_blob(*urls, "--s2s-detect-source-changed"), 1)
    ctx.equal("replaced", ctx.client().get(target, "f"), b"new")


@scenario(GROUP, "public source without a SAS", auth="anonymous source, account SAS target")
def public_source(ctx: Context) -> None:
    source, target = ctx.container(public="container"), ctx.container("acct2")
    data = test_data.content(3 * MIB, 4)
    ctx.client().put_blob(source, "f", data)
    ctx.blob_to_blob(ctx.url(source, "f", sas=""), ctx.url(target, "f", account="acct2"),
                     "--block-size-mb=1")
    ctx.equal("digest", ctx.client("acct2").digest(target, "f"),
              ctx.client().digest(source, "f"))


@scenario(GROUP, "over 1 GiB across two accounts", full_only=True)
def large(ctx: Context) -> None:
    source, target = ctx.container(), ctx.container("acct2")
    path = test_data.write_file(ctx.path("f"), (1 << 30) + 12345, 9)
    ctx.upload(path, ctx.url(source, "f"))
    path.unlink()
    ctx.completed(ctx.blob_to_blob(ctx.url(source, "f"), ctx.url(target, "f", account="acct2")), 1)
    ctx.equal("digest", ctx.client("acct2").digest(target, "f"),
              ctx.client().digest(source, "f"))
