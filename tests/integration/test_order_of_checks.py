"""Requests with several things wrong: headers that exclude each other come before existence, and
leases before conditions (errors.md, Priority)."""
import pytest

PAST = "Sat, 01 Jan 2000 00:00:00 GMT"
LEASE = "11111111-1111-1111-1111-111111111111"
TWO_PAIRS = {"If-Match": '"0x8D0"', "If-None-Match": "*"}


@pytest.mark.parametrize("method, headers, query", [
    ("PUT", {"x-ms-blob-type": "BlockBlob"}, {}),
    ("PUT", {}, {"comp": "metadata"}),
    ("PUT", {}, {"comp": "blocklist"}),
    ("PUT", {"x-ms-lease-action": "break"}, {"comp": "lease"}),
    ("DELETE", {}, {}),
])
def test_two_pairs_of_conditions_are_refused_before_anything_is_looked_up(daemon, method, headers,
                                                                          query):
    answer = daemon.client().request(method, "nowhere", "nothing", headers={**TWO_PAIRS, **headers},
                                     **query)
    assert (answer.status, answer.error_code) == (400, "MultipleConditionHeadersNotSupported")


def test_delete_container_looks_at_the_lease_before_the_conditions(daemon):
    client = daemon.client()
    client.create_container("ordered")
    client.expect(201, "PUT", "ordered", restype="container", comp="lease", headers={
        "x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1",
        "x-ms-proposed-lease-id": LEASE})
    late = {"If-Unmodified-Since": PAST}
    without_id = client.request("DELETE", "ordered", restype="container", headers=late)
    with_id = client.request("DELETE", "ordered", restype="container",
                             headers={**late, "x-ms-lease-id": LEASE})
    client.expect(202, "DELETE", "ordered", restype="container", headers={"x-ms-lease-id": LEASE})
    assert (without_id.status, without_id.error_code) == (412, "LeaseIdMissing")
    assert (with_id.status, with_id.error_code) == (412, "ConditionNotMet")
