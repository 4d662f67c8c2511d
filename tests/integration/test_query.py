"""Query Blob Contents over sockets: the SDK as reader of the answers, raw requests, hostile ones.

What the real service answered is in the tests of Microsoft's SDKs; those cases are marked."""
import json
import socket
from xml.sax.saxutils import escape

import blobgate_daemon
import pyarrow
import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (ArrowDialect, ArrowType, BlobServiceClient, DelimitedJsonDialect,
                                DelimitedTextDialect)

MIB = 1024 * 1024
PEOPLE = b"id,name,born,height\n1,Ada,1815-12-10,1.65\n2,\"Grace, Adm.\",1906-12-09,1.68\n3,Alan,,\n"


@pytest.fixture(scope="module")
def service(daemon):
    account = "acct1"
    host, port = daemon.client().address
    credential = {"account_name": account, "account_key": blobgate_daemon.ACCOUNTS[account]}
    return BlobServiceClient(f"http://{host}:{port}/{account}", credential=credential)


@pytest.fixture
def query(service, request):
    """Uploads `data`, runs `sql` over it: the answer, and the errors as (fatal, name, position)."""
    blob = service.get_blob_client("con", f"query/{request.node.name}")

    def run(data, sql, input=None, output=None, **more):
        if data is not None:
            blob.upload_blob(data, overwrite=True)
        errors = []
        reader = blob.query_blob(sql, blob_format=input, output_format=output,
                                 on_error=errors.append, **more)
        answer = reader.readall()
        return answer, [(e.is_fatal, e.error, e.position) for e in errors]
    run.blob = blob
    return run


HEADERS = DelimitedTextDialect(has_header=True)
JSON = DelimitedJsonDialect()


def rows(answer):
    return [json.loads(line) for line in answer.decode().splitlines()]


# Recorded by Microsoft's SDKs.

def test_whole_lines_lose_their_carriage_returns(query):
    data = b"Service,Package\r\nApp,azure-app\r\nEvent Hubs\r\n"
    assert query(data, "SELECT * from BlobStorage") == (data.replace(b"\r\n", b"\n"), [])


def test_fields_with_separators_are_quoted(query):
    output = DelimitedTextDialect(delimiter=";", quotechar="'", lineterminator=".",
                                  escapechar="\\")
    answer, errors = query(b"Service,Version\nApp,1\nEvent Hubs\nTracing,1.0.0-beta\n",
                           "SELECT * from BlobStorage", DelimitedTextDialect(), output)
    assert (answer, errors) == (b"Service;Version.App;1.Event Hubs.Tracing;'1.0.0-beta'.", [])


def test_a_record_that_does_not_convert_is_left_out(query):
    answer, errors = query(b"100,hello,300,400\n150,250,350,450\n",
                           "select _2 from BlobStorage where _2 > 100")
    assert (answer, errors) == (b"250\n", [(False, "InvalidTypeConversion", 0)])


def test_no_json_is_a_fatal_error(query):
    output = DelimitedTextDialect()
    data = b"100,200,300,400\n150,250,350,450\n"
    assert query(data, "select * from BlobStorage", JSON, output) == \
        (b"\n", [(True, "ParseError", 0)])
    assert query(b"{name: owner}\n{name2: owner2}", "SELECT * from BlobStorage", JSON, output) == \
        (b"", [(True, "ParseError", 0)])


def test_other_separators(query):
    form = DelimitedTextDialect(delimiter=".", lineterminator="!", quotechar="", has_header=True)
    plain = DelimitedTextDialect(delimiter=".", lineterminator="!", quotechar="")
    assert query(b"100.200.300.400!150.250.350.450!180.280.380.480!",
                 "select _1 from BlobStorage", form, plain) == (b"150!180!", [])


def test_json_leaves_out_what_is_missing(query):
    data = b'{"name": "owner", "id": 1}\n{"name2": "owner2"}\n{"name": "owner", "id": 1}'
    assert query(data, "SELECT name from BlobStorage", DelimitedJsonDialect(delimiter="\n"),
                 DelimitedJsonDialect(delimiter=";")) == \
        (b'{"name":"owner"};{};{"name":"owner"};', [])
    together = data.replace(b"\n", b"")
    assert query(together, "SELECT name from BlobStorage", JSON)[0] == \
        b'{"name":"owner"}\n{}\n{"name":"owner"}\n'


def test_a_column_that_a_line_does_not_have(query):
    data = b"a,b,RepoPath\n1,2,x\nEvent Hubs\n3,4,y\n"
    assert query(data, "SELECT RepoPath from BlobStorage", HEADERS, DelimitedTextDialect()) == \
        (b"x\ny\n", [(False, "InvalidColumnOrdinal", data.index(b"Event"))])


def test_csv_as_json_goes_by_places(query):
    assert query(b"100,200\n300,400\n", "SELECT _2 from BlobStorage WHERE _1 > 250;",
                 DelimitedTextDialect(), JSON) == (b'{"_1":"400"}\n', [])


# The language.

def test_expressions_over_csv(query):
    answer, errors = query(PEOPLE, """
        SELECT id, CAST(id AS INT) * 10 AS ten, UPPER(name) AS loud, name LIKE 'A%' AS a,
               EXTRACT(YEAR FROM CASE WHEN born = '' THEN '2000' ELSE born END) AS year
        FROM BlobStorage""", HEADERS, JSON)
    assert errors == []
    assert rows(answer) == [
        {"id": "1", "ten": 10, "loud": "ADA", "a": True, "year": 1815},
        {"id": "2", "ten": 20, "loud": "GRACE, ADM.", "a": False, "year": 1906},
        {"id": "3", "ten": 30, "loud": "ALAN", "a": True, "year": 2000}]


@pytest.mark.parametrize("sql, answer", [
    ("SELECT COUNT(*) FROM BlobStorage", b"3\n"),
    ("SELECT COUNT(*) FROM BlobStorage WHERE name LIKE 'A%'", b"2\n"),
    ("SELECT SUM(id) FROM BlobStorage", b"6\n"),
    ("SELECT AVG(id) FROM BlobStorage WHERE id < 3", b"1.5\n"),
    ("SELECT MIN(name) FROM BlobStorage", b"Ada\n"),
    ("SELECT MAX(CAST(id AS INT)) FROM BlobStorage WHERE height IS NOT NULL", b"3\n"),
    ("SELECT SUM(id) FROM BlobStorage WHERE id > 7", b"\n"),
])
def test_aggregates(query, sql, answer):
    assert query(PEOPLE, sql, HEADERS, DelimitedTextDialect()) == (answer, [])


def test_limit_and_where(query):
    data = b"".join(b"%d,%d\n" % (i, i % 7) for i in range(1000))
    answer, errors = query(data, "SELECT _1 FROM BlobStorage WHERE _2 = 3 LIMIT 3")
    assert (answer, errors) == (b"3\n10\n17\n", [])
    assert query(None, "SELECT * FROM BlobStorage LIMIT 0") == (b"", [])
    in_list = "SELECT _1 FROM BlobStorage WHERE _1 NOT BETWEEN 5 AND 994 AND _2 IN (1, '2')"
    assert query(None, in_list)[0].split() == [b"1", b"2", b"995", b"996"]


def test_paths_of_json(query):
    data = json.dumps({"id": 1, "tags": ["wireless", "accessory"], "price": 12.5, "gone": None,
                       "dimensions": {"length": 3, "width": 2},
                       "warehouses": [{"latitude": 41.8}, {"latitude": -1}]}).encode()
    run = lambda sql: query(data, sql, JSON)[0]  # noqa: E731
    assert run("SELECT latitude FROM BlobStorage[*].warehouses[*]") == \
        b'{"latitude":41.8}\n{"latitude":-1}\n'
    assert run("SELECT length FROM BlobStorage[*].dimensions") == b'{"length":3}\n'
    assert run("SELECT warehouses[0].latitude,id,tags[1] FROM BlobStorage[*]") == \
        b'{"latitude":41.8,"id":1,"_3":"accessory"}\n'
    assert run("SELECT b.dimensions FROM BlobStorage b") == \
        b'{"dimensions":{"length":3,"width":2}}\n'
    assert run("SELECT id FROM BlobStorage WHERE gone IS NULL AND gone IS NOT MISSING "
               "AND other IS MISSING AND price > 12") == b'{"id":1}\n'
    assert query(b"[" + data + b", {\"id\": 2}]", "SELECT id FROM BlobStorage", JSON)[0] == \
        b'{"id":1}\n{"id":2}\n'


def test_an_empty_blob(query):
    assert query(b"", "SELECT * FROM BlobStorage") == (b"", [])
    assert query(b"", "SELECT COUNT(*) FROM BlobStorage") == (b"0\n", [])


def test_sizes_of_batches(query):
    line = b"x" * 99 + b"\n"
    data = line * 250_000  # 25,000,000 bytes
    answer, errors = query(data, "SELECT sys.split(10485760) FROM BlobStorage")
    sizes = [int(size) for size in answer.split()]
    assert errors == [] and sum(sizes) == len(data)
    assert sizes[:-1] == [10_485_800, 10_485_800] and sizes[-1] < 10_485_760


# The answer as a stream.

def body_of(sql):
    return (f"<QueryRequest><QueryType>SQL</QueryType><Expression>{escape(sql)}</Expression>"
            "</QueryRequest>").encode()


def raw(daemon, blob, sql, body=None):
    body = body_of(sql) if body is None else body.encode()
    return daemon.client().request("POST", "con", blob, body=body, comp="query", retry=False)


def test_progress_every_4_mib_and_the_end(query):
    data = b"0123456789abcde,0123456789abcde\n" * (10 * MIB // 32)
    query.blob.upload_blob(data, overwrite=True)
    scanned = []
    reader = query.blob.query_blob("SELECT _1 FROM BlobStorage WHERE _1 = 'none'")
    record = reader._process_record

    def seen(result):
        scanned.append(result.get("bytesScanned", result.get("totalBytes")))
        return record(result)
    reader._process_record = seen
    assert reader.readall() == b""
    assert len(reader) == len(data)
    # The SDK reads the first one when it is made.
    assert scanned == [8 * MIB, 10 * MIB, 10 * MIB]


def test_headers(daemon, query):
    query(b"a,b\n", "SELECT * FROM BlobStorage")
    answer = raw(daemon, query.blob.blob_name, "SELECT * FROM BlobStorage")
    assert answer.status == 200
    assert answer.headers["content-type"] == "avro/binary"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers and "content-md5" not in answer.headers
    assert answer.headers["x-ms-blob-type"] == "BlockBlob" and answer.headers["etag"]
    assert answer.body.startswith(b"Obj\x01")


def test_arrow(query):
    schema = [ArrowDialect(ArrowType.INT64, name="id"), ArrowDialect(ArrowType.STRING, name="who"),
              ArrowDialect(ArrowType.DECIMAL, name="height", precision=6, scale=2)]
    answer, errors = query(PEOPLE, "SELECT id, name, height FROM BlobStorage WHERE height <> ''",
                           HEADERS, schema)
    assert errors == []
    assert answer.startswith(b"\xff\xff\xff\xff") and answer.endswith(b"\xff\xff\xff\xff\0\0\0\0")
    table = pyarrow.ipc.open_stream(answer).read_all()
    table.validate(full=True)
    assert table.to_pydict()["who"] == ["Ada", "Grace, Adm."]
    assert [str(d) for d in table.to_pydict()["height"]] == ["1.65", "1.68"]


def test_larger_than_the_memory_it_takes(query):
    """64 MiB through a query that keeps every second line."""
    lines = [b"%07d,%s\n" % (i, b"y" * 100) for i in range(64 * MIB // 109)]
    answer, errors = query(b"".join(lines), "SELECT * FROM BlobStorage WHERE _1 % 2 = 0")
    assert errors == [] and answer == b"".join(lines[::2])


def test_a_client_that_goes_away(daemon, query):
    """What it asked for ends, and those who stay are served."""
    lines = 32 * MIB // 20
    query.blob.upload_blob(b"some line of text,7\n" * lines, overwrite=True)
    client = daemon.client()
    body = body_of("SELECT * FROM BlobStorage")
    target = client.target("con", query.blob.blob_name, comp="query")
    headers = client.signed_headers("POST", target, {"Host": "h"}, len(body))
    head = f"POST {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    for _ in range(16):
        with socket.create_connection(client.address) as sock:
            sock.sendall(head.encode() + b"\r\n" + body)
            assert sock.recv(12) == b"HTTP/1.1 200"
    assert query(None, "SELECT COUNT(*) FROM BlobStorage") == (b"%d\n" % lines, [])


def test_http_1_0_reads_to_the_end(daemon, query):
    query.blob.upload_blob(b"a,b\n" * 1000, overwrite=True)
    client = daemon.client()
    body = body_of("SELECT _2 FROM BlobStorage")
    target = client.target("con", query.blob.blob_name, comp="query")
    headers = client.signed_headers("POST", target, {}, len(body))
    head = f"POST {target} HTTP/1.0\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    with socket.create_connection(client.address) as sock:
        sock.sendall(head.encode() + b"\r\n" + body)
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head and b"Connection: close" in head
    assert rest.startswith(b"Obj\x01") and b"b\n" * 1000 in rest


# What is refused.

@pytest.mark.parametrize("sql", [
    "", "SELECT", "SELECT * FROM Other", "SELECT a FROM BlobStorage", "DROP TABLE BlobStorage",
    "SELECT * FROM BlobStorage ORDER BY _1", "SELECT * FROM BlobStorage GROUP BY _1",
    "SELECT * FROM BlobStorage; SELECT * FROM BlobStorage", "SELECT load_extension('x') FROM BlobStorage",
    "SELECT * FROM BlobStorage WHERE _1 = 'open", "SELECT _1 FROM BlobStorage WHERE",
    "SELECT COUNT(*), SUM(_1) FROM BlobStorage", "SELECT sys.split(5) FROM BlobStorage",
    "SELECT * FROM BlobStorage[*].path", "SELECT * FROM BlobStorage LIMIT -1",
    "SELECT " + ",".join(f"_{i}" for i in range(1, 51)) + " FROM BlobStorage",
    "SELECT " + "(" * 500 + "1" + ")" * 500 + " FROM BlobStorage",
    "SELECT _1 FROM sqlite_master", "SELECT * FROM BlobStorage b JOIN BlobStorage c",
])
def test_what_is_no_query(daemon, sql, query):
    query.blob.upload_blob(b"1,2\n", overwrite=True)
    answer = raw(daemon, query.blob.blob_name, sql)
    assert (answer.status, answer.headers["x-ms-error-code"]) == \
        (400, "ErrorProcessingQueryExpression")


def request(inside, kind="InputSerialization"):
    return f"<QueryRequest><QueryType>SQL</QueryType><Expression>SELECT * FROM BlobStorage" \
           f"</Expression><{kind}><Format>{inside}</Format></{kind}></QueryRequest>"


@pytest.mark.parametrize("body, code", [
    ("", "InvalidXmlDocument"), ("<QueryRequest/>", "MissingRequiredXmlNode"),
    ("<Query/>", "InvalidXmlDocument"),
    ("<QueryRequest><QueryType>NOSQL</QueryType><Expression>x</Expression></QueryRequest>",
     "InvalidXmlNodeValue"),
    (request("<Type>arrow</Type>"), "InvalidXmlNodeValue"),
    (request("<Type>parquet</Type>", "OutputSerialization"), "InvalidXmlNodeValue"),
    (request("<Type>arrow</Type>", "OutputSerialization"), "MissingRequiredXmlNode"),
    (request("<Type>delimited</Type><DelimitedTextConfiguration><FieldQuote>,</FieldQuote>"
             "</DelimitedTextConfiguration>"), "InvalidXmlNodeValue"),
    (request("<Type>delimited</Type><DelimitedTextConfiguration><Odd>,</Odd>"
             "</DelimitedTextConfiguration>"), "UnsupportedXmlNode"),
    (request("x" * 3 * MIB), "RequestBodyTooLarge"),
])
def test_bodies_that_are_refused(daemon, body, code):
    answer = raw(daemon, "hello", None, body=body)
    assert answer.headers["x-ms-error-code"] == code
    assert answer.status == (413 if code == "RequestBodyTooLarge" else 400)


def test_blobs_that_are_not_read(daemon, service, query):
    assert raw(daemon, "query/none", "SELECT * FROM BlobStorage").status == 404
    append = service.get_blob_client("con", "query/append")
    append.create_append_blob()
    answer = raw(daemon, "query/append", "SELECT * FROM BlobStorage")
    assert (answer.status, answer.headers["x-ms-error-code"]) == (409, "InvalidBlobType")
    query.blob.upload_blob(b"1\n", overwrite=True)
    with pytest.raises(HttpResponseError) as refused:
        query(None, "SELECT * FROM BlobStorage", etag="0x1", match_condition=MatchConditions.IfNotModified)
    assert refused.value.status_code == 412
    query.blob.set_standard_blob_tier("Archive")
    answer = raw(daemon, query.blob.blob_name, "SELECT * FROM BlobStorage")
    assert (answer.status, answer.headers["x-ms-error-code"]) == (409, "BlobArchived")


def test_a_snapshot(service, query):
    query.blob.upload_blob(b"old\n", overwrite=True)
    snapshot = query.blob.create_snapshot()["snapshot"]
    query.blob.upload_blob(b"new\n", overwrite=True)
    old = service.get_blob_client("con", query.blob.blob_name, snapshot=snapshot)
    assert old.query_blob("SELECT * FROM BlobStorage").readall() == b"old\n"


def test_records_over_1_mib(query):
    answer, errors = query(b"first\n" + b"x" * (MIB + 1) + b"\nlast\n",
                           "SELECT * FROM BlobStorage")
    assert (answer, errors) == (b"first\n", [(True, "RecordTooLarge", 6)])
    answer, errors = query(b'"never closed\n' + b"x,y\n" * 1000, "SELECT * FROM BlobStorage")
    assert (answer, errors) == (b"", [(True, "ParseError", 0)])
    answer, errors = query(b"[" * 300, "SELECT * FROM BlobStorage", JSON)
    assert errors[0][:2] == (True, "ParseError")


def test_a_pattern_that_would_take_for_ever(query):
    sql = "SELECT * FROM BlobStorage WHERE _1 LIKE '%" + "a" * 100_000 + "b'"
    answer, errors = query(b"a" * (MIB // 2) + b"\nb\n", sql)
    assert (answer, errors) == (b"", [(False, "QueryLimitExceeded", 0)])
