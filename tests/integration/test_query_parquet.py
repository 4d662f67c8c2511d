"""Query Blob Contents over Parquet: files that Arrow wrote, in every way that it can, against what
Arrow reads of them; then files that nobody should have written."""
import datetime as dt
import decimal
import json
import random
import socket
import struct

import avro
import blobgate_daemon
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from azure.storage.blob import (ArrowDialect, ArrowType, BlobServiceClient, CustomerProvidedEncryptionKey,
                                DelimitedJsonDialect, DelimitedTextDialect, QuickQueryDialect)

MIB = 1024 * 1024
ROWS = 4000
JSON = DelimitedJsonDialect(delimiter="\n")
ALL = "SELECT * FROM BlobStorage"


def service(daemon, tls=False):
    account = "acct1"
    credential = {"account_name": account, "account_key": blobgate_daemon.ACCOUNTS[account]}
    scheme = "https" if tls else "http"
    return BlobServiceClient(f"{scheme}://127.0.0.1:{daemon.ports[tls]}/{account}",
                             credential=credential, retry_total=0,
                             connection_verify=str(daemon.ca_file))


@pytest.fixture
def ask(daemon, request, tmp_path):
    """Uploads what is written by `write`, runs `sql`: the answer, the names of the errors."""
    blob = service(daemon).get_blob_client("con", f"parquet/{request.node.name}")

    def run(data, sql=ALL, output=JSON):
        if isinstance(data, pa.Table):
            data = written(data)
        if data is not None:
            blob.upload_blob(data, overwrite=True)
        errors = []
        reader = blob.query_blob(sql, blob_format=QuickQueryDialect.Parquet, output_format=output,
                                 on_error=errors.append)
        answer = reader.readall()
        return answer, [(e.is_fatal, e.error) for e in errors]
    run.blob = blob
    return run


def written(table, **options):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def rows(answer):
    return [json.loads(line) for line in answer.decode().splitlines()]


def shown(value):
    """As docs/query.md "Parquet" has it; decimals are looked at where they are tested."""
    if isinstance(value, dt.datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S")
        fraction = f"{value.microsecond:06}".rstrip("0")
        return (f"{text}.{fraction}" if fraction else text) + "Z"
    if isinstance(value, dt.time):
        return value.isoformat().rstrip("0").rstrip(".") if value.microsecond else str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def expected(data):
    table = pq.read_table(pa.BufferReader(data))
    return [{name: shown(value) for name, value in row.items()} for row in table.to_pylist()]


def sometimes(chance, make, count=ROWS):
    return [None if chance.random() < 0.2 else make() for _ in range(count)]


def sample(seed=7):
    """Columns of all physical types, with nulls and without, with few values and many."""
    chance = random.Random(seed)
    words = [chance.randbytes(chance.randrange(12)).hex() for _ in range(300)]
    integers = sometimes(chance, lambda: chance.choice(
        (chance.randrange(100), chance.randrange(-2**63, 2**63))))
    return pa.table({
        "small": pa.array(sometimes(chance, lambda: chance.randrange(-128, 128)), pa.int32()),
        "big": pa.array(integers, pa.int64()),
        "row": pa.array(range(ROWS), pa.int64()),
        "float": pa.array(sometimes(chance, lambda: chance.randrange(1000) / 8), pa.float32()),
        "double": pa.array(sometimes(chance, chance.random), pa.float64()),
        "flag": pa.array(sometimes(chance, lambda: chance.random() < 0.5), pa.bool_()),
        "on": pa.array([i % 9 > 3 for i in range(ROWS)], pa.bool_()),
        "word": pa.array(sometimes(chance, lambda: chance.choice(words)), pa.string()),
        "text": pa.array([f"key-{i:06}-{words[i % 300]}" for i in range(ROWS)], pa.string()),
        "fixed": pa.array(sometimes(chance, lambda: b"%05d" % chance.randrange(10**5)),
                          pa.binary(5)),
        "constant": pa.array(["same"] * ROWS, pa.string()),
        "none": pa.nulls(ROWS, pa.int32()),
    }, schema=pa.schema([
        ("small", pa.int32()), ("big", pa.int64()), pa.field("row", pa.int64(), nullable=False),
        ("float", pa.float32()), ("double", pa.float64()), ("flag", pa.bool_()),
        pa.field("on", pa.bool_(), nullable=False), ("word", pa.string()),
        pa.field("text", pa.string(), nullable=False), ("fixed", pa.binary(5)),
        ("constant", pa.string()), ("none", pa.int32())]))


ENCODINGS = {
    "dictionary": {"use_dictionary": True},
    "fallback": {"use_dictionary": True, "dictionary_pagesize_limit": 600},
    "plain": {"use_dictionary": False},
    "delta": {"use_dictionary": False, "column_encoding": {
        "small": "DELTA_BINARY_PACKED", "big": "DELTA_BINARY_PACKED", "row": "DELTA_BINARY_PACKED",
        "word": "DELTA_LENGTH_BYTE_ARRAY", "text": "DELTA_BYTE_ARRAY", "fixed": "DELTA_BYTE_ARRAY",
        "constant": "DELTA_BYTE_ARRAY", "none": "DELTA_BINARY_PACKED", "flag": "RLE", "on": "RLE"}},
    "streams": {"use_dictionary": False, "column_encoding": {
        "small": "BYTE_STREAM_SPLIT", "big": "BYTE_STREAM_SPLIT", "float": "BYTE_STREAM_SPLIT",
        "double": "BYTE_STREAM_SPLIT", "fixed": "BYTE_STREAM_SPLIT"}},
}


@pytest.mark.parametrize("pages", ["1.0", "2.0"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(ask, encoding, pages):
    for size in (500, MIB):
        data = written(sample(), data_page_version=pages, compression="NONE", data_page_size=size,
                       row_group_size=1500, write_page_checksum=True, **ENCODINGS[encoding])
        used = {e for group in range(3) for column in range(12) for e in
                pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(group).column(column).encodings}
        assert used >= set(ENCODINGS[encoding].get("column_encoding", {}).values())
        answer, errors = ask(data)
        assert errors == []
        assert rows(answer) == expected(data)


@pytest.mark.parametrize("pages", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4"])
def test_compressions(ask, compression, pages):
    data = written(sample(), data_page_version=pages, compression=compression,
                   data_page_size=4000, write_page_checksum=True)
    answer, errors = ask(data)
    assert errors == []
    assert rows(answer) == expected(data)


def test_integers_of_all_widths(ask):
    columns = {}
    for bits in (8, 16, 32, 64):
        signed = [-2**(bits - 1), -1, 0, 1, 2**(bits - 1) - 1, None]
        columns[f"i{bits}"] = pa.array(signed, getattr(pa, f"int{bits}")())
        unsigned = [0, 1, 2**(bits - 1), 2**bits - 1, None, 7]
        columns[f"u{bits}"] = pa.array(unsigned, getattr(pa, f"uint{bits}")())
    data = written(pa.table(columns))
    answer, errors = ask(data)
    # What does not fit an INT is text.
    wanted = [{name: str(v) if v is not None and v >= 2**63 else v for name, v in row.items()}
              for row in expected(data)]
    assert (rows(answer), errors) == (wanted, [])
    assert ask(None, "SELECT u64 FROM BlobStorage WHERE u64 > 9223372036854775806")[0] == \
        b'{"u64":"9223372036854775808"}\n{"u64":"18446744073709551615"}\n'


def test_floats(ask):
    table = pa.table({"f": pa.array([0.1, 1e38, float("nan"), None], pa.float32()),
                      "d": pa.array([0.1, -1e300, float("inf"), None], pa.float64()),
                      "h": pa.array([0.5, -65504.0, 6e-8, None], pa.float16())})
    assert ask(table, output=DelimitedTextDialect()) == \
        (b"0.1,0.1,0.5\n1e+38,-1e+300,-65504\nnan,inf,5.960464477539063e-08\n,,\n", [])
    assert rows(ask(None)[0])[2:] == [{"f": None, "d": None, "h": 5.960464477539063e-08},
                                      {"f": None, "d": None, "h": None}]


@pytest.mark.parametrize("integers", [True, False])
def test_decimals(ask, integers):
    D = decimal.Decimal
    table = pa.table({
        "whole": pa.array([D(12), D(-7), None], pa.decimal128(18, 0)),
        "money": pa.array([D("12.30"), D("-0.01"), None], pa.decimal128(9, 2)),
        "long": pa.array([D("1234567890123456.78"), D("-0.10"), None], pa.decimal128(18, 2)),
        "widest": pa.array([D("1" * 38), D("-" + "9" * 38), None], pa.decimal128(38, 0)),
        "wider": pa.array([D("1" * 70 + ".123456"), D("-0.000001"), None], pa.decimal256(76, 6)),
    })
    data = written(table, store_decimal_as_integer=integers)
    assert ask(data, output=DelimitedTextDialect()) == (
        b"12,12.3,1234567890123456.78," + b"1" * 38 + b"," + b"1" * 70 + b".123456\n"
        b"-7,-0.01,-0.10,-" + b"9" * 38 + b",-0.000001\n,,,,\n", [])
    assert ask(None, "SELECT MAX(money) FROM BlobStorage WHERE whole < 100")[0] == b'{"_1":12.3}\n'
    schema = [ArrowDialect(ArrowType.DECIMAL, name="x", precision=38, scale=2)]
    answer, errors = ask(None, "SELECT long FROM BlobStorage", schema)
    assert errors == []
    assert pa.ipc.open_stream(answer).read_all().column(0).to_pylist() == \
        [D("1234567890123456.78"), D("-0.10"), None]


@pytest.mark.parametrize("old", [False, True])
def test_dates_and_times(ask, old):
    """With the older INT96 as well."""
    at = dt.datetime(2020, 2, 29, 12, 34, 56, 789012)
    long_ago = dt.datetime(1815, 12, 10, 1, 2, 3)
    table = pa.table({
        "date": pa.array([at.date(), dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pa.date32()),
        "ms": pa.array([at.replace(microsecond=789000), long_ago, dt.datetime(9999, 12, 31), None],
                       pa.timestamp("ms")),
        "us": pa.array([at, long_ago, dt.datetime(1, 1, 1), None], pa.timestamp("us", "UTC")),
        "ns": pa.array([at, long_ago, dt.datetime(1969, 12, 31, 23, 59, 59, 999999), None],
                       pa.timestamp("ns")),
        "t32": pa.array([dt.time(12, 34, 56), dt.time(0), dt.time(23, 59, 59, 999000), None],
                        pa.time32("ms")),
        "t64": pa.array([dt.time(12, 34, 56, 1), dt.time(0), dt.time(23, 59, 59, 999999), None],
                        pa.time64("us")),
    })
    if old:
        table = table.select(["ns"])
    data = written(table, use_deprecated_int96_timestamps=old)
    answer, errors = ask(data)
    wanted = [{name: shown(v.replace(tzinfo=None) if isinstance(v, dt.datetime) else v)
               for name, v in row.items()} for row in table.to_pylist()]
    if not old:
        wanted[2]["us"] = "0001-01-01T00:00:00Z"
    assert (rows(answer), errors) == (wanted, [])
    assert ask(None, "SELECT EXTRACT(YEAR FROM ns) AS y FROM BlobStorage WHERE ns < '1900'")[0] == \
        b'{"y":1815}\n'


def test_a_date_that_no_year_has(ask):
    table = pa.table({"n": [1, 2, 3], "t": pa.array([0, 2**62, -2**62], pa.timestamp("ms"))})
    assert ask(table) == (b'{"n":1,"t":"1970-01-01T00:00:00Z"}\n',
                          [(False, "InvalidTypeConversion")] * 2)
    assert ask(None, "SELECT n FROM BlobStorage")[0] == b'{"n":1}\n{"n":2}\n{"n":3}\n'


# The language.

def test_what_the_real_service_answered(ask):
    """Recorded by Microsoft's SDKs, over a file of the same columns."""
    table = pa.table({"id": [0, 1], "name": ["mdifjt55.ea3", "x"], "other": ["mdifjt55.ea3", "y"]})
    assert ask(table, "select * from blobstorage where id < 1;", None) == \
        (b"0,mdifjt55.ea3,mdifjt55.ea3\n", [])


@pytest.mark.parametrize("sql, answer", [
    ("SELECT row FROM BlobStorage WHERE text = 'key-000017-' || ''", None),
    ("SELECT row, _3 FROM BlobStorage WHERE row BETWEEN 1998 AND 1999",
     b'{"row":1998,"_2":1998}\n{"row":1999,"_2":1999}\n'),
    ("SELECT b.ROW FROM BlobStorage AS b LIMIT 1", b'{"ROW":0}\n'),
    ("SELECT COUNT(*) FROM BlobStorage", b'{"_1":4000}\n'),
    ("SELECT COUNT(*) FROM BlobStorage WHERE none IS NULL", b'{"_1":4000}\n'),
    ("SELECT COUNT(none) FROM BlobStorage", b'{"_1":0}\n'),
    ("SELECT SUM(row) FROM BlobStorage", b'{"_1":7998000}\n'),
    ("SELECT 1 + 1 AS two FROM BlobStorage LIMIT 2", b'{"two":2}\n{"two":2}\n'),
    ("SELECT row FROM BlobStorage WHERE on AND row > 3990 LIMIT 1", b'{"row":3991}\n'),
    ("SELECT \"Row\" FROM BlobStorage", "InvalidColumnName"),
    ("SELECT nothing FROM BlobStorage", "InvalidColumnName"),
    ("SELECT _13 FROM BlobStorage", "InvalidColumnName"),
])
def test_queries(ask, sql, answer):
    data = written(sample(), row_group_size=1000)
    if answer is None:
        with pytest.raises(Exception, match="ErrorProcessingQueryExpression"):
            ask(data, sql)
    elif isinstance(answer, str):
        assert ask(data, sql) == (b"", [(True, answer)])
    else:
        assert ask(data, sql) == (answer, [])


@pytest.mark.parametrize("sql", ["SELECT row.x FROM BlobStorage", "SELECT * FROM BlobStorage[*].row",
                                 "SELECT sys.split(10485760) FROM BlobStorage"])
def test_what_is_no_query_of_parquet(ask, sql):
    with pytest.raises(Exception) as caught:
        ask(b"PAR1", sql)
    assert caught.value.error_code == "ErrorProcessingQueryExpression"


def test_nested_columns_are_left_alone(ask):
    table = pa.table({"list": [[1, 2], [3]], "a": [1, 2], "struct": [{"x": 1, "y": 2}] * 2,
                      "map": pa.array([[("k", 1)]] * 2, pa.map_(pa.string(), pa.int32())),
                      "b": ["p", "q"]})
    assert ask(table, "SELECT a, b, _5 FROM BlobStorage") == \
        (b'{"a":1,"b":"p","_3":"p"}\n{"a":2,"b":"q","_3":"q"}\n', [])
    for sql in (ALL, "SELECT list FROM BlobStorage", "SELECT a FROM BlobStorage WHERE struct = 1"):
        assert ask(None, sql) == (b"", [(True, "UnsupportedParquet")])


def test_tables_without_rows_or_columns(ask):
    assert ask(sample().slice(0, 0)) == (b"", [])
    assert ask(None, "SELECT COUNT(*) FROM BlobStorage")[0] == b'{"_1":0}\n'
    assert ask(pa.table({})) == (b"", [])


# How it is read.

def test_only_what_is_needed_is_read(daemon, ask):
    chance = random.Random(1)
    table = pa.table({f"c{i}": [chance.random() for _ in range(100_000)] for i in range(8)}
                     | {"n": range(100_000)})
    data = written(table, use_dictionary=False, compression="NONE", row_group_size=10_000)
    ask.blob.upload_blob(data, overwrite=True)

    def scanned(sql):
        progress = [o["bytesScanned"] for o in avro_of(daemon, ask.blob.blob_name, sql)
                    if "bytesScanned" in o]
        return progress[-1]
    assert scanned("SELECT COUNT(*) FROM BlobStorage") < 100_000
    assert scanned("SELECT n FROM BlobStorage WHERE c3 > 0.5") < len(data) / 3
    assert scanned("SELECT n FROM BlobStorage LIMIT 1") < len(data) / 8
    assert scanned(ALL) == len(data)


def test_blocks_and_encryption(daemon):
    """The columns are read across blocks of a prime length, and decrypted."""
    table = sample(3)
    data = written(table, data_page_size=2000)
    key = CustomerProvidedEncryptionKey(key_value="MDEyMzQ1NjcwMTIzNDU2NzAxMjM0NTY3MDEyMzQ1Njc=",
                                        key_hash="3QFFFpRA5+XANHqwwbT4yXDmrT/2JaLt/FKHjzhOdoE=")
    for cpk in ({}, {"cpk": key}):
        blob = service(daemon, tls=True).get_blob_client("con", "parquet/blocks")
        names = []
        for i, at in enumerate(range(0, len(data), 9973)):
            names.append(f"{i:05}")
            blob.stage_block(names[-1], data[at:at + 9973], **cpk)
        blob.commit_block_list(names, **cpk)
        answer = blob.query_blob(ALL, blob_format=QuickQueryDialect.Parquet, output_format=JSON,
                                 **cpk).readall()
        assert rows(answer) == expected(data)


def test_a_footer_that_is_longer_than_most(ask):
    table = pa.table({f"column {i}": [i] for i in range(3000)})
    data = written(table)
    assert struct.unpack("<I", data[-8:-4])[0] > 100_000
    answer, errors = ask(data)
    assert (rows(answer), errors) == (expected(data), [])


def test_pages_of_many_megabytes(ask):
    text = "0123456789abcdef" * 4096
    table = pa.table({"n": range(400), "t": [f"{i}{text}" for i in range(400)]})
    data = written(table, use_dictionary=False, data_page_size=100 * MIB, compression="ZSTD")
    answer, errors = ask(data, "SELECT n, CHAR_LENGTH(t) AS l FROM BlobStorage")
    assert errors == []
    assert rows(answer) == [{"n": i, "l": len(str(i)) + 65536} for i in range(400)]


# What nobody should have written.

def avro_of(daemon, blob, sql):
    """The objects of an answer that must be whole."""
    body = ("<QueryRequest><QueryType>SQL</QueryType><Expression>" + sql.replace("<", "&lt;") +
            "</Expression><InputSerialization><Format><Type>parquet</Type></Format>"
            "</InputSerialization></QueryRequest>").encode()
    answer = daemon.client().request("POST", "con", blob, body=body, comp="query", retry=False)
    assert answer.status == 200
    objects = avro.read(answer.body)
    assert list(objects[-1]) == ["totalBytes"]
    return objects


def ended(daemon, ask, data, sql=ALL):
    """Names of the fatal errors."""
    daemon.client().put_blob("con", "parquet/hostile", data)
    objects = avro_of(daemon, "parquet/hostile", sql)
    return [o["name"] for o in objects if o.get("fatal")]


def test_what_is_no_parquet(daemon, ask):
    for data in (b"", b"P", b"PAR1", b"PAR1PAR1", b"a,b\n1,2\n" * 100, b'{"a":1}\n' * 100,
                 b"PAR1" + bytes(100) + b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1"):
        assert ended(daemon, ask, data) == ["ParseError"]
    assert ended(daemon, ask, b"PAR1" + bytes(100) + b"PARE") == ["UnsupportedParquet"]


@pytest.mark.parametrize("seed", range(8))
def test_cut_and_flipped(daemon, ask, seed):
    chance = random.Random(seed)
    encoding = list(ENCODINGS.values())[seed % len(ENCODINGS)]
    compression = ["NONE", "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4"][seed % 6]
    data = written(sample(seed).slice(0, 200), data_page_version=["1.0", "2.0"][seed % 2],
                   compression=compression, row_group_size=150, **encoding)
    for _ in range(15):
        assert ended(daemon, ask, data[:chance.randrange(len(data))]) == ["ParseError"]
    footer = len(data) - 8 - struct.unpack("<I", data[-8:-4])[0]
    for _ in range(60):
        broken = bytearray(data)
        # The first bytes of pages, where their headers are, and the footer more than the rest.
        for _ in range(chance.choice((1, 1, 3))):
            at = chance.choice((chance.randrange(len(data)), chance.randrange(footer, len(data))))
            broken[at] = chance.choice((0, 0xFF, 0x7F, broken[at] ^ 1 << chance.randrange(8)))
        ended(daemon, ask, bytes(broken))


def test_checksums(daemon, ask):
    table = pa.table({"a": [b"needle" * 10] * 3})
    data = written(table, use_dictionary=False, compression="NONE", write_page_checksum=True,
                   write_statistics=False)
    assert ended(daemon, ask, data) == []
    assert ended(daemon, ask, data.replace(b"needleneedle", b"needleneedlf", 1)) == ["ParseError"]


def test_a_bomb_of_pages(daemon, ask):
    """Pages of 60 MiB that are next to nothing compressed: one at a time is read, many are not."""
    text = ["x" * 1000] * 60_000
    table = pa.table({f"c{i}": text for i in range(6)})
    data = written(table, use_dictionary=False, data_page_size=100 * MIB, compression="ZSTD",
                   row_group_size=100_000, max_rows_per_page=100_000)
    assert len(data) < MIB
    assert ended(daemon, ask, data) == ["QueryLimitExceeded"]
    assert ended(daemon, ask, data, "SELECT COUNT(*) FROM BlobStorage WHERE c0 = '1'") == []


def test_a_client_that_goes_away(daemon, ask):
    """What it asked for ends: 30 million rows in a few kilobytes, which nobody waits for."""
    table = pa.table({"n": pa.nulls(1_000_000, pa.int32())})
    data = written(pa.concat_tables([table] * 30), row_group_size=1_000_000)
    daemon.client().put_blob("con", "parquet/hostile", data)
    client = daemon.client()
    body = ("<QueryRequest><QueryType>SQL</QueryType><Expression>SELECT COUNT(*) FROM BlobStorage "
            "WHERE n = 1</Expression><InputSerialization><Format><Type>parquet</Type></Format>"
            "</InputSerialization></QueryRequest>").encode()
    target = client.target("con", "parquet/hostile", comp="query")
    head = f"POST {target} HTTP/1.1\r\n" + "".join(
        f"{k}: {v}\r\n" for k, v in
        client.signed_headers("POST", target, {"Host": "h"}, len(body)).items())
    for _ in range(8):
        with socket.create_connection(client.address) as sock:
            sock.sendall(head.encode() + b"\r\n" + body)
            assert sock.recv(12) == b"HTTP/1.1 200"
    assert ask(sample(), "SELECT COUNT(*) FROM BlobStorage")[0] == b'{"_1":4000}\n'
