"""DuckDB over HTTP in path style."""
import os

# user's lines
import duckdb
from duckdb_extensions import import_extension

import_extension("azure")
database = duckdb.connect()
database.execute("LOAD azure")
database.execute(f"""CREATE SECRET (TYPE azure, CONNECTION_STRING
    'DefaultEndpointsProtocol=http;AccountName=acct1;AccountKey={os.environ["AZURE_STORAGE_KEY"]};'
    'BlobEndpoint=http://127.0.0.1:10000/acct1;')""".replace("'\n    '", ""))
database.execute("""COPY (SELECT range AS number, range % 4 AS part FROM range(300000))
    TO 'az://duckdb/frame.parquet'""")
total = database.sql("SELECT sum(number) FROM 'az://duckdb/frame.parquet'").fetchone()
# end of the user's lines
assert total == (sum(range(300_000)),), total
found = database.sql("SELECT number FROM 'az://duckdb/frame.parquet' WHERE number >= 299998 "
                     "ORDER BY number").fetchall()
assert found == [(299_998,), (299_999,)], found
database.execute("COPY (FROM 'az://duckdb/frame.parquet') TO 'az://duckdb/parts' "
                 "(FORMAT parquet, PARTITION_BY (part))")
counts = database.sql("SELECT part, count(*) FROM read_parquet('az://duckdb/parts/*/*.parquet', "
                      "hive_partitioning = true) GROUP BY part ORDER BY part").fetchall()
assert counts == [(part, 75_000) for part in range(4)], counts
database.execute("COPY (FROM range(1000)) TO 'az://duckdb/numbers.csv' (HEADER)")
rows = database.sql("SELECT count(*), sum(range) FROM 'az://duckdb/numbers.csv'").fetchone()
assert rows == (1000, 499_500), rows
sizes = database.sql("SELECT filename, octet_length(content) FROM "
                     "read_blob('az://duckdb/given/dir/*.txt') ORDER BY filename").fetchall()
assert sizes == [("az://duckdb/given/dir/a+b & c=d.txt", 17),
                 ("az://duckdb/given/dir/plain.txt", 5000)], sizes
