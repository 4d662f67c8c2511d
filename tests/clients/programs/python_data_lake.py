"""Files and directories of a hierarchical account by the Python SDK."""
import os
import pathlib

# user's lines
from azure.storage.filedatalake import DataLakeServiceClient

key = os.environ["TREE_KEY"]
lake = DataLakeServiceClient("https://tree.dfs.gate.test", connection_verify="ca.pem",
                             credential={"account_name": "tree", "account_key": key})
# end of the user's lines
GIVEN = pathlib.Path("given")
system = lake.get_file_system_client("python-sdk")
system.create_directory("start/inner")
for path in GIVEN.rglob("*"):
    if path.is_file():
        client = system.get_file_client(f"start/{path.relative_to(GIVEN)}")
        client.create_file()  # upload_data sends nothing for an empty file
        with open(path, "rb") as stream:
            client.upload_data(stream, overwrite=True, chunk_size=1 << 20)
names = sorted(path.name for path in system.get_paths("start") if not path.is_directory)
assert names == sorted(f"start/{path.relative_to(GIVEN)}" for path in GIVEN.rglob("*")
                       if path.is_file()), names
start = system.get_directory_client("start")
start.set_access_control(acl="user::rwx,group::r-x,other::r--")
assert start.get_access_control()["acl"] == "user::rwx,group::r-x,other::r--"
moved = start.rename_directory("python-sdk/moved")
assert not start.exists() and moved.exists()
for path in GIVEN.rglob("*"):
    if path.is_file():
        found = system.get_file_client(f"moved/{path.relative_to(GIVEN)}").download_file()
        assert found.readall() == path.read_bytes(), path
appended = system.get_file_client("log")
appended.create_file()
for index in range(5):
    appended.append_data(b"line\n", index * 5)
appended.flush_data(25)
assert appended.download_file().readall() == b"line\n" * 5
system.delete_file("log")
