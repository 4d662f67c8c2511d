"""docs/performance.md and its plots."""

from __future__ import annotations

import html
import pathlib

from rows import Row
from sample import Figure

START, END = "<!-- figures: written by tests/bench/compare.py -->", "<!-- end of figures -->"


def number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(figure: Figure) -> str:
    return f"{number(figure.value)} ({number(figure.low)} to {number(figure.high)})"


def ratio_of(row: Row, figures: dict[str, Figure]) -> float | None:
    ours = figures["blobgate"].value
    if not row.peers:
        return None
    peer = figures.get(row.peers[0])
    return ours / peer.value if peer and peer.value else None


def is_reached(row: Row, figures: dict[str, Figure]) -> bool | None:
    """None: nothing is wanted."""
    if row.wanted is None:
        return None
    own = row.absolute or not row.peers
    value = figures["blobgate"].value if own else ratio_of(row, figures)
    if value is None:
        return None
    return value >= row.wanted if row.higher else value <= row.wanted


def verdict(row: Row, figures: dict[str, Figure]) -> str:
    reached = is_reached(row, figures)
    if reached is None:
        return ""
    sign = "≥" if row.higher else "≤"
    return f"{sign} {number(row.wanted)}: {'reached' if reached else '**not reached**'}"


def table(results: list[tuple[Row, dict[str, Figure]]]) -> str:
    lines = ["| row | contestant | figure: median (spread) | ratio | CPU s/GiB | CPU s/1,000 "
             "requests | wanted |", "|---|---|---|---|---|---|---|"]
    for row, figures in results:
        for name, figure in figures.items():
            ours = name == "blobgate"
            value = figures["blobgate"].value / figure.value if figure.value else None
            note = f" ({figure.failures})" if figure.failures else ""
            lines.append(
                f"| {row.title if ours else ''} | {name}{note} | {spread(figure)} "
                f"{row.measure} | {'' if ours else number(value)} | {number(figure.cpu_per_gib)} "
                f"| {number(figure.cpu_per_1000)} | {verdict(row, figures) if ours else ''} |")
    return "\n".join(lines)


def plot(results: list[tuple[Row, dict[str, Figure]]]) -> str:
    """Bars: ours over the first peer, 1 marked; rows where less is better are turned around."""
    bars = [(row, value) for row, figures in results if (value := ratio_of(row, figures))]
    height, width, left, unit = 22, 760, 330, 180
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{height * len(bars) + 40}" font-family="sans-serif" font-size="12">']
    for index, (row, value) in enumerate(bars):
        shown = value if row.higher else 1 / value
        y = 10 + index * height
        color = "#2b7a4b" if shown >= (row.wanted or 1 if row.higher else 1) else "#b5651d"
        length = min(shown, 2.1) * unit
        out.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">'
                   f'{html.escape(row.name)} / {html.escape(row.peers[0])}</text>')
        out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{height - 6}" '
                   f'fill="{color}"/><text x="{left + length + 4:.1f}" y="{y + 13}">'
                   f'{shown:.2f}</text>')
    bottom = 10 + height * len(bars)
    out.append(f'<line x1="{left + unit}" y1="4" x2="{left + unit}" y2="{bottom}" '
               f'stroke="#333" stroke-dasharray="4 3"/><text x="{left + unit}" y="{bottom + 16}" '
               f'text-anchor="middle">as fast as the peer</text></svg>')
    return "\n".join(out) + "\n"


def write(docs: pathlib.Path, results, facts: dict[str, str]) -> None:
    """Replaces the part between the marks; the rest of the page is written by hand."""
    page = docs / "performance.md"
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    listed = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    figures = (f"{START}\n\n{listed}\n\n![ratios](performance-ratios.svg)\n\n{table(results)}\n\n"
               f"{END}")
    page.write_text(before + figures + after)
    (docs / "performance-ratios.svg").write_text(plot(results))
