"""Calls what azure-storage-file-datalake offers for directories and files, checked for what it
does. Called by tests/clients/run.py."""
import os
import uuid
from datetime import datetime, timedelta, timezone

import lake
from checks import checked, code_of, finish

from azure.core import MatchConditions
from azure.storage.filedatalake import (ContentSettings, DelimitedTextDialect,
                                        generate_file_system_sas)

svc = lake.service()
fs = svc.create_file_system(lake.new_name())
SPECIAL = "näme with space+%#?&="


@checked
def directories():
    home = fs.create_directory("home", metadata={"a": "1"})
    assert home.exists() and not fs.get_directory_client("other").exists()
    found = home.get_directory_properties()
    assert found.metadata == {"a": "1", "hdi_isfolder": "true"}, found.metadata
    home.set_metadata({"b": "2"})
    assert home.get_directory_properties().metadata == {"b": "2", "hdi_isfolder": "true"}
    assert home.get_directory_properties().etag != found.etag
    home.set_http_headers(ContentSettings(cache_control="no-store"))
    as_file = fs.get_file_client("home").get_file_properties()
    assert as_file.content_settings.cache_control == "no-store"
    deep = home.create_sub_directory(SPECIAL)
    deep.create_file("file").upload_data(b"content", overwrite=True)
    assert home.get_sub_directory_client(SPECIAL).get_file_client("file").exists()
    assert lake.listed(fs) == ["home/", f"home/{SPECIAL}/", f"home/{SPECIAL}/file"]
    assert lake.listed(fs, recursive=False) == ["home/"]
    home.delete_sub_directory(SPECIAL)
    assert lake.listed(fs) == ["home/"]
    assert code_of(lambda: home.delete_sub_directory(SPECIAL)) == "PathNotFound"
    home.delete_directory()
    assert not home.exists()
    again = svc.get_directory_client(fs.file_system_name, "made/of itself")
    again.create_directory()
    fs.delete_directory("made")
    assert not again.exists()


@checked
def what_is_listed():
    top = fs.create_directory("listed")
    for path in ("b/2", "a", "b/1", "c"):
        lake.put(top, path, path.encode())
    everything = ["listed/a", "listed/b/", "listed/b/1", "listed/b/2", "listed/c"]
    assert lake.listed(top) == everything
    assert lake.listed(fs, "listed") == everything
    assert lake.listed(top, recursive=False) == ["listed/a", "listed/b/", "listed/c"]
    pages = [[p.name for p in page] for page in top.get_paths(max_results=2).by_page()]
    assert [len(p) for p in pages] == [2, 2, 1] and sum(pages, []) == [
        p.rstrip("/") for p in everything]
    found = next(p for p in fs.get_paths("listed/b") if p.name.endswith("1"))
    assert (found.content_length, found.owner, found.permissions) == (
        3, "$superuser", "rw-r-----"), found
    assert found.etag and found.last_modified and found.creation_time
    assert code_of(lambda: lake.listed(fs, "none")) == "PathNotFound"
    assert lake.listed(top, start_from="c") == ["listed/c"]
    assert lake.listed(fs, "listed", start_from="c") == ["listed/c"]


@checked
def directories_renamed():
    old = fs.create_directory("before")
    lake.put(old, f"{SPECIAL}/file", b"moved")
    # What follows a question mark in the new name would be a SAS.
    new = old.rename_directory(f"{fs.file_system_name}/after {SPECIAL}".replace("?", ""))
    assert not old.exists() and new.exists()
    assert new.get_file_client(f"{SPECIAL}/file").download_file().readall() == b"moved"
    fs.create_file("full/file")
    assert code_of(lambda: new.rename_directory(f"{fs.file_system_name}/full")) == (
        "DirectoryNotEmpty")
    assert code_of(lambda: new.rename_directory(f"{fs.file_system_name}/no/where")) == (
        "RenameDestinationParentPathNotFound")
    assert code_of(lambda: old.rename_directory(f"{fs.file_system_name}/x")) == (
        "SourcePathNotFound")


@checked
def renamed_to_another_filesystem():
    other = svc.create_file_system(lake.new_name())
    old = fs.create_directory("moves")
    lake.put(old, f"{SPECIAL}/file", b"moved")
    new = old.rename_directory(f"{other.file_system_name}/moves")
    assert new.file_system_name == other.file_system_name and new.exists() and not old.exists()
    assert lake.listed(other) == ["moves/", f"moves/{SPECIAL}/", f"moves/{SPECIAL}/file"]
    file = new.get_file_client(f"{SPECIAL}/file")
    back = file.rename_file(f"{fs.file_system_name}/moved back")
    assert back.download_file().readall() == b"moved" and not file.exists()
    assert code_of(lambda: file.rename_file(f"{fs.file_system_name}/x")) == "SourcePathNotFound"
    assert code_of(lambda: back.rename_file(f"{lake.new_name()}/x")) == "FilesystemNotFound"
    # With a SAS for each filesystem: the client's own follows the source.
    own, others = (generate_file_system_sas(lake.ACCOUNT, name, lake.KEY, "racwdlm", lake.soon())
                   for name in (fs.file_system_name, other.file_system_name))
    by_sas = lake.service(own).get_file_client(fs.file_system_name, "moved back")
    by_sas.rename_file(f"{other.file_system_name}/by sas?{others}")
    assert other.get_file_client("by sas").download_file().readall() == b"moved"
    svc.delete_file_system(other.file_system_name)


@checked
def files():
    file = fs.create_file("files/f", metadata={"a": "1"}, permissions="rwxrwxrwx", umask="0000",
                          content_settings=ContentSettings(content_type="text/x"))
    found = file.get_file_properties()
    assert (found.size, found.metadata, found.content_settings.content_type) == (
        0, {"a": "1"}, "text/x")
    assert file.get_access_control()["permissions"] == "rwxrwxrwx"
    file.set_metadata({"b": "2"})
    file.set_http_headers(ContentSettings(content_type="text/y", content_language="de"))
    found = file.get_file_properties()
    assert (found.metadata, found.content_settings.content_type,
            found.content_settings.content_language) == ({"b": "2"}, "text/y", "de")
    assert file.exists()
    file.delete_file()
    assert not file.exists()
    assert code_of(file.delete_file) == "PathNotFound"
    file.create_file()
    fs.delete_file("files/f")
    assert not file.exists()
    assert code_of(lambda: fs.create_file("files")) == "ResourceTypeMismatch"


@checked
def appends_and_flushes():
    file, data = fs.get_file_client("appended"), os.urandom(300_000)
    file.create_file()
    file.append_data(data[200_000:], 200_000)
    file.append_data(data[:200_000], 0, validate_content=True)
    assert file.get_file_properties().size == 0
    file.flush_data(200_000, retain_uncommitted_data=True)
    assert file.get_file_properties().size == 200_000
    file.flush_data(300_000, content_settings=ContentSettings(content_type="text/z"), close=True)
    found = file.get_file_properties()
    assert (found.size, found.content_settings.content_type) == (300_000, "text/z")
    assert file.download_file().readall() == data
    assert file.download_file(5, 100).readall() == data[5:105]
    file.append_data(b"end", 300_000, flush=True)
    assert file.download_file(300_000).readall() == b"end"
    assert code_of(lambda: file.flush_data(300_010)) == "InvalidFlushPosition"


@checked
def uploads():
    file, data = fs.get_file_client(f"uploads/{SPECIAL}"), os.urandom(1_500_000)
    file.upload_data(data, chunk_size=1 << 19, metadata={"a": "1"}, max_concurrency=2,
                     overwrite=True)
    assert file.download_file(max_concurrency=2).readall() == data
    assert file.get_file_properties().metadata == {"a": "1"}
    assert code_of(lambda: file.upload_data(b"other")) == "ConditionNotMet"
    file.upload_data(iter([b"piece ", b"by piece"]), length=14, overwrite=True)
    assert file.download_file().readall() == b"piece by piece"
    etag = file.get_file_properties().etag
    file.set_metadata({"c": "3"})
    assert code_of(lambda: file.upload_data(
        b"x", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)) == (
            "ConditionNotMet")


@checked
def files_renamed():
    old = fs.create_file("old")
    old.upload_data(b"content", overwrite=True, metadata={"a": "1"})
    fs.create_file("new")
    new = old.rename_file(f"{fs.file_system_name}/new")
    assert not old.exists()
    assert new.download_file().readall() == b"content"
    assert new.get_file_properties().metadata == {"a": "1"}


@checked
def expiry():
    file = fs.create_file("expiring")
    at = (datetime.now(timezone.utc) + timedelta(hours=2)).replace(microsecond=0)
    file.set_file_expiry("Absolute", at)
    found = file.get_file_properties().expiry_time
    assert found.replace(tzinfo=timezone.utc) == at, found
    file.set_file_expiry("RelativeToNow", 3_600_000)
    assert file.get_file_properties().expiry_time
    file.set_file_expiry("NeverExpire")
    assert not file.get_file_properties().expiry_time


@checked
def tags():
    file = fs.create_file("tagged")
    file.set_tags({"run": "1", "size": "2"})
    assert file.get_tags() == {"run": "1", "size": "2"}
    file.set_tags({})
    assert file.get_tags() == {}
    home = fs.create_directory("tagged-directory")
    home.set_tags({"run": "3"})
    assert home.get_tags() == {"run": "3"}


@checked
def queries():
    file = lake.put(fs, "table", b"name,size\na,1\nb,2\nc,3\n")
    dialect = DelimitedTextDialect(has_header=True)
    found = file.query_file("SELECT name from DataLakeStorage WHERE CAST(size AS INT) > 1",
                            file_format=dialect)
    assert found.readall().split() == [b"name", b"b", b"c"]


@checked
def leases():
    file, home = fs.create_file("leased"), fs.create_directory("leased-directory")
    home.create_file("f")
    for path in (file, home):
        lease = path.acquire_lease(15)
        lease.renew()
        changed = str(uuid.uuid4())
        lease.change(changed)
        assert lease.id == changed
        delete = path.delete_file if path is file else path.delete_directory
        assert code_of(delete) == "LeaseIdMissing"
        assert code_of(lambda: path.set_metadata({"a": "1"})) == "LeaseIdMissing"
        path.set_metadata({"a": "1"}, lease=lease)
        lease.release()
        lease.acquire(-1)
        assert 0 < lease.break_lease(30) <= 30
        assert lease.break_lease(0) == 0
        delete()
        assert not path.exists()


fs.delete_file_system()
finish()
