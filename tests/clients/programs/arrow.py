"""PyArrow's AzureFileSystem, on a flat account (path style) and a hierarchical one."""
import os
import pathlib

# user's lines
from pyarrow import fs

place = {"blob_storage_authority": ".blob.gate.test", "dfs_storage_authority": ".dfs.gate.test"}
flat = fs.AzureFileSystem("acct1", account_key=os.environ["AZURE_STORAGE_KEY"], **place)
tree = fs.AzureFileSystem("tree", account_key=os.environ["TREE_KEY"], **place)
# end of the user's lines
import pyarrow  # noqa: E402
from pyarrow import dataset  # noqa: E402

GIVEN = pathlib.Path("given")
FILES = [str(path.relative_to(GIVEN)) for path in GIVEN.rglob("*") if path.is_file()]
for files, top in ((flat, "arrow/up"), (tree, "arrow/start")):
    for name in FILES:
        files.create_dir(str(pathlib.PurePath(f"{top}/{name}").parent), recursive=True)
        with files.open_output_stream(f"{top}/{name}") as stream:
            stream.write((GIVEN / name).read_bytes())
    found = {info.path for info in files.get_file_info(fs.FileSelector(top, recursive=True))
             if info.is_file}
    assert found == {f"{top}/{name}" for name in FILES}, found
for name in FILES:
    target = pathlib.Path("fetched") / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with flat.open_input_file(f"arrow/given/{name}") as stream:
        target.write_bytes(stream.read())
tree.move("arrow/start", "arrow/moved")
assert tree.get_file_info("arrow/start").type == fs.FileType.NotFound
assert flat.get_file_info("arrow/none").type == fs.FileType.NotFound
assert flat.get_file_info("none-such").type == fs.FileType.NotFound

table = pyarrow.table({"number": range(100_000), "part": [n % 4 for n in range(100_000)]})
for files in (flat, tree):
    dataset.write_dataset(table, "arrow/set", filesystem=files, format="parquet",
                          partitioning=["part"], partitioning_flavor="hive")
    again = dataset.dataset("arrow/set", filesystem=files, partitioning="hive")
    assert again.to_table().sort_by("number")["number"] == table["number"]
    assert again.count_rows(filter=dataset.field("part") == 3) == 25_000
    with files.open_input_file("arrow/set/part=0/part-0.parquet") as stream:
        stream.seek(4)
        assert len(stream.read(100)) == 100
    files.delete_dir("arrow/set")
    assert files.get_file_info("arrow/set").type == fs.FileType.NotFound
