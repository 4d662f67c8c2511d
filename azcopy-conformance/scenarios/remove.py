"""Remove: single, recursive, filtered."""

from __future__ import annotations

from harness import BOTH, Context, scenario

GROUP = "Remove"
NAMES = ["a.txt", "b.log", "dir/c.txt", "dir/d.log", "dir/sub/e.txt", "dirx", "z%z+ ü.txt"]


def _filled(ctx: Context) -> str:
    container = ctx.container()
    for name in NAMES:
        ctx.client().put_blob(container, name, name.encode())
    return container


def _without(*removed: str) -> list[str]:
    return [name for name in NAMES if name not in removed]


@scenario(GROUP, "single blob, also one with an odd name", styles=BOTH)
def single(ctx: Context) -> None:
    container = _filled(ctx)
    ctx.completed(ctx.remove(ctx.url(container, "dir/c.txt")), 1)
    ctx.completed(ctx.remove(ctx.url(container, "z%z+ ü.txt")), 1)
    ctx.names_are(container, _without("dir/c.txt", "z%z+ ü.txt"))


@scenario(GROUP, "virtual directory and whole container, --recursive", styles=BOTH)
def recursive(ctx: Context) -> None:
    container = _filled(ctx)
    ctx.completed(ctx.remove(ctx.url(container, "dir"), "--recursive"), 3)
    ctx.names_are(container, _without("dir/c.txt", "dir/d.log", "dir/sub/e.txt"))
    ctx.completed(ctx.remove(ctx.url(container), "--recursive"), 4)
    ctx.names_are(container, [])


@scenario(GROUP, "--include-pattern, --exclude-pattern, --include-path, --exclude-path, --dry-run")
def patterns(ctx: Context) -> None:
    cases = {
        "--include-pattern=*.log": _without("b.log", "dir/d.log"),
        "--exclude-pattern=*.txt": ["a.txt", "dir/c.txt", "dir/sub/e.txt", "z%z+ ü.txt"],
        "--include-path=dir/sub;a.txt": _without("dir/sub/e.txt", "a.txt"),
        # AzCopy compares excluded paths as plain prefixes, so dirx stays as well.
        "--exclude-path=dir": ["dir/c.txt", "dir/d.log", "dir/sub/e.txt", "dirx"],
        "--dry-run": NAMES,
    }
    for flag, left in cases.items():
        container = _filled(ctx)
        ctx.remove(ctx.url(container), "--recursive", flag)
        ctx.names_are(container, left)


@scenario(GROUP, "--list-of-files")
def list_of_files(ctx: Context) -> None:
    container = _filled(ctx)
    ctx.path("list").write_text("a.txt\ndir/sub\n")
    ctx.remove(ctx.url(container), "--recursive", f"--list-of-files={ctx.path('list')}")
    ctx.names_are(container, _without("a.txt", "dir/sub/e.txt"))


@scenario(GROUP, "a blob that is not there: nothing else is removed")
def missing(ctx: Context) -> None:
    container = _filled(ctx)
    ctx.remove(ctx.url(container, "nothing"), code=None)
    ctx.names_are(container, NAMES)
