#!/usr/bin/env python3
"""Measures blobgate beside nginx, Azurite, fio, RocksDB and others on this machine.

    tests/bench/compare.py                    every row, 5 rounds of 3 s
    tests/bench/compare.py --rows 'get|put'   rows whose name matches
    tests/bench/compare.py --list             names and titles
    tests/bench/compare.py --json FILE        and every sample into FILE; rows that it has from
                                              before, and that are not run now, stay and count
    tests/bench/compare.py --write-docs       and writes the figures into docs/performance.md, the
                                              samples, unless --json says otherwise, into
                                              docs/performance.json

In each round the contestants of a row run one after the other, in an order that turns. Medians and
spreads are of the rounds. What is missing is installed (apt-get, npm). A row that does not reach
what is wanted is told, and is no error; the exit code is 1 when something is broken.
"""

from __future__ import annotations

import argparse
import datetime
import json
import pathlib
import re
import resource
import shutil
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs"
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import gauges  # noqa: E402
import page  # noqa: E402
import special  # noqa: E402
from rows import ROWS, SMALL, Row  # noqa: E402
from sample import Figure, Sample  # noqa: E402
from servers import Servers  # noqa: E402

SERVERS = ("blobgate", "nginx", "azurite")


def sample_of_load(context: special.Context, row: Row, name: str) -> Sample:
    if row.cold:
        context.servers.bench(name, row.load, 0)  # the dataset is there before caches are dropped
        context.servers[name].drop_caches()
    report = context.servers.bench(name, row.load, context.seconds)
    cpu = report["server_cpu"]
    values = {
        "requests/s": report["requests_per_second"],
        "GB/s": (report["bytes_sent"] + report["bytes_received"]) / report["seconds"] / 1e9,
        "us": report["latency_us"]["p50"],
        "cpu s/GiB": cpu.get("seconds_per_gib", 0.0),
    }
    return Sample(values[row.measure], cpu.get("seconds_per_gib"),
                  cpu.get("seconds_per_1000_requests"), special.failures_of(report))


def measure(context: special.Context, row: Row, name: str) -> Sample:
    if name not in SERVERS:
        return gauges.GAUGES[name](context.directory, context.seconds)
    if row.special:
        return getattr(special, row.special)(context, name)
    return sample_of_load(context, row, name)


def run_row(context: special.Context, row: Row, rounds: int) -> dict[str, Figure]:
    names = ["blobgate", *row.peers]
    figures = {name: Figure([]) for name in names}
    for turn in range(rounds):
        order = names[turn % len(names):] + names[:turn % len(names)]
        for name in order:
            figures[name].samples.append(measure(context, row, name))
        if row.emptied or (row.load and row.load.dataset == "written"):
            context.start_over()  # what is written in seconds fills the disk in minutes
    return figures


def earlier_results(path: str | None) -> dict[str, dict[str, Figure]]:
    """By the names of the rows."""
    if not path or not pathlib.Path(path).exists():
        return {}
    return {row["name"]: {name: Figure([Sample(**sample) for sample in samples])
                          for name, samples in row["contestants"].items()}
            for row in json.loads(pathlib.Path(path).read_text())["rows"]}


def tell(row: Row, figures: dict[str, Figure]) -> None:
    print(f"{row.name}: {row.title} [{row.measure}]")
    for name, figure in figures.items():
        ratio = figures["blobgate"].value / figure.value if figure.value else 0
        print(f"    {name:18} {page.spread(figure):34}"
              f"{'' if name == 'blobgate' else f'ratio {ratio:.2f}':12}"
              f" CPU {page.number(figure.cpu_per_gib)} s/GiB,"
              f" {page.number(figure.cpu_per_1000)} s/1,000 {figure.failures}")
    if said := page.verdict(row, figures):
        print(f"    wanted {said.replace('**', '')}")
    sys.stdout.flush()


def in_order(found: dict[str, dict[str, Figure]]) -> list[tuple[Row, dict[str, Figure]]]:
    return [(row, found[row.name]) for row in ROWS if row.name in found]


def replace(path: pathlib.Path, text: str) -> None:
    """A full disk leaves what was there."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    new.replace(path)


def as_json(results: list[tuple[Row, dict[str, Figure]]], facts: dict[str, str]) -> str:
    return json.dumps({"machine": facts, "rows": [
        {"name": row.name, "title": row.title, "measure": row.measure, "wanted": row.wanted,
         "reached": page.is_reached(row, figures),
         "contestants": {name: [vars(s) for s in figure.samples]
                         for name, figure in figures.items()}}
        for row, figures in results]}, indent=1)


def facts_of(context: special.Context, witness: bool) -> dict[str, str]:
    facts = {"when": datetime.date.today().isoformat(), **gauges.machine(),
             "loopback, one socket": f"{gauges.loopback_gbps(1):.2f} GB/s",
             "AES-128-GCM, one core": f"{gauges.openssl_gbps(1):.2f} GB/s",
             "append of 4 KiB and fdatasync":
                 f"{gauges.fdatasync_us(context.directory, 1):.0f} us"}
    if witness:
        server = context.servers["nginx"]
        ours = context.servers.bench("nginx", SMALL, context.seconds)["requests_per_second"]
        url = f"{server.url(SMALL.dataset, False)}/{SMALL.size}-000000000"
        theirs = gauges.wrk_requests(url, context.seconds)
        facts["nginx, GET of 1 KiB, by blobgate bench and by wrk"] = (
            f"{ours:,.0f} and {theirs:,.0f} requests/s")
    return facts


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", default="", help="regular expression of names")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="rows with ten million blobs as well")
    parser.add_argument("--no-witness", action="store_true", help="without wrk")
    parser.add_argument("--directory", help="where data goes: on the disk that is measured")
    parser.add_argument("--json", help="write every sample there, beside those of other rows")
    parser.add_argument("--write-docs", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.write_docs and not options.json:  # the page has the rows of earlier runs, too
        options.json = str(DOCS / "performance.json")
    return options


def main() -> int:
    options = parse()
    chosen = [row for row in ROWS
              if re.search(options.rows, row.name) and (options.large or not row.large)]
    if options.list or not chosen:
        for row in chosen or ROWS:
            print(f"{row.name:22} {row.title}")
        return 0 if options.list else 1
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-bench-", dir=options.directory))
    context = special.Context(Servers(directory), directory, options.seconds)
    found, broken = earlier_results(options.json), 0
    run = []
    try:
        facts = facts_of(context, not options.no_witness)
        for name, value in facts.items():
            print(f"{name}: {value}")
        for row in chosen:
            first_large = row.large and not any(row.large for row, _ in run)
            if first_large or row.emptied:
                context.start_over()
            try:
                figures = run_row(context, row, options.rounds)
            except Exception:  # the other rows are still worth their time
                broken += 1
                print(f"{row.name}: BROKEN\n{traceback.format_exc()}", flush=True)
                continue
            broken += bool(figures["blobgate"].failures)
            run.append((row, figures))
            found[row.name] = figures
            tell(row, figures)
            if options.json:  # a run takes long, and may be cut
                replace(pathlib.Path(options.json), as_json(in_order(found), facts))
    finally:
        context.servers.stop()
        shutil.rmtree(directory, ignore_errors=True)
    if options.write_docs:
        page.write(DOCS, in_order(found), facts)
    missed = [row.name for row, figures in run if page.is_reached(row, figures) is False]
    print(f"{len(run)} rows, {len(missed)} not reached ({', '.join(missed)}), {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
