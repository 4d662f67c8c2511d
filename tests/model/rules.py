"""Azure's rules that blobs and containers share: leases, conditional headers, tag expressions."""

from __future__ import annotations

import dataclasses
import typing

from expected import Chosen, Refused

PAST = "Sat, 01 Jan 2000 00:00:00 GMT"
FUTURE = "Fri, 01 Jan 2100 00:00:00 GMT"

# The expressions that x-ms-if-tags is tried with, and what they mean.
TAG_EXPRESSIONS: dict[str, typing.Callable[[dict[str, str]], bool]] = {
    "\"colour\" = 'red'": lambda tags: tags.get("colour") == "red",
    "\"colour\" > 'blue'": lambda tags: tags.get("colour", "") > "blue",
    "\"colour\" = 'red' AND \"size\" <= '5'":
        lambda tags: tags.get("colour") == "red" and "size" in tags and tags["size"] <= "5",
    "\"colour\" = 'blue' OR \"size\" = '7'":
        lambda tags: tags.get("colour") == "blue" or tags.get("size") == "7",
}


def not_met() -> Refused:
    return Refused(412, "ConditionNotMet")


@dataclasses.dataclass
class Lease:
    """`state` is available, leased, breaking or broken: nothing expires while a sequence runs
    (blob_model.Account.deadline). `ends` is in seconds of the model's clock, None: never.
    `seconds` is what it was acquired for, None: for ever."""
    state: str = "available"
    id: Chosen = dataclasses.field(default_factory=Chosen)
    ends: float | None = None
    seconds: int | None = None

    @property
    def is_active(self) -> bool:
        return self.state in ("leased", "breaking")

    @property
    def duration(self) -> str | None:
        if self.state != "leased":
            return None
        return "infinite" if self.seconds is None else "fixed"

    def has_id(self, given: str | None) -> bool:
        """Ids are compared without case."""
        return bool(given and self.id.value and self.id.value.lower() == given.lower())

    def check_id(self, given: str, subject: str) -> None:
        """An id that came with an operation on `subject`, "Blob" or "Container"."""
        if self.is_active:
            if not self.has_id(given):
                raise Refused(412, f"LeaseIdMismatchWith{subject}Operation")
        elif self.state == "broken" and self.has_id(given):
            raise Refused(412, "LeaseLost")
        else:
            raise Refused(412, f"LeaseNotPresentWith{subject}Operation")

    def check_write(self, given: str | None, subject: str) -> None:
        if given is not None:
            self.check_id(given, subject)
        elif self.is_active:
            raise Refused(412, "LeaseIdMissing")

    def after_write(self) -> Lease:
        return self if self.is_active else Lease()

    # The lease operations: the new lease, and the seconds until it is broken or None.

    def acquire(self, proposed: str | None, duration: int, now: float) -> Lease:
        same = self.has_id(proposed)
        if self.state == "breaking" and same:
            raise Refused(409, "LeaseIsBreakingAndCannotBeAcquired")
        if self.is_active and not same:
            raise Refused(409, "LeaseAlreadyPresent")
        seconds = None if duration == -1 else duration
        return Lease("leased", Chosen(proposed), seconds=seconds)._from(now)

    def _from(self, now: float) -> Lease:
        return self if self.seconds is None else dataclasses.replace(self, ends=now + self.seconds)

    def renew(self, given: str, now: float) -> Lease:
        if not self.has_id(given):
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        if self.state != "leased":
            raise Refused(409, "LeaseIsBrokenAndCannotBeRenewed")
        return self._from(now)

    def change(self, given: str, proposed: str) -> Lease:
        if not self.is_active:
            raise Refused(409, "LeaseNotPresentWithLeaseOperation")
        if not self.has_id(given) and not self.has_id(proposed):
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        if self.state == "breaking":
            raise Refused(409, "LeaseIsBreakingAndCannotBeChanged")
        return dataclasses.replace(self, id=Chosen(proposed))

    def release(self, given: str) -> Lease:
        if not self.has_id(given):
            raise Refused(409, "LeaseIdMismatchWithLeaseOperation")
        return Lease()

    def break_(self, period: int | None, now: float) -> Lease:
        if self.state == "available":
            raise Refused(409, "LeaseNotPresentWithLeaseOperation")
        if self.state == "broken":
            return self
        left = None if self.ends is None else self.ends - now
        if period is None:
            period = left if left is not None else 0
        elif left is not None:
            period = min(period, left)
        if period <= 0:
            return Lease("broken", self.id)
        return Lease("breaking", self.id, now + period, self.seconds)


class Conditions:
    """The conditional headers of one request. `prefix` is "x-ms-source-" for those of a source."""

    def __init__(self, headers: dict[str, str], prefix: str = ""):
        self.match = headers.get(prefix + "if-match")
        self.none_match = headers.get(prefix + "if-none-match")
        self.modified = headers.get(prefix + "if-modified-since")
        self.unmodified = headers.get(prefix + "if-unmodified-since")
        self.tags = headers.get("x-ms-source-if-tags" if prefix else "x-ms-if-tags")

    def demand_one_pair(self) -> None:
        """Writes take (If-Match, If-Unmodified-Since) or (If-None-Match, If-Modified-Since), and
        one ETag."""
        if (self.match or self.unmodified) and (self.none_match or self.modified):
            raise Refused(400, "MultipleConditionHeadersNotSupported")
        if "," in (self.match or "") + (self.none_match or ""):
            raise Refused(400, "MultipleConditionHeadersNotSupported")

    def check_missing(self) -> None:
        """The subject of an operation that makes nothing is not there."""
        raise not_met() if self.match else Refused(404, "BlobNotFound")

    def check_read(self, subject) -> None:
        if self.none_match == "*":
            raise Refused(400, "UnsatisfiableCondition")
        if not self._demands_hold(subject):
            raise not_met()
        if not self._is_new(subject):
            raise Refused(304, "ConditionNotMet")

    def check_write(self, subject, creates: bool = False) -> None:
        """`subject` is a blob or container, or None where one is to be made."""
        if subject is None:
            if self.match or not self._tags_hold({}):
                raise not_met()
            return
        if creates and self.none_match == "*":
            raise Refused(409, "BlobAlreadyExists")
        if not self._tags_hold(subject.tags):
            raise not_met()
        if self.match or self.none_match:  # within a pair the date is not looked at
            holds = not self.match or _lists(self.match, subject)
            holds = holds and not (self.none_match and _lists(self.none_match, subject))
        else:
            holds = not (self.unmodified and _is_modified(subject, self.unmodified))
            holds = holds and (not self.modified or _is_modified(subject, self.modified))
        if not holds:
            raise not_met()

    def check_source(self, subject, asynchronous: bool) -> None:
        met = self._demands_hold(subject)
        if met and self._is_new(subject):
            return
        if asynchronous:
            raise Refused(412, "SourceConditionNotMet")
        raise Refused(304 if met else 412, "CannotVerifyCopySource")

    def _demands_hold(self, subject) -> bool:
        if self.match and not _lists(self.match, subject):
            return False
        if self.unmodified and _is_modified(subject, self.unmodified):
            return False
        return self._tags_hold(subject.tags)

    def _is_new(self, subject) -> bool:
        if not self.none_match and not self.modified:
            return True
        return bool(self.none_match and not _lists(self.none_match, subject)
                    or self.modified and _is_modified(subject, self.modified))

    def _tags_hold(self, tags: dict[str, str]) -> bool:
        return self.tags is None or TAG_EXPRESSIONS[self.tags](tags)


def _lists(etags: str, subject) -> bool:
    return etags == "*" or f'"{subject.etag.value}"' in etags.split(", ")


def _is_modified(subject, since: str) -> bool:
    """Dates are PAST, FUTURE, or the subject's own: the answer is the same at any time."""
    assert since in (PAST, FUTURE, subject.modified.value), since
    return since == PAST
