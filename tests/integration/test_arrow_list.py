"""List Blobs as an Apache Arrow stream, read by pyarrow."""
import pyarrow
import pytest


def arrow_list(daemon, **parameters):
    answer = daemon.client().request(
        "GET", "con", restype="container", comp="list", **parameters,
        headers={"x-ms-version": "2026-10-06",
                 "Accept": "application/vnd.apache.arrow.stream, application/xml"})
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    with pyarrow.ipc.open_stream(answer.body) as stream:
        table = stream.read_all()
    table.validate(full=True)
    metadata = {k.decode(): v.decode() for k, v in table.schema.metadata.items()}
    return table, metadata


def test_lists_as_arrow_what_xml_lists(daemon):
    client = daemon.client()
    client.put_blob("con", "arrow/a", b"abc", headers={
        "x-ms-meta-key": "value", "x-ms-tags": "t=1&u=2", "Content-Type": "text/x"})
    client.put_blob("con", "arrow/b/1", b"")
    client.put_blob("con", "arrow/b/2", b"")
    client.put_blob("con", "arrow/c", b"12345")
    table, metadata = arrow_list(daemon, prefix="arrow/", include="metadata,tags")
    rows = {row["Name"]: row for row in table.to_pylist()}
    assert list(rows) == ["arrow/a", "arrow/b/1", "arrow/b/2", "arrow/c"]
    assert metadata == {"NextMarker": "", "NumberOfRecords": "4"}
    row = rows["arrow/a"]
    listed = next(b for b in client.list_blobs("con", prefix="arrow/a"))
    assert row["Content-Length"] == 3 and row["Content-Type"] == "text/x"
    assert row["Etag"] == listed.properties["Etag"]
    assert row["Content-MD5"] == listed.properties["Content-MD5"]
    assert row["Last-Modified"].strftime("%a, %d %b %Y %H:%M:%S GMT") == \
        listed.properties["Last-Modified"]
    assert row["Metadata"] == [("key", "value")] and dict(row["Tags"]) == {"t": "1", "u": "2"}
    assert row["ServerEncrypted"] is True and row["BlobType"] == "BlockBlob"
    assert row["ResourceType"] is None and row["Deleted"] is None
    assert rows["arrow/c"]["Metadata"] == [] and rows["arrow/c"]["Tags"] is None
    assert str(table.schema.field("Content-Length").type) == "uint64"
    assert str(table.schema.field("Last-Modified").type) == "timestamp[us]"
    assert not table.schema.field("Name").nullable


def test_pages_prefixes_and_bounds_of_arrow_lists(daemon):
    client = daemon.client()
    for name in ("pages/a", "pages/b/1", "pages/b/2", "pages/c", "pages/d"):
        client.put_blob("con", name, b"")
    names, marker = [], ""
    while True:
        more = {"marker": marker} if marker else {}
        table, metadata = arrow_list(daemon, prefix="pages/", delimiter="/", maxresults="2",
                                     **more)
        names += [(row["Name"], row["ResourceType"]) for row in table.to_pylist()]
        marker = metadata["NextMarker"]
        if not marker:
            break
    assert names == [("pages/a", None), ("pages/b/", "blobprefix"), ("pages/c", None),
                     ("pages/d", None)]

    def listed(**bounds):
        return arrow_list(daemon, prefix="pages/", **bounds)[0]["Name"].to_pylist()
    assert listed(endBefore="pages/c") == ["pages/a", "pages/b/1", "pages/b/2"]
    assert listed(startFrom="pages/b/2", endBefore="pages/d") == ["pages/b/2", "pages/c"]
    assert listed(startFrom="pages/d", endBefore="pages/b") == []
    assert listed(endBefore="a") == []
    bad = client.request("GET", "con", restype="container", comp="list", endBefore="\x01",
                         headers={"x-ms-version": "2026-10-06",
                                  "Accept": "application/vnd.apache.arrow.stream"})
    assert (bad.status, bad.error_code) == (400, "InvalidQueryParameterValue")


@pytest.mark.parametrize("headers", [
    {"x-ms-version": "2025-07-05", "Accept": "application/vnd.apache.arrow.stream"},
    {"x-ms-version": "2026-10-06", "Accept": "application/xml"}, {"x-ms-version": "2026-10-06"},
])
def test_others_get_xml(daemon, headers):
    answer = daemon.client().request("GET", "con", restype="container", comp="list",
                                     headers=headers)
    assert answer.headers["content-type"] == "application/xml"
