"""What one measurement gave."""

from __future__ import annotations

import dataclasses
import statistics


@dataclasses.dataclass
class Sample:
    """`value` is in the row's unit. CPU is that of the whole process tree of the server; None where
    there is no server."""
    value: float
    cpu_per_gib: float | None = None
    cpu_per_1000: float | None = None
    failures: str = ""


@dataclasses.dataclass
class Figure:
    """The samples of one contestant over all rounds."""
    samples: list[Sample]

    def _median(self, name: str) -> float | None:
        values = [v for s in self.samples if (v := getattr(s, name)) is not None]
        return statistics.median(values) if values else None

    @property
    def value(self) -> float:
        return self._median("value") or 0.0

    @property
    def low(self) -> float:
        return min(s.value for s in self.samples)

    @property
    def high(self) -> float:
        return max(s.value for s in self.samples)

    @property
    def cpu_per_gib(self) -> float | None:
        return self._median("cpu_per_gib")

    @property
    def cpu_per_1000(self) -> float | None:
        return self._median("cpu_per_1000")

    @property
    def failures(self) -> str:
        return "; ".join(sorted({s.failures for s in self.samples if s.failures}))
