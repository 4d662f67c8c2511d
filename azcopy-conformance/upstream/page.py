"""docs/conformance-upstream.md, written from one run."""

from __future__ import annotations

import collections
import pathlib

import install
import judge

_HEAD = """# AzCopy's own end-to-end suites against blobgate

Written by `azcopy-conformance/upstream/run.py --write-docs`; run it again rather than editing this
page. Both suites are built, unmodified, from the module {module}
and run with the AzCopy of the same version. A scenario is a test without subtests. What is not run,
and every failure that is not the daemon's, is named in `azcopy-conformance/upstream/lists.json`; the
run fails when that list is wrong.

- Version: {version}
- Command: `azcopy-conformance/upstream/run.py {arguments}`
- Duration: {minutes:.0f} minutes

| suite | run | passed | failed | known failures | skipped | without a scenario |
|---|---|---|---|---|---|---|
"""
_NAMES = {"old": "old (`-tags olde2etest`)", "new": "new (`TestNewE2E`)"}


def write(path: pathlib.Path, verdicts: list[judge.Verdict], arguments: list[str]) -> None:
    text = _HEAD.format(module=install.MODULE, version=install.VERSION,
                        arguments=" ".join(word for word in arguments if word != "--keep"),
                        minutes=sum(verdict.seconds for verdict in verdicts) / 60)
    for verdict in verdicts:
        counts = [len(verdict.passed), len(verdict.failed), len(verdict.known)]
        text += (f"| {_NAMES[verdict.suite]} | {sum(counts)} | " + " | ".join(map(str, counts))
                 + f" | {len(verdict.skipped)} | {len(verdict.without_scenario)} |\n")
    for verdict in verdicts:
        text += f"\n## The {verdict.suite} suite\n"
        text += _by_reason("Skipped", verdict.skipped)
        text += _named("Known failures", verdict.known)
        text += _named("Unstable: failed, then passed twice", verdict.unstable)
        text += _named("Without a scenario", verdict.without_scenario)
        text += _named("Failed", {test.name: test.verdict for test in verdict.failed})
        text += _passed(verdict)
    path.write_text(text)


def _by_reason(title: str, reasons: dict[str, str]) -> str:
    counts = collections.Counter(reasons.values())
    rows = "".join(f"| {_cell(reason)} | {count} |\n" for reason, count in counts.most_common())
    return f"\n### {title}\n\n| reason | scenarios |\n|---|---|\n{rows}" if rows else ""


def _named(title: str, reasons: dict[str, str]) -> str:
    rows = "".join(f"| `{_cell(name)}` | {_cell(reason)} |\n" for name, reason in reasons.items())
    return f"\n### {title}\n\n| test | reason |\n|---|---|\n{rows}" if rows else ""


def _passed(verdict: judge.Verdict) -> str:
    """Counts by function (old) or scenario (new)."""
    depth = 1 if verdict.suite == "old" else 3
    counts = collections.Counter("/".join(test.name.split("/")[:depth][-2:])
                                 for test in verdict.passed)
    rows = "".join(f"| {_cell(name)} | {count} |\n" for name, count in sorted(counts.items()))
    return f"\n### Passed\n\n| test | scenarios |\n|---|---|\n{rows}" if rows else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
