"""Who may do what, as AzCopy sees it: SAS kinds, refusals, Shared Key, anonymous."""

from __future__ import annotations

import azure_auth
import blobgate_daemon
import test_data
from harness import BOTH, HTTPS, Context, Failure, scenario

GROUP = "Access"
REFUSAL_DEADLINE = 60.0  # a refusal that is retried takes many minutes


def _refused(ctx: Context, outcome, code: str) -> None:
    text = outcome.output + outcome.errors
    for job in {outcome.job_id} - {""}:
        text += ctx.azcopy.log_of(job)
    if outcome.code == 0 or "killed after" in outcome.errors or "403" not in text:
        raise Failure(f"not refused with 403: {outcome.describe()}")
    if code not in text:
        raise Failure(f"{code} is not reported: {outcome.describe()}")


@scenario(GROUP, "container SAS: up, list, down", styles=BOTH, auth="container SAS")
def container_sas(ctx: Context) -> None:
    container = ctx.container()
    sas = ctx.daemon.container_sas(container)
    tree = test_data.make_tree(ctx.new_directory("tree"), {"a": 5, "b/c": 9})
    ctx.completed(ctx.upload(f"{tree}/*", ctx.url(container, sas=sas), "--recursive"), 2)
    ctx.list(ctx.url(container, sas=sas))
    target = ctx.new_directory("down")
    ctx.completed(ctx.download(ctx.url(container, "*", sas=sas), target, "--recursive"), 2)
    ctx.same_trees(target, tree)


@scenario(GROUP, "blob SAS: read one blob", styles=BOTH, auth="blob SAS")
def blob_sas(ctx: Context) -> None:
    container = ctx.container()
    name = "dir/ü +.txt"
    ctx.client().put_blob(container, name, b"content")
    sas = azure_auth.service_sas("acct1", blobgate_daemon.ACCOUNTS["acct1"], container, name,
                                 permissions="r")
    ctx.download(ctx.url(container, name, sas=sas), ctx.path("out"))
    ctx.equal("bytes", ctx.path("out").read_bytes(), b"content")


@scenario(GROUP, "SAS made with the second account key, and through a stored access policy",
          auth="container SAS, stored policy")
def policy(ctx: Context) -> None:
    container = ctx.container()
    client = ctx.client()
    client.put_blob(container, "f", b"x")
    body = ("<SignedIdentifiers><SignedIdentifier><Id>policy-1</Id><AccessPolicy>"
            f"<Expiry>{azure_auth.iso_time(3600)}</Expiry><Permission>rl</Permission>"
            "</AccessPolicy></SignedIdentifier></SignedIdentifiers>").encode()
    client.expect(200, "PUT", container, body=body, restype="container", comp="acl")
    by_policy = ctx.daemon.container_sas(container, permissions="", policy="policy-1")
    ctx.download(ctx.url(container, "f", sas=by_policy), ctx.path("one"))
    second = azure_auth.service_sas("acct1", blobgate_daemon.SECOND_KEY, container)
    ctx.download(ctx.url(container, "f", sas=second), ctx.path("two"))
    ctx.equal("bytes", (ctx.path("one").read_bytes(), ctx.path("two").read_bytes()), (b"x", b"x"))


@scenario(GROUP, "expired SAS: 403 at once", styles=BOTH, auth="expired account SAS")
def expired(ctx: Context) -> None:
    container = ctx.container()
    ctx.client().put_blob(container, "f", b"x")
    sas = ctx.daemon.account_sas(start=azure_auth.iso_time(-7200),
                                 expiry=azure_auth.iso_time(-3600))
    source = test_data.write_file(ctx.path("f"), 10, 1)
    _refused(ctx, ctx.upload(source, ctx.url(container, "new", sas=sas), code=None,
                             timeout=REFUSAL_DEADLINE), "AuthenticationFailed")
    _refused(ctx, ctx.download(ctx.url(container, "f", sas=sas), ctx.path("out"), code=None,
                               timeout=REFUSAL_DEADLINE), "AuthenticationFailed")
    ctx.names_are(container, ["f"])


@scenario(GROUP, "wrong signature: 403 at once", auth="forged account SAS")
def forged(ctx: Context) -> None:
    container = ctx.container()
    sas = azure_auth.account_sas("acct1", blobgate_daemon.ACCOUNTS["acct2"])
    source = test_data.write_file(ctx.path("f"), 10, 1)
    _refused(ctx, ctx.upload(source, ctx.url(container, "new", sas=sas), code=None,
                             timeout=REFUSAL_DEADLINE), "AuthenticationFailed")
    ctx.names_are(container, [])


@scenario(GROUP, "read-only SAS refuses an upload and a removal with 403 at once", styles=BOTH,
          auth="container SAS (rl)")
def too_narrow(ctx: Context) -> None:
    container = ctx.container()
    ctx.client().put_blob(container, "f", b"x")
    sas = ctx.daemon.container_sas(container, permissions="rl")
    tree = test_data.make_tree(ctx.new_directory("tree"), {"a": 5})
    _refused(ctx, ctx.upload(f"{tree}/*", ctx.url(container, sas=sas), code=None,
                             timeout=REFUSAL_DEADLINE), "AuthorizationPermissionMismatch")
    _refused(ctx, ctx.remove(ctx.url(container, "f", sas=sas), code=None,
                             timeout=REFUSAL_DEADLINE), "AuthorizationPermissionMismatch")
    ctx.names_are(container, ["f"])


@scenario(GROUP, "SAS without t refuses --blob-tags", auth="container SAS (racwdl)")
def no_tags(ctx: Context) -> None:
    container = ctx.container()
    sas = ctx.daemon.container_sas(container, permissions="racwdl")
    source = test_data.write_file(ctx.path("f"), 10, 1)
    _refused(ctx, ctx.upload(source, ctx.url(container, "f", sas=sas), "--blob-tags=a=b",
                             code=None, timeout=REFUSAL_DEADLINE),
             "AuthorizationPermissionMismatch")
    ctx.names_are(container, [])


@scenario(GROUP, "public container: list and download", styles=BOTH, auth="anonymous")
def anonymous(ctx: Context) -> None:
    container = ctx.container(public="container")
    tree = test_data.make_tree(ctx.new_directory("tree"), {"a": 5, "b/c": 3_000_000})
    for path in ("a", "b/c"):
        ctx.client().put_blob(container, path, (tree / path).read_bytes())
    target = ctx.new_directory("down")
    ctx.completed(ctx.download(ctx.url(container, "*", sas=""), target, "--recursive"), 2)
    ctx.same_trees(target, tree)


@scenario(GROUP, "private container without a SAS is refused", auth="anonymous")
def private(ctx: Context) -> None:
    container = ctx.container()
    ctx.client().put_blob(container, "f", b"x")
    outcome = ctx.download(ctx.url(container, "f", sas=""), ctx.path("out"), code=None,
                           timeout=REFUSAL_DEADLINE)
    ctx.holds("refused", outcome.code != 0 and not ctx.path("out").exists())


@scenario(GROUP, "Shared Key (AZCOPY_CRED_TYPE): up, list, down", styles=(HTTPS,),
          auth="Shared Key")
def shared_key(ctx: Context) -> None:
    container = ctx.container()
    environment = {"AZCOPY_CRED_TYPE": "SharedKey", "ACCOUNT_NAME": "acct1",
                   "ACCOUNT_KEY": blobgate_daemon.ACCOUNTS["acct1"]}
    port = ctx.daemon.ports[True]
    trusted = f"--trusted-microsoft-suffixes=*.{blobgate_daemon.HOST_SUFFIX}:{port}"
    tree = test_data.make_tree(ctx.new_directory("tree"), {"a b": 5, "ü/c+%": 3_000_000})
    ctx.completed(ctx.upload(f"{tree}/*", ctx.url(container, sas=""), "--recursive",
                             "--block-size-mb=1", trusted, environment=environment), 2)
    ctx.holds_tree(container, tree)
    target = ctx.new_directory("down")
    ctx.completed(ctx.download(ctx.url(container, "*", sas=""), target, "--recursive", trusted,
                               environment=environment), 2)
    ctx.same_trees(target, tree)
