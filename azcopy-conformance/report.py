"""docs/conformance.md, written from one run."""

from __future__ import annotations

import dataclasses
import pathlib


@dataclasses.dataclass
class Result:
    group: str
    title: str
    style: str
    auth: str
    verdict: str  # passed, failed, skipped
    seconds: float
    reason: str = ""


_HEAD = """# AzCopy against blobgate

Written by `azcopy-conformance/run.py --write-docs`; run it again rather than editing this page.
Each row is one run of the real AzCopy against a real daemon. What it left behind (bytes, names,
counts, metadata, headers) is judged by a client of the tests' own, not by AzCopy's exit code alone.
AzCopy's own suites: [conformance-upstream.md](conformance-upstream.md). From S3: `azcopy-conformance/s3/run.py`.
"""


def counts(results: list[Result]) -> tuple[int, int, int]:
    verdicts = [result.verdict for result in results]
    return tuple(verdicts.count(verdict) for verdict in ("passed", "failed", "skipped"))


def write(path: pathlib.Path, results: list[Result], azcopy_version: str, mode: str) -> None:
    passed, failed, skipped = counts(results)
    lines = [_HEAD, f"- AzCopy {azcopy_version}, {mode} run",
             f"- {passed} passed, {failed} failed, {skipped} skipped"]
    for group in dict.fromkeys(result.group for result in results):
        lines += ["", f"## {group}", "", "| scenario | authorization, addressing | result | seconds |",
                  "|---|---|---|---|"]
        for result in results:
            if result.group == group:
                verdict = result.verdict + (f": {result.reason}" if result.reason else "")
                lines.append(f"| {_cell(result.title)} | {result.auth}; {result.style} | "
                             f"{_cell(verdict)} | {result.seconds:.1f} |")
    path.write_text("\n".join(lines) + "\n")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())[:300]
