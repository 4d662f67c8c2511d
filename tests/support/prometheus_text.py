"""Prometheus' text format 0.0.4, read strictly, and what expressions over it name."""
from __future__ import annotations

import dataclasses
import http.client
import re

LABELS = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"([a-z_]+)(?:\{{({LABELS}(?:,{LABELS})*),?\}})? (\S+)")
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


@dataclasses.dataclass
class Family:
    name: str
    type: str = ""
    help: str = ""
    samples: list[tuple[str, dict[str, str], float]] = dataclasses.field(default_factory=list)

    @property
    def labels(self) -> set[str]:
        """Those of its samples; `le` of a histogram is not counted."""
        return {label for _, labels, _ in self.samples for label in labels} - {"le"}

    def value(self, sample: str | None = None, **labels: str) -> float:
        """The sum of the samples that have these labels, 0 when there are none."""
        return sum(value for name, has, value in self.samples
                   if name == (sample or self.name) and labels.items() <= has.items())


def parse(text: str) -> dict[str, Family]:
    families: dict[str, Family] = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line):
            kind, name, rest = match.groups()
            family = families.setdefault(name, Family(name))
            assert not getattr(family, kind.lower()), f"twice: {line}"
            setattr(family, kind.lower(), rest)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, f"not of the text format: {line!r}"
        name, labels, value = match.groups()
        family = families[family_of(name, families)]
        found = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))
        assert all((name, found) != (n, f) for n, f, _ in family.samples), f"twice: {line}"
        family.samples.append((name, found, float(value)))
    return families


def family_of(name: str, families) -> str:
    if name in families:
        return name
    for suffix in OF_HISTOGRAMS:
        if name.endswith(suffix) and name.removesuffix(suffix) in families:
            return name.removesuffix(suffix)
    raise AssertionError(f"no such metric: {name}")


def text_of(daemon) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", daemon.monitor_port, timeout=60)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return body


def scrape(daemon) -> dict[str, Family]:
    return parse(text_of(daemon))


# Selectors in PromQL.

def names_in(expression: str) -> list[tuple[str, set[str]]]:
    """Each metric that `expression` selects, with the labels that its matchers name."""
    found = []
    for match in re.finditer(r"\b(blobgate_[a-z_]+|up)\b(\{[^}]*\})?", expression):
        matchers = re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', match.group(2) or "")
        found.append((match.group(1), set(matchers)))
    return found


def grouped_by(expression: str) -> set[str]:
    """The labels in all its `by (...)` and `without (...)`."""
    lists = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression)
    return {label.strip() for labels in lists for label in labels.split(",") if label.strip()}
