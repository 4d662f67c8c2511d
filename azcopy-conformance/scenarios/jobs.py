"""jobs list, show, resume: after AzCopy or the daemon was killed in the middle of an upload."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import azcopy
import test_data
from harness import BOTH, MIB, Context, Failure, scenario

GROUP = "Jobs"
SIZE = 48 * MIB
SLOWLY = ["--block-size-mb=1", "--put-blob-size-mb=1", "--cap-mbps=120"]
MOMENT = 60.0


def _wait_until(what: str, condition) -> None:
    deadline = time.monotonic() + MOMENT
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"not in {MOMENT} s: {what}")
        time.sleep(0.02)


def _blocks_staged(ctx: Context, container: str, blob: str) -> int:
    response = ctx.client().request("GET", container, blob, comp="blocklist",
                                    blocklisttype="uncommitted")
    return response.body.count(b"<Block>") if response.status == 200 else 0


def _start_upload(ctx: Context, source, url: str) -> subprocess.Popen:
    hint = [] if ".blob." in url else ["--from-to=LocalBlob"]
    return ctx.azcopy.start("copy", str(source), url, *SLOWLY, *hint, "--output-type=json")


def _job_id(output: bytes) -> str:
    found = re.search(rb'\\"JobID\\":\\"([0-9a-f-]+)\\"', output)
    if not found:
        raise Failure(f"no job id in {output[:500]!r}")
    return found.group(1).decode()


def _finish(process: subprocess.Popen) -> azcopy.Outcome:
    output, errors = process.communicate(timeout=300)
    return azcopy.Outcome([], process.returncode, output.decode(), errors.decode())


def _interrupt(ctx: Context, container: str, source, how) -> str:
    """Starts an upload, calls `how(process)` once some blocks are staged; the job's id."""
    process = _start_upload(ctx, source, ctx.url(container, "f"))
    try:
        _wait_until("blocks staged", lambda: _blocks_staged(ctx, container, "f") >= 3)
        ctx.holds("nothing is committed yet", not ctx.client().exists(container, "f"))
        how(process)
        return _job_id(process.communicate(timeout=120)[0])
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _resume(ctx: Context, job: str, container: str, digest: str) -> None:
    sas = ctx.daemon.account_sas()
    ctx.completed(ctx.run("jobs", "resume", job, f"--destination-sas={sas}"), 1)
    ctx.equal("content", ctx.client().digest(container, "f"), (SIZE, digest))


@scenario(GROUP, "list and show")
def show(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), 10, 1)
    job = ctx.upload(source, ctx.url(container, "f")).job_id
    ctx.holds("the job is listed", job in ctx.run("jobs", "list").output)
    shown = ctx.run("jobs", "show", job, "--with-status=Success").output
    ctx.holds(f"the transfer is shown: {shown}", f"{container}/f" in shown)


@scenario(GROUP, "resume after AzCopy was killed (SIGKILL)", styles=BOTH)
def azcopy_killed(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), SIZE, 5)
    job = _interrupt(ctx, container, source, lambda process: process.kill())
    _resume(ctx, job, container, test_data.digest_of_file(source))


@scenario(GROUP, "resume after a cancel (SIGINT)")
def cancelled(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), SIZE, 6)
    job = _interrupt(ctx, container, source,
                     lambda process: process.send_signal(signal.SIGINT))
    listed = [json.loads(text) for text in ctx.run("jobs", "list").messages("EndOfJob")]
    ctx.holds("the job is known", job in json.dumps(listed))
    _resume(ctx, job, container, test_data.digest_of_file(source))


@scenario(GROUP, "daemon killed (SIGKILL) and restarted mid-upload: AzCopy goes on by itself",
          own_daemon=True)
def daemon_killed(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), SIZE, 7)
    process = _start_upload(ctx, source, ctx.url(container, "f"))
    try:
        _wait_until("blocks staged", lambda: _blocks_staged(ctx, container, "f") >= 3)
        ctx.daemon.kill()
        ctx.daemon.start()
        outcome = _finish(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    ctx.completed(outcome, 1)
    ctx.equal("content", ctx.client().digest(container, "f"),
              (SIZE, test_data.digest_of_file(source)))


@scenario(GROUP, "daemon and AzCopy killed mid-upload, daemon restarted, job resumed", styles=BOTH,
          own_daemon=True)
def both_killed(ctx: Context) -> None:
    container = ctx.container()
    source = test_data.write_file(ctx.path("f"), SIZE, 8)

    def kill_both(process) -> None:
        ctx.daemon.kill()
        process.kill()

    job = _interrupt(ctx, container, source, kill_both)
    ctx.daemon.start()
    ctx.holds("nothing half written is visible", not ctx.client().exists(container, "f"))
    _resume(ctx, job, container, test_data.digest_of_file(source))


@scenario(GROUP, "resume of a directory upload transfers only what is missing")
def directory(ctx: Context) -> None:
    container = ctx.container()
    files = {f"f{index:02d}": MIB for index in range(40)}
    tree = test_data.make_tree(ctx.new_directory("tree"), files)
    hint = [] if ".blob." in ctx.url(container) else ["--from-to=LocalBlob"]
    process = ctx.azcopy.start("copy", f"{tree}/*", ctx.url(container), "--cap-mbps=80", *hint,
                               "--output-type=json")
    try:
        _wait_until("some files there", lambda: len(ctx.client().names(container)) >= 3)
        process.kill()
        job = _job_id(process.communicate(timeout=60)[0])
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    ctx.run("jobs", "resume", job, f"--destination-sas={ctx.daemon.account_sas()}")
    ctx.holds_tree(container, tree)
