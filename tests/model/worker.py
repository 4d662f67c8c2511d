"""Drives the lanes of one daemon: one connection each, all in one thread."""

from __future__ import annotations

import random
import selectors
import socket
import time

import blobgate_daemon
import wire
from lane import Finding, Killed, Life, Request, Restart, Steps

PATIENCE = 600.0  # seconds without any answer, and the daemon hangs


class _Seat:
    """A lane, its connection, and what it waits for: `waits` is "answer", "restart" or "".
    `armed` is a request that is to be cut by the kill, `held` an answer that came while all wait
    for a restart."""

    def __init__(self, steps: Steps, address: tuple[str, int]):
        self.steps = steps
        self.address = address
        self.waits = ""
        self.armed = b""
        self.method = ""
        self.held: wire.Response | None = None
        self.finding: Finding | None = None
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parser = wire.ResponseParser()

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # is seen by whoever waits for the answer

    def receive(self) -> wire.Response | None:
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the daemon closed the connection")
        return self.parser.feed(data, self.method)

    def last_answer(self) -> wire.Response | None:
        """What a daemon that is dead now had still sent."""
        try:
            while (response := self.receive()) is None:
                pass
            return response
        except OSError:
            return None


class Worker:
    """Runs lanes to their ends, or until one has a finding or `stop()` is true."""

    def __init__(self, daemon: blobgate_daemon.Daemon, life: Life, seed: str):
        self._daemon = daemon
        self._life = life
        self._random = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._wanted = ""  # the kind of the restart that all are waiting for
        self.seats: list[_Seat] = []
        self.longest_start = 0.0

    def add(self, steps: Steps) -> None:
        seat = _Seat(steps, self._daemon.address())
        self.seats.append(seat)
        self._selector.register(seat.socket, selectors.EVENT_READ, seat)

    def run(self, stop=lambda: False) -> Finding | None:
        for seat in self.seats:
            self._go_on(seat, None)
        while any(seat.waits for seat in self.seats) and not stop():
            if self._wanted and all(self._is_ready(seat) for seat in self.seats):
                self._restart()
            else:
                self._answers()
            if found := next((s.finding for s in self.seats if s.finding), None):
                return found
        return None

    def _answers(self) -> None:
        ready = self._selector.select(PATIENCE)
        if not ready:
            raise RuntimeError("the daemon does not answer:\n" + self._daemon.log_tail())
        for key, _ in ready:
            seat = key.data
            if self._is_ready(seat):
                continue  # its answer, if it came, is looked at after the kill
            try:
                response = seat.receive()
            except OSError as error:
                self._go_on(seat, None, error)
                continue
            if response is None:
                continue
            if self._wanted and not self._life.killing:
                seat.held = response
            else:
                self._go_on(seat, response)

    def _is_ready(self, seat: _Seat) -> bool:
        """For the restart."""
        if not seat.waits or seat.waits == "restart" or seat.held is not None:
            return True
        return bool(seat.armed)

    def _go_on(self, seat: _Seat, outcome: wire.Response | None,
               error: Exception | None = None) -> None:
        seat.waits = ""
        killing = self._life.killing
        try:
            step = seat.steps.throw(error) if error else seat.steps.send(outcome)
        except StopIteration as end:
            seat.finding = end.value
            return
        if isinstance(step, Restart):
            seat.waits = "restart"
            self._wanted = self._wanted or step.kind
            return
        assert isinstance(step, Request)
        seat.waits, seat.method = "answer", step.method
        if step.kill:
            self._wanted, self._life.killing = "Kill in flight", True
        if killing or step.kill:
            seat.armed = step.data  # goes out when all have theirs
        else:
            seat.send(step.data)

    def _send_armed(self) -> None:
        """The kill comes at some moment of these requests."""
        armed = [seat for seat in self.seats if seat.armed]
        for seat in armed:
            seat.send(seat.armed)
        if armed:
            time.sleep(self._random.choice((0, 0.0003, 0.001, 0.005)) * self._random.random())

    def _restart(self) -> None:
        kind, armed = self._wanted, []
        if kind == "Stop":
            code = self._daemon.stop()
            if code != 0:
                raise RuntimeError(f"the daemon ended with {code}:\n" + self._daemon.log_tail())
        else:
            self._send_armed()
            self._daemon.kill()
        for seat in self.seats:
            if seat.armed:
                seat.held, seat.armed = seat.last_answer(), b""
                armed.append(seat)
            self._selector.unregister(seat.socket)
            seat.socket.close()
        self._daemon.start()
        self.longest_start = max(self.longest_start, self._daemon.ready_seconds)
        self._life.restarts.append(kind)
        self._wanted, self._life.killing = "", False
        for seat in self.seats:
            seat.connect()
            self._selector.register(seat.socket, selectors.EVENT_READ, seat)
        for seat in [seat for seat in self.seats if seat.waits]:
            response, seat.held = seat.held, None
            lost = response is None and seat in armed
            self._go_on(seat, response, Killed() if lost else None)
