"""pandas, Dask and fsspec on adlfs, by connection string and by host name."""
import os
import pathlib

# user's lines
import adlfs
import pandas

key = os.environ["AZURE_STORAGE_KEY"]
options = {"connection_string": "DefaultEndpointsProtocol=http;AccountName=acct1;"
           f"AccountKey={key};BlobEndpoint=http://127.0.0.1:10000/acct1;"}
frame = pandas.DataFrame({"number": range(50_000), "text": "some text"})
frame.to_parquet("abfs://adlfs/frames/one.parquet", storage_options=options)
again = pandas.read_parquet("abfs://adlfs/frames/one.parquet", storage_options=options)
files = adlfs.AzureBlobFileSystem(**options)
# end of the user's lines
import dask.dataframe  # noqa: E402

GIVEN = pathlib.Path("given")
pandas.testing.assert_frame_equal(frame, again)
frame.to_csv("abfs://adlfs/frames/one.csv", storage_options=options, index=False)
again = pandas.read_csv("abfs://adlfs/frames/one.csv", storage_options=options)
pandas.testing.assert_frame_equal(frame, again)

dask.dataframe.from_pandas(frame, npartitions=8).to_parquet("abfs://adlfs/dask",
                                                            storage_options=options)
parts = dask.dataframe.read_parquet("abfs://adlfs/dask", storage_options=options)
assert parts.number.sum().compute() == frame.number.sum()
assert len(files.glob("adlfs/dask/part.*.parquet")) == 8

for path in GIVEN.rglob("*"):
    if path.is_file():
        files.put_file(str(path), f"adlfs/up/{path.relative_to(GIVEN)}")
files.get("adlfs/given/", "fetched/", recursive=True)
found = sorted(name.removeprefix("adlfs/up/") for name in files.find("adlfs/up"))
assert found == sorted(str(path.relative_to(GIVEN)) for path in GIVEN.rglob("*")
                       if path.is_file()), found
with files.open("adlfs/up/dir/blocks.bin", "rb", block_size=1 << 20) as stream:
    stream.seek(5 << 20)
    assert stream.read(1000) == (GIVEN / "dir/blocks.bin").read_bytes()[5 << 20:][:1000]
with files.open("adlfs/written.bin", "wb", block_size=1 << 20) as stream:
    for index in range(300):
        stream.write(bytes([index % 256]) * 10_000)
assert files.info("adlfs/written.bin")["size"] == 3_000_000
files.mv("adlfs/written.bin", "adlfs/renamed.bin")
assert not files.exists("adlfs/written.bin") and files.exists("adlfs/renamed.bin")
assert files.cat_file("adlfs/renamed.bin", start=2_999_998) == bytes([299 % 256]) * 2
for index in range(300):
    files.pipe_file(f"adlfs/doomed/{index}", b"x")
files.rm("adlfs/doomed", recursive=True)
files.invalidate_cache()
assert not files.exists("adlfs/doomed"), files.ls("adlfs/doomed")
