"""Runs sequences against one account, step by step beside the model.

A Lane is a generator: it yields what is to be done with the daemon and is sent the outcome, so that
one process can have many requests in flight. Lanes of one worker share a daemon; when one asks for
a restart, all of them live through it.
"""

from __future__ import annotations

import collections
import copy
import dataclasses
import time
import traceback
import typing

import sequences
import wire
from blob_model import Account, Operation
from expected import Answer, difference

_WRITE_METHODS = ("PUT", "DELETE")
RESTARTS = ("Kill", "Kill in flight", "Stop")


class Killed(Exception):
    """The daemon was killed and is back; the request that was in flight has no answer."""


@dataclasses.dataclass(frozen=True)
class Request:
    """`kill`: the daemon is to be killed while this one is in flight."""
    method: str
    data: bytes
    kill: bool = False


@dataclasses.dataclass(frozen=True)
class Restart:
    """`kind` is "Kill" or "Stop". Answered with None once the daemon is back."""
    kind: str


@dataclasses.dataclass
class Life:
    """Of the daemon, as its lanes know it. `killing`: requests sent from now on are in doubt."""
    restarts: list[str] = dataclasses.field(default_factory=list)
    killing: bool = False


@dataclasses.dataclass
class Finding:
    """`history` is what was done in the sequence, restarts asked for by others included."""
    seed: str
    history: list[Operation]
    what: str


@dataclasses.dataclass
class Counts:
    operations: int = 0
    succeeded: int = 0
    reads_of_state: int = 0
    in_doubt: int = 0
    happened: int = 0
    sequences: int = 0
    cut_short: int = 0


Steps = typing.Generator[Request | Restart, wire.Response | None, typing.Any]


class Lane:
    def __init__(self, endpoint: wire.Endpoint, life: Life, counts: Counts):
        self._endpoint = endpoint
        self._life = life
        self._counts = counts
        self._account = self._fresh()
        self._history: list[Operation] = []
        self._seen_restarts = 0
        self._kill_next = False

    def _fresh(self) -> Account:
        return Account(time.monotonic, self._endpoint.shown_url)

    def run(self, source: typing.Iterator[tuple[str, list[Operation]]]) -> Steps:
        """Sequences, each with its seed, until one fails. Returns the Finding, or None."""
        for seed, operations in source:
            try:
                what = yield from self._sequence(operations)
            except Exception as error:  # of the answer's form, or of the connection
                where = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            if what:
                return Finding(seed, self._history, what)
            self._counts.sequences += 1
        return None

    def _sequence(self, operations: list[Operation]) -> Steps:
        """What is wrong, or nothing."""
        self._account, self._history = self._fresh(), []
        self._seen_restarts, self._kill_next = len(self._life.restarts), False
        todo = collections.deque(operations)
        what = ""
        while todo and not what and not self._is_late():
            what = yield from self._step(todo.popleft())
            if not what and self._seen_restarts != len(self._life.restarts):
                what = yield from self._after_restart()
        if not what and not self._is_late():
            what = yield from self._compare_state()
        if self._is_late():
            self._counts.cut_short += 1
        elif what:
            return what
        yield from self._clean_up()
        return ""

    def _is_late(self) -> bool:
        """Time has changed something, or may have: the model no longer knows what to expect."""
        return time.monotonic() >= self._account.deadline

    def _step(self, op: Operation) -> Steps:
        if op.name == "Kill in flight":
            self._kill_next = True
        elif op.name in RESTARTS:
            yield Restart(op.name)
        elif wire.ROUTES[op.name][0] in _WRITE_METHODS:
            return (yield from self._write(op))
        else:
            return (yield from self._read(op))
        return ""

    def _read(self, op: Operation) -> Steps:
        self._history.append(op)
        resolved = sequences.resolve(op, self._account)
        seen = yield from self._fetch(resolved)
        self._counts.operations += 1
        self._counts.succeeded += seen.status < 300
        return self._judge(op, self._account.apply(resolved), seen)

    def _write(self, op: Operation) -> Steps:
        before = copy.deepcopy(self._account) if self._life.killing or self._kill_next else None
        resolved = sequences.resolve(op, self._account)
        expected = self._account.apply(resolved)
        request = Request(wire.ROUTES[op.name][0], self._endpoint.render(resolved),
                          self._kill_next)
        self._kill_next = False
        try:
            response = yield request
        except Killed:
            self._seen_restarts = len(self._life.restarts)
            self._history += [Operation("Kill in flight"), op]
            self._counts.in_doubt += 1
            return (yield from self._settle(op, before))
        self._history.append(op)
        self._counts.operations += 1
        self._counts.succeeded += response.status < 300
        return self._judge(op, expected, wire.answer_of(resolved, response))

    @staticmethod
    def _judge(op: Operation, expected: Answer, seen: Answer) -> str:
        what = difference(expected, seen)
        return f"{op.name}: {what}" if what else ""

    def _settle(self, op: Operation, before: Account) -> Steps:
        """The operation happened, or it did not: one of the two models must fit entirely."""
        reads = sequences.visible_state(None) + sequences.lease_reads(op)
        seen = []
        for read in reads:
            seen.append((yield from self._fetch(read)))
            self._counts.reads_of_state += 1
        whats = []
        for candidate, happened in ((self._account, True), (before, False)):
            found = (self._judge(read, candidate.apply(read), answer)
                     for read, answer in zip(reads, seen))
            what = next(filter(None, found), "")
            if not what:
                self._account = candidate
                self._counts.happened += happened
                return ""
            whats.append(what)
        return (f"killed during {op.name}: if it happened, {whats[0]}; "
                f"if it did not, {whats[1]}")

    def _after_restart(self) -> Steps:
        new = self._life.restarts[self._seen_restarts:]
        self._seen_restarts += len(new)
        self._history += [Operation("Stop" if kind == "Stop" else "Kill") for kind in new]
        what = yield from self._compare_state()
        return f"after {', '.join(new)}: {what}" if what else ""

    def _compare_state(self) -> Steps:
        for op in sequences.visible_state(self._account):
            seen = yield from self._fetch(op)
            self._counts.reads_of_state += 1
            if what := self._judge(op, self._account.apply(op), seen):
                return "visible state: " + what
        return ""

    def _fetch(self, op: Operation) -> Steps:
        """The answer to a read, all pages of it, whatever restarts come between."""
        while True:
            try:
                if op.name in wire.LISTS:
                    return (yield from self._pages(op))
                response = yield self._request(op)
                return wire.answer_of(op, response)
            except Killed:
                continue

    def _request(self, op: Operation, marker: str = "") -> Request:
        return Request(wire.ROUTES[op.name][0], self._endpoint.render(op, marker))

    def _pages(self, op: Operation) -> Steps:
        entries: list[tuple[str, object]] = []
        marker = ""
        for _ in range(1000):
            response = yield self._request(op, marker)
            if response.status != 200:
                return wire.answer_of(op, response)
            page, marker = wire.page_of(op, response, marker)
            entries += page
            if not marker:
                return Answer(200, {}, entries)
        raise ValueError("a listing without end")

    def _clean_up(self) -> Steps:
        """Deletes all containers, leased or not."""
        end_lease = {"x-ms-lease-action": "break", "x-ms-lease-break-period": "0"}
        for container in sequences.CONTAINERS:
            yield from self._insist(Operation("Lease Container", container, headers=end_lease),
                                    (202, 404, 409))
            yield from self._insist(Operation("Delete Container", container), (202, 404))

    def _insist(self, op: Operation, fine: tuple[int, ...]) -> Steps:
        while True:
            try:
                response = yield self._request(op)
            except Killed:
                continue
            if response.status not in fine:
                raise ValueError(f"cleaning up: {op.name} is answered {response.status}")
            return
