"""Error codes that no other test of this folder meets: one request for each, over a socket."""
import base64
import contextlib
import dataclasses
import http.server
import threading
import time
import urllib.parse
from collections.abc import Callable

import azure_auth
import blobgate_daemon
import pytest
from blob_client import BlobClient, Response, block_id

ACCOUNT = "acct2"  # not that of the tests that compare everything: leases end by themselves
CONTAINER = "codes"
OLD = "Sat, 01 Jan 2000 00:00:00 GMT"
IDS = [f"{digit * 8}-aaaa-1111-1111-111111111111" for digit in "123"]


@dataclasses.dataclass
class Place:
    """Where a case works: a blob name of its own, and what it needs there."""
    client: BlobClient
    daemon: blobgate_daemon.Daemon
    name: str

    def send(self, method: str, body: bytes = b"", query: dict[str, str] | None = None,
             **headers: str) -> Response:
        """Headers by keyword, `_` for `-`."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.request(method, CONTAINER, self.name, body=body, headers=named,
                                   **(query or {}))

    def of_container(self, method: str, **query: str) -> Response:
        return self.client.request(method, CONTAINER, restype="container", **query)

    def put(self, body: bytes = b"content", **headers: str) -> Response:
        return self.send("PUT", body, x_ms_blob_type="BlockBlob", **headers)

    def put_page_blob(self, size: int = 512, name: str = "") -> Response:
        return self.client.expect(201, "PUT", CONTAINER, name or self.name, headers={
            "x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": str(size)})

    def put_append_blob(self) -> Response:
        return self.client.expect(201, "PUT", CONTAINER, self.name,
                                  headers={"x-ms-blob-type": "AppendBlob"})

    def snapshot(self, name: str = "") -> str:
        return self.client.expect(201, "PUT", CONTAINER, name or self.name,
                                  comp="snapshot").headers["x-ms-snapshot"]

    def lease(self, action: str, **headers: str) -> Response:
        return self.send("PUT", query={"comp": "lease"}, x_ms_lease_action=action, **headers)

    def leased(self, seconds: int = -1) -> None:
        """With IDS[0]."""
        self.put()
        answer = self.lease("acquire", x_ms_lease_duration=str(seconds),
                            x_ms_proposed_lease_id=IDS[0])
        assert answer.status == 201

    def breaking(self) -> None:
        self.leased()
        assert self.lease("break", x_ms_lease_break_period="60").status == 202

    def broken(self) -> None:
        self.leased()
        assert self.lease("break", x_ms_lease_break_period="0").status == 202

    def url(self, name: str, **query: str) -> str:
        text = urllib.parse.urlencode(query)
        return (self.daemon.url(self.client.account, host_style=False)
                + f"/{CONTAINER}/{name}" + (f"?{text}" if text else ""))

    def copy(self, source: str, **headers: str) -> Response:
        return self.send("PUT", x_ms_copy_source=source, **headers)

    def abort(self, copy_id: str) -> Response:
        return self.send("PUT", query={"comp": "copy", "copyid": copy_id},
                         x_ms_copy_action="abort")

    def incremental_copy(self, source: str) -> Response:
        return self.send("PUT", query={"comp": "incrementalcopy"}, x_ms_copy_source=source)

    def page_ranges(self, previous: str) -> Response:
        return self.send("GET", query={"comp": "pagelist", "prevsnapshot": previous})

    def put_tags(self, *tags: tuple[str, str]) -> Response:
        inner = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>" for key, value in tags)
        body = f"<Tags><TagSet>{inner}</TagSet></Tags>".encode()
        self.put()
        return self.send("PUT", body, query={"comp": "tags"})


Case = Callable[[Place], Response]
CASES: dict[str, tuple[int, str, Case]] = {}


def case(status: int, code: str) -> Callable[[Case], Case]:
    """Registers a function that returns the answer with this status and code."""
    def register(function: Case) -> Case:
        CASES[function.__name__] = (status, code, function)
        return function
    return register


# Leases.

@case(409, "LeaseAlreadyPresent")
def acquire_a_leased_blob(place):
    place.leased()
    return place.lease("acquire", x_ms_lease_duration="-1", x_ms_proposed_lease_id=IDS[1])


@case(412, "LeaseIdMismatchWithBlobOperation")
def write_with_another_id(place):
    place.leased()
    return place.put(x_ms_lease_id=IDS[1])


@case(409, "LeaseIdMismatchWithLeaseOperation")
def renew_with_another_id(place):
    place.leased()
    return place.lease("renew", x_ms_lease_id=IDS[1])


@case(409, "LeaseIsBreakingAndCannotBeAcquired")
def acquire_while_breaking(place):
    place.breaking()
    return place.lease("acquire", x_ms_lease_duration="-1", x_ms_proposed_lease_id=IDS[0])


@case(409, "LeaseIsBreakingAndCannotBeChanged")
def change_while_breaking(place):
    place.breaking()
    return place.lease("change", x_ms_lease_id=IDS[0], x_ms_proposed_lease_id=IDS[1])


@case(409, "LeaseIsBrokenAndCannotBeRenewed")
def renew_a_broken_lease(place):
    place.broken()
    return place.lease("renew", x_ms_lease_id=IDS[0])


@case(412, "LeaseLost")
def write_with_the_id_of_a_broken_lease(place):
    place.broken()
    return place.put(x_ms_lease_id=IDS[0])


@case(409, "LeaseNotPresentWithLeaseOperation")
def break_where_nothing_is_leased(place):
    place.put()
    return place.lease("break")


@case(412, "LeaseNotPresentWithContainerOperation")
def a_lease_id_for_a_container_without_lease(place):
    return place.client.request("HEAD", CONTAINER, restype="container",
                                headers={"x-ms-lease-id": IDS[0]})


@case(412, "LeaseIdMismatchWithContainerOperation")
def a_wrong_lease_id_for_a_container(place):
    container = "codes-leased"
    place.client.create_container(container)
    lease = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1",
             "x-ms-proposed-lease-id": IDS[0]}
    place.client.expect(201, "PUT", container, restype="container", comp="lease", headers=lease)
    return place.client.request("DELETE", container, restype="container",
                                headers={"x-ms-lease-id": IDS[1]})


@case(412, "InfiniteLeaseDurationRequired")
def copy_onto_a_lease_that_may_end(place):
    place.leased(seconds=60)
    source = place.name + "-source"
    place.client.put_blob(CONTAINER, source, b"x")
    return place.copy(place.url(source), x_ms_lease_id=IDS[0])


# Bodies, headers, XML.

@case(400, "BothCrc64AndMd5HeaderPresent")
def two_checksums(place):
    checksum = base64.b64encode(bytes(8)).decode()
    return place.put(Content_MD5=base64.b64encode(bytes(16)).decode(), x_ms_content_crc64=checksum)


@case(400, "EmptyMetadataKey")
def metadata_without_a_name(place):
    return place.put(x_ms_meta_="value")


@case(400, "UnsupportedHeader")
def the_size_of_a_page_blob_for_a_block_blob(place):
    return place.put(x_ms_blob_content_length="512")


@case(400, "ContentLengthMustBeZero")
def copy_with_a_body(place):
    return place.send("PUT", b"body", x_ms_copy_source=place.url("hello"))


@case(400, "UnsupportedXmlNode")
def an_unknown_element(place):
    place.put()
    body = b"<Tags><TagSet/><Others/></Tags>"
    return place.send("PUT", body, query={"comp": "tags"})


@case(400, "InvalidXmlNodeValue")
def a_property_of_no_sense(place):
    body = (b"<StorageServiceProperties><DeleteRetentionPolicy><Enabled>perhaps</Enabled>"
            b"</DeleteRetentionPolicy></StorageServiceProperties>")
    return place.client.request("PUT", body=body, restype="service", comp="properties")


@case(400, "OutOfRangeQueryParameterValue")
def a_page_of_no_blobs(place):
    return place.of_container("GET", comp="list", maxresults="0")


@case(400, "UnsatisfiableCondition")
def read_if_it_does_not_exist(place):
    place.put()
    return place.send("GET", If_None_Match="*")


@case(400, "InvalidBlobOrBlock")
def block_ids_of_two_lengths(place):
    place.client.expect(201, "PUT", CONTAINER, place.name, body=b"x", comp="block",
                        blockid=block_id(1))
    return place.send("PUT", b"x", query={"comp": "block", "blockid": "QUFB"})


# Tags.

@case(400, "EmptyTagName")
def a_tag_without_name(place):
    return place.put_tags(("", "value"))


@case(400, "DuplicateTagNames")
def a_tag_twice(place):
    return place.put_tags(("a", "1"), ("a", "2"))


@case(400, "TagsTooLarge")
def eleven_tags(place):
    return place.put_tags(*((f"key{number}", "x") for number in range(11)))


@case(400, "InvalidTag")
def a_tag_of_other_characters(place):
    return place.put_tags(("colour", "r\u00f6t"))


@case(400, "BothUserTagsAndSourceTagsCopyPresentException")
def tags_given_and_copied(place):
    source = place.name + "-source"
    place.client.put_blob(CONTAINER, source, b"x")
    return place.copy(place.url(source), x_ms_requires_sync="true", x_ms_tags="a=b",
                      x_ms_copy_source_tag_option="COPY")


# Tiers.

@case(400, "AccessTierNotSupportedForBlobType")
def the_tier_of_an_append_blob(place):
    place.put_append_blob()
    return place.send("PUT", query={"comp": "tier"}, x_ms_access_tier="Cool")


@case(409, "BlobBeingRehydrated")
def another_tier_while_rehydrating(place):
    place.put(x_ms_access_tier="Archive")
    assert place.send("PUT", query={"comp": "tier"}, x_ms_access_tier="Hot").status == 202
    return place.send("PUT", query={"comp": "tier"}, x_ms_access_tier="Cool")


# Copies.

@case(409, "NoPendingCopyOperation")
def abort_where_nothing_is_copied(place):
    place.put()
    return place.abort(IDS[0])


@case(412, "SourceConditionNotMet")
def a_source_that_changed(place):
    source = place.name + "-source"
    place.client.put_blob(CONTAINER, source, b"x")
    return place.copy(place.url(source), x_ms_source_if_unmodified_since=OLD)


@case(409, "InvalidSourceBlobType")
def an_incremental_copy_of_a_block_blob(place):
    source = place.name + "-source"
    place.client.put_blob(CONTAINER, source, b"x")
    return place.incremental_copy(place.url(source, snapshot=place.snapshot(source)))


@case(409, "IncrementalCopySourceMustBeSnapshot")
def an_incremental_copy_of_a_base_blob(place):
    source = place.name + "-source"
    place.put_page_blob(name=source)
    return place.incremental_copy(place.url(source))


def copied(place: Place) -> tuple[str, str, str]:
    """The blob is an incremental copy of the second of two snapshots: source and both of them."""
    source = place.name + "-source"
    place.put_page_blob(name=source)
    first, second = place.snapshot(source), place.snapshot(source)
    assert place.incremental_copy(place.url(source, snapshot=second)).status == 202
    deadline = time.monotonic() + 30
    while place.client.head(CONTAINER, place.name).headers["x-ms-copy-status"] != "success":
        assert time.monotonic() < deadline
    return source, first, second


@case(409, "IncrementalCopyOfEralierVersionSnapshotNotAllowed")
def an_incremental_copy_backwards(place):
    source, first, _ = copied(place)
    return place.incremental_copy(place.url(source, snapshot=first))


@case(409, "IncrementalCopyBlobMismatch")
def an_incremental_copy_of_another_blob(place):
    copied(place)
    other = place.name + "-other"
    place.put_page_blob(name=other)
    return place.incremental_copy(place.url(other, snapshot=place.snapshot(other)))


@case(409, "OperationNotAllowedOnIncrementalCopyBlob")
def a_page_for_an_incremental_copy(place):
    copied(place)
    return place.send("PUT", bytes(512), query={"comp": "page"}, x_ms_page_write="update",
                      x_ms_range="bytes=0-511")


class Stalled(http.server.BaseHTTPRequestHandler):
    """A source that gives its head and some bytes, and the rest when `released` is set."""
    protocol_version = "HTTP/1.1"
    released: threading.Event

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.send_header("ETag", '"0x1"')
        self.send_header("Last-Modified", OLD)
        self.send_header("x-ms-blob-type", "BlockBlob")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(bytes(1000))
        self.released.wait(30)

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def pending(place: Place):
    """The blob is being copied from outside: the id of the copy."""
    handler = type("Source", (Stalled,), {"released": threading.Event()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        answer = place.copy(f"http://127.0.0.1:{server.server_port}/source")
        assert (answer.status, answer.headers["x-ms-copy-status"]) == (202, "pending")
        yield answer.headers["x-ms-copy-id"]
        aborted = place.abort(answer.headers["x-ms-copy-id"])
        assert aborted.status == 204
        found = place.client.head(CONTAINER, place.name).headers
        assert (found["x-ms-copy-status"], found["Content-Length"]) == ("aborted", "0")
    finally:
        handler.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@case(409, "PendingCopyOperation")
def a_write_while_a_copy_is_pending(place):
    with pending(place):
        return place.put()


@case(409, "CopyIdMismatch")
def abort_another_copy(place):
    with pending(place):
        return place.abort(IDS[0])


# Page blobs.

@case(409, "SequenceNumberIncrementTooLarge")
def a_sequence_number_beyond_the_last(place):
    place.put_page_blob()
    largest = str(2**63 - 1)
    assert place.send("PUT", query={"comp": "properties"}, x_ms_sequence_number_action="update",
                      x_ms_blob_sequence_number=largest).status == 200
    return place.send("PUT", query={"comp": "properties"},
                      x_ms_sequence_number_action="increment")


@case(409, "PreviousSnapshotNotFound")
def a_difference_to_no_snapshot(place):
    place.put_page_blob()
    return place.page_ranges("2020-01-01T00:00:00.0000000Z")


@case(409, "BlobOverwritten")
def a_difference_to_another_life(place):
    place.put_page_blob()
    previous = place.snapshot()
    place.put_page_blob()
    return place.page_ranges(previous)


@case(400, "PreviousSnapshotCannotBeNewer")
def a_difference_to_a_newer_snapshot(place):
    place.put_page_blob()
    first, second = place.snapshot(), place.snapshot()
    return place.send("GET", query={"comp": "pagelist", "snapshot": first,
                                    "prevsnapshot": second})


# Rights.

@case(403, "UnauthorizedBlobOverwrite")
def a_sas_that_may_only_create(place):
    place.put()
    return place.client.send(
        "PUT", sas_target(place, "c"), {"x-ms-blob-type": "BlockBlob", "Content-Length": "1"}, b"x")


def sas_target(place: Place, permissions: str) -> str:
    token = azure_auth.service_sas(place.client.account,
                                   blobgate_daemon.ACCOUNTS[place.client.account],
                                   CONTAINER, place.name, permissions=permissions)
    return place.client.target(CONTAINER, place.name) + "?" + token


@pytest.fixture(scope="module")
def container(daemon):
    daemon.client(ACCOUNT).create_container(CONTAINER)
    return CONTAINER


@pytest.mark.parametrize("name", CASES)
def test_the_code(daemon, container, name):
    status, code, function = CASES[name]
    answer = function(Place(daemon.client(ACCOUNT), daemon, name.replace("_", "-")))
    assert (answer.status, answer.error_code) == (status, code)
