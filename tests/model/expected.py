"""What the model expects of an answer, and how an answer is compared with it."""

from __future__ import annotations

import dataclasses


class Refused(Exception):
    """The operation changes nothing and is answered with this status and Azure's error code."""

    def __init__(self, status: int, code: str, **headers: str):
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Chosen:
    """A value that the server chooses. The first one seen is it, and it stays the same. `taken`
    holds the values that others of the kind already have: an ETag never comes back."""

    __slots__ = ("value", "taken")

    def __init__(self, value: str | None = None, taken: set[str] | None = None):
        self.value = value
        self.taken = taken

    def matches(self, seen: object) -> bool:
        if self.value is not None:
            return self.value == seen
        if not isinstance(seen, str) or not seen or (self.taken is not None and seen in self.taken):
            return False
        if self.taken is not None:
            self.taken.add(seen)
        self.value = seen
        return True

    def __repr__(self) -> str:
        return self.value or "(server's choice)"


class Quoted:
    """A Chosen value in quotes."""

    __slots__ = ("inner",)

    def __init__(self, inner: Chosen):
        self.inner = inner

    def matches(self, seen: object) -> bool:
        return (isinstance(seen, str) and len(seen) > 2 and seen[0] == seen[-1] == '"'
                and self.inner.matches(seen[1:-1]))

    def __repr__(self) -> str:
        return f'"{self.inner!r}"'


class Seconds:
    """A number that counts down from `most` to 0 as time passes."""

    __slots__ = ("most",)

    def __init__(self, most: int):
        self.most = most

    def matches(self, seen: object) -> bool:
        return isinstance(seen, str) and seen.isdecimal() and int(seen) <= self.most

    def __repr__(self) -> str:
        return f"(at most {self.most})"


@dataclasses.dataclass(slots=True)
class Answer:
    """`headers` are all that tell something about the store, names in lower case. `body` is bytes,
    or what wire.simplify makes of XML: a text, or a list of (element, content)."""
    status: int
    headers: dict[str, object] = dataclasses.field(default_factory=dict)
    body: object = b""
    code: str = ""


def matches(expected: object, seen: object) -> bool:
    if isinstance(expected, (Chosen, Quoted, Seconds)):
        return expected.matches(seen)
    if isinstance(expected, (list, tuple)):
        return (isinstance(seen, (list, tuple)) and len(seen) == len(expected)
                and all(map(matches, expected, seen)))
    return expected == seen


def difference(expected: Answer, seen: Answer) -> str:
    """Empty when the answer is as expected. Binds the values the server chose."""
    if (expected.status, expected.code) != (seen.status, seen.code):
        return (f"expected {expected.status} {expected.code}, "
                f"answered {seen.status} {seen.code}".replace("  ", " "))
    for name, value in expected.headers.items():
        if not matches(value, seen.headers.get(name)):
            return f"header {name}: expected {value!r}, answered {seen.headers.get(name)!r}"
    if expected.code:
        return ""  # what else is said about an error does not matter
    if more := seen.headers.keys() - expected.headers.keys():
        return f"unexpected headers {({name: seen.headers[name] for name in more})}"
    if not matches(expected.body, seen.body):
        return f"body: {_where(expected.body, seen.body)}"
    return ""


def _where(expected: object, seen: object, path: str = "") -> str:
    """The innermost difference, for people."""
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        for left, right in zip(expected, seen):
            if not matches(left, right):
                if left[0] != right[0]:
                    return f"{path} expected {left!r}, answered {right!r}"
                return _where(left[1], right[1], f"{path}/{left[0]}")
    if isinstance(expected, bytes) and isinstance(seen, bytes):
        at = next((i for i, (a, b) in enumerate(zip(expected, seen)) if a != b),
                  min(len(expected), len(seen)))
        return f"{len(expected)} bytes expected, {len(seen)} answered, different at {at}"
    return f"{path} expected {expected!r}, answered {seen!r}"
