"""Polars over HTTP in path style."""
import os

# user's lines
import polars

options = {"azure_storage_account_name": "acct1",
           "azure_storage_account_key": os.environ["AZURE_STORAGE_KEY"],
           "azure_storage_endpoint": "http://127.0.0.1:10000/acct1",
           "azure_allow_http": "true"}
frame = polars.DataFrame({"number": range(300_000), "group": [n % 7 for n in range(300_000)]})
frame.write_parquet("az://polars/frame.parquet", storage_options=options)
lazy = polars.scan_parquet("az://polars/frame.parquet", storage_options=options)
# end of the user's lines
found = lazy.filter(polars.col("number") >= 299_990).select("number").collect()
assert found["number"].to_list() == list(range(299_990, 300_000))
assert polars.read_parquet("az://polars/frame.parquet", storage_options=options).equals(frame)
sums = lazy.group_by("group").agg(polars.col("number").sum()).sort("group").collect()
assert sums.equals(frame.group_by("group").agg(polars.col("number").sum()).sort("group"))
for index in range(5):
    frame.slice(index * 1000, 1000).write_parquet(f"az://polars/parts/ü {index}.parquet",
                                                  storage_options=options)
parts = polars.scan_parquet("az://polars/parts/*.parquet", storage_options=options).collect()
assert parts.sort("number").equals(frame.head(5000)), parts.height
lazy.sink_ipc("az://polars/frame.arrow", storage_options=options)
assert polars.scan_ipc("az://polars/frame.arrow", storage_options=options).collect().equals(frame)
lazy.sink_csv("az://polars/frame.csv", storage_options=options)
assert polars.read_csv("az://polars/frame.csv", storage_options=options).equals(frame)
