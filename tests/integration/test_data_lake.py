"""The dfs face through azure-storage-file-datalake, and what the Blob face shows of the same names."""
from __future__ import annotations

import datetime
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (HttpResponseError, ResourceExistsError, ResourceModifiedError,
                                   ResourceNotFoundError)
from azure.storage.blob import BlobBlock
from azure.storage.filedatalake import ContentSettings, DataLakeFileClient

import azure_auth
import blobgate_daemon
import data_lake


@pytest.fixture(scope="module", autouse=True)
def names():
    with data_lake.resolved_names():
        yield


@pytest.fixture
def filesystem(daemon):
    client = data_lake.service(daemon).create_file_system("fs-" + uuid.uuid4().hex)
    yield client
    client.delete_file_system()


@pytest.fixture
def flat(daemon):
    client = data_lake.service(daemon, "acct1").create_file_system("fs-" + uuid.uuid4().hex)
    yield client
    client.delete_file_system()


@pytest.fixture
def container(daemon, filesystem):
    return data_lake.blob_service(daemon).get_container_client(filesystem.file_system_name)


def upload(filesystem, path: str, data: bytes = b"data") -> DataLakeFileClient:
    file = filesystem.get_file_client(path)
    file.upload_data(data, overwrite=True)
    return file


def listed(filesystem, path: str | None = None, recursive: bool = True) -> list[str]:
    return [entry.name + ("/" if entry.is_directory else "")
            for entry in filesystem.get_paths(path, recursive=recursive)]


def code_of(refused) -> str:
    return refused.value.response.headers["x-ms-error-code"]


class TestFilesystems:
    def test_properties_and_metadata(self, daemon):
        service = data_lake.service(daemon)
        name = "fs-" + uuid.uuid4().hex
        client = service.create_file_system(name, metadata={"a": "1"})
        with pytest.raises(ResourceExistsError):
            service.create_file_system(name)
        client.set_file_system_metadata({"b": "2"})
        assert client.get_file_system_properties().metadata == {"b": "2"}
        assert name in [entry.name for entry in service.list_file_systems()]
        client.delete_file_system()
        with pytest.raises(ResourceNotFoundError):
            client.get_file_system_properties()

    def test_dfs_requests(self, daemon):
        """What ABFS and AzCopy send on the dfs host itself."""
        ask = data_lake.Raw(daemon, "tree")
        name = "raw-" + uuid.uuid4().hex
        made = ask("PUT", f"/{name}?resource=filesystem", {"x-ms-properties": "k=dmFsdWU="})
        assert (made.status, made.headers["x-ms-namespace-enabled"]) == (201, "true")
        again = ask("PUT", f"/{name}?resource=filesystem")
        assert again.status == 409
        assert again.json()["error"]["code"] == "FilesystemAlreadyExists"
        assert again.headers["content-type"] == "application/json;charset=utf-8"
        head = ask("HEAD", f"/{name}?resource=filesystem")
        assert head.headers["x-ms-properties"] == "k=dmFsdWU="
        assert ask("PATCH", f"/{name}?resource=filesystem", {"x-ms-properties": ""}).status == 200
        assert ask("HEAD", f"/{name}?resource=filesystem").headers["x-ms-properties"] == ""
        listing = ask("GET", f"/?resource=account&prefix={name}").json()
        assert [entry["name"] for entry in listing["filesystems"]] == [name]
        root = ask("HEAD", f"/{name}/?action=getAccessControl&upn=false")
        assert (root.status, root.headers["x-ms-permissions"]) == (200, "rwxr-x---")
        assert ask("DELETE", f"/{name}?resource=filesystem").status == 202
        gone = ask("HEAD", f"/{name}?resource=filesystem")
        assert (gone.status, gone.headers["x-ms-error-code"]) == (404, "FilesystemNotFound")

    @pytest.mark.parametrize("method, target, status, code", [
        ("GET", "/", 400, "MissingRequiredQueryParameter"),
        ("PATCH", "/filesys/path", 400, "MissingRequiredQueryParameter"),
        ("PATCH", "/filesys/path?action=dance", 400, "InvalidQueryParameterValue"),
        ("PUT", "/filesys/path?resource=pipe", 400, "InvalidQueryParameterValue"),
        ("PUT", "/filesys/path", 400, "MissingRequiredQueryParameter"),
        ("GET", "/filesys?resource=filesystem", 400, "MissingRequiredQueryParameter"),
        ("GET", "/filesys?resource=filesystem&recursive=maybe", 400, "InvalidQueryParameterValue"),
        ("GET", "/filesys?resource=filesystem&recursive=true&maxResults=-1", 400,
         "OutOfRangeQueryParameterValue"),
        ("GET", "/filesys?resource=filesystem&recursive=true&maxResults=0", 400,
         "OutOfRangeQueryParameterValue"),
        ("GET", "/filesys?resource=filesystem&recursive=true&continuation=%21", 400,
         "InvalidQueryParameterValue"),
        ("GET", "/filesys?resource=filesystem&recursive=true&directory=%03x", 400, "InvalidUri"),
        ("PATCH", "/filesys/path?action=append", 400, "MissingRequiredQueryParameter"),
        ("PATCH", "/filesys/path?action=append&position=-1", 400, "InvalidQueryParameterValue"),
        ("PATCH", "/filesys/path?action=flush&position=99999999999999999999", 400,
         "InvalidQueryParameterValue"),
        ("POST", "/filesys?resource=filesystem", 405, "UnsupportedHttpVerb"),
        ("GET", "/nofs/path", 404, "FilesystemNotFound"),
    ])
    def test_refusals(self, daemon, method, target, status, code):
        answer = data_lake.Raw(daemon, "tree")(method, target)
        assert (answer.status, answer.json()["error"]["code"]) == (status, code)

    @pytest.mark.parametrize("source,code", [
        ("", "InvalidSourceUri"), ("f", "InvalidSourceUri"), ("/f", "InvalidSourceUri"),
        ("/{0}/%zz", "InvalidSourceUri"), ("/elsewhere/f", "SourcePathNotFound"),
        ("/{0}/", "InvalidRenameSourcePath"), ("/{0}/nothere", "SourcePathNotFound"),
    ])
    def test_sources_of_renames(self, daemon, filesystem, source, code):
        name = filesystem.file_system_name
        answer = data_lake.Raw(daemon, "tree")(
            "PUT", f"/{name}/to", {"x-ms-rename-source": source.format(name)})
        assert answer.json()["error"]["code"] == code


class TestPaths:
    def test_file_from_both_sides(self, filesystem, container):
        file = upload(filesystem, "a/b/file.txt", b"hello")
        assert file.download_file().readall() == b"hello"
        assert listed(filesystem) == ["a/", "a/b/", "a/b/file.txt"]
        blob = container.get_blob_client("a/b/file.txt")
        assert blob.download_blob().readall() == b"hello"
        directory = container.get_blob_client("a/b").get_blob_properties()
        assert (directory.size, directory.metadata) == (0, {"hdi_isfolder": "true"})
        container.upload_blob("c/d/blob", b"from blob")
        assert filesystem.get_file_client("c/d/blob").download_file().readall() == b"from blob"
        assert filesystem.get_directory_client("c/d").exists()

    def test_properties(self, filesystem):
        settings = ContentSettings(content_type="text/x", cache_control="no-store",
                                   content_language="de")
        file = filesystem.create_file("f", metadata={"m": "v"}, content_settings=settings)
        properties = file.get_file_properties()
        assert properties.metadata == {"m": "v"}
        assert properties.content_settings.content_type == "text/x"
        assert properties.content_settings.content_language == "de"
        file.set_metadata({"n": "w"})
        file.set_http_headers(ContentSettings(content_type="text/y"))
        properties = file.get_file_properties()
        assert (properties.metadata, properties.content_settings.content_type) == (
            {"n": "w"}, "text/y")

    def test_directory_metadata(self, filesystem):
        directory = filesystem.create_directory("d", metadata={"m": "v"})
        found = directory.get_directory_properties()
        assert found.metadata == {"m": "v", "hdi_isfolder": "true"}
        directory.set_metadata({"n": "w", "hdi_isfolder": "true"})
        assert directory.get_directory_properties().metadata == {"n": "w", "hdi_isfolder": "true"}

    def test_create_again(self, filesystem):
        directory = filesystem.create_directory("d")
        upload(filesystem, "d/f")
        directory.create_directory()
        assert listed(filesystem) == ["d/", "d/f"]
        with pytest.raises(ResourceExistsError) as refused:
            directory.create_directory(match_condition=MatchConditions.IfMissing)
        assert code_of(refused) == "PathAlreadyExists"
        for path, make in (("d", filesystem.create_file), ("d/f", filesystem.create_directory)):
            with pytest.raises(HttpResponseError) as refused:
                make(path)
            assert (refused.value.status_code, code_of(refused)) == (409, "ResourceTypeMismatch")
        with pytest.raises(HttpResponseError) as refused:
            filesystem.create_file("d/f/below")
        assert code_of(refused) == "PathConflict"
        assert filesystem.create_file("d/f").get_file_properties().size == 0

    def test_listing_order_and_pages(self, filesystem):
        for path in ("a/z", "a.txt", "a-b/c", "b/x/deep", "b/y", "c"):
            upload(filesystem, path)
        every = ["a/", "a/z", "a-b/", "a-b/c", "a.txt", "b/", "b/x/", "b/x/deep", "b/y", "c"]
        assert listed(filesystem) == every
        for size in (1, 2, 3, 7):
            pages = filesystem.get_paths(recursive=True, max_results=size).by_page()
            names = [[p.name for p in page] for page in pages]
            assert [name for page in names for name in page] == [n.rstrip("/") for n in every]
            assert all(len(page) <= size for page in names)
        assert listed(filesystem, recursive=False) == ["a/", "a-b/", "a.txt", "b/", "c"]
        assert listed(filesystem, "b") == ["b/x/", "b/x/deep", "b/y"]
        assert listed(filesystem, "b", recursive=False) == ["b/x/", "b/y"]
        with pytest.raises(ResourceNotFoundError) as refused:
            listed(filesystem, "nowhere")
        assert code_of(refused) == "PathNotFound"

    def test_blob_listings(self, filesystem, container):
        for path in ("a/z", "a.txt", "b/x/deep", "b/y"):
            upload(filesystem, path)
        names = [blob.name for blob in container.list_blobs()]
        assert names == ["a", "a/z", "a.txt", "b", "b/x", "b/x/deep", "b/y"]
        assert [b.name for b in container.list_blobs("b/")] == ["b/x", "b/x/deep", "b/y"]
        assert [b.name for b in container.list_blobs("b/x/d")] == ["b/x/deep"]
        assert [b.name for b in container.list_blobs("nowhere/")] == []
        # The SDK gives all prefixes of a page first.
        assert [b.name for b in container.walk_blobs()] == ["a/", "b/", "a.txt"]
        assert [b.name for b in container.walk_blobs("b/")] == ["b/x/", "b/y"]
        paged = [b.name for page in container.list_blobs(results_per_page=2).by_page() for b in page]
        assert paged == names

    def test_a_page_goes_on_where_its_directory_was(self, filesystem):
        for path in ("a/1", "a/2", "b/1", "c"):
            upload(filesystem, path)
        pages = filesystem.get_paths(recursive=True, max_results=2).by_page()
        assert [p.name for p in next(pages)] == ["a", "a/1"]
        filesystem.get_directory_client("a").rename_directory(
            filesystem.file_system_name + "/z")
        assert [p.name for page in pages for p in page] == ["b", "b/1", "c", "z", "z/1", "z/2"]

    def test_delete(self, filesystem, container):
        upload(filesystem, "d/e/f")
        ask = filesystem.get_directory_client("d")
        with pytest.raises(HttpResponseError) as refused:
            container.delete_blob("d")
        assert (refused.value.status_code, code_of(refused)) == (409, "DirectoryIsNotEmpty")
        ask.delete_directory()
        assert listed(filesystem) == []
        upload(filesystem, "d/e/g")
        assert listed(filesystem) == ["d/", "d/e/", "d/e/g"]
        container.delete_blob("d/e/g")
        container.delete_blob("d/e")
        assert listed(filesystem) == ["d/"]
        with pytest.raises(ResourceNotFoundError):
            filesystem.get_file_client("d/e/g").delete_file()

    def test_delete_needs_recursive(self, daemon, filesystem):
        upload(filesystem, "d/f")
        answer = data_lake.Raw(daemon, "tree")("DELETE",
                                     f"/{filesystem.file_system_name}/d?recursive=false")
        assert (answer.status, answer.json()["error"]["code"]) == (409, "DirectoryNotEmpty")

    def test_put_blob_makes_a_directory(self, filesystem, container):
        container.upload_blob("p/q", b"", metadata={"hdi_isfolder": "true", "m": "v"})
        assert listed(filesystem) == ["p/", "p/q/"]
        upload(filesystem, "p/q/r")
        with pytest.raises(ResourceExistsError) as refused:
            container.upload_blob("p/q", b"bytes", overwrite=True)
        assert code_of(refused) == "ResourceTypeMismatch"

    def test_a_directory_takes_the_place_of_uncommitted_blocks(self, filesystem, container):
        container.get_blob_client("p").stage_block("AAAA", b"never committed")
        filesystem.create_directory("p")
        upload(filesystem, "p/f")
        filesystem.get_directory_client("p").rename_directory(filesystem.file_system_name + "/q")
        assert listed(filesystem) == ["q/", "q/f"]

    def test_what_is_not_supported(self, filesystem, container):
        upload(filesystem, "f")
        blob = container.get_blob_client("f")
        for refused_call in (blob.create_snapshot,
                             lambda: container.get_blob_client("page").create_page_blob(512)):
            with pytest.raises(HttpResponseError) as refused:
                refused_call()
            assert code_of(refused) == "FeatureNotYetSupportedForHierarchicalNamespaceAccounts"
        for bad in ("a//b", "a/../b", "x" * 256):
            with pytest.raises(HttpResponseError):
                filesystem.create_file(bad)


class TestRename:
    def rename(self, filesystem, old: str, new: str, **conditions):
        filesystem.get_directory_client(old).rename_directory(
            f"{filesystem.file_system_name}/{new}", **conditions)

    def test_directory(self, filesystem, container):
        upload(filesystem, "d/e/f", b"content")
        filesystem.create_directory("other")
        self.rename(filesystem, "d", "other/moved")
        assert listed(filesystem) == ["other/", "other/moved/", "other/moved/e/",
                                      "other/moved/e/f"]
        assert container.get_blob_client("other/moved/e/f").download_blob().readall() == b"content"

    def test_file_keeps_what_it_has(self, filesystem, container):
        file = upload(filesystem, "f", b"content")
        file.set_metadata({"m": "v"})
        file.append_data(b"more", 7)
        container.get_blob_client("f").set_blob_tags({"t": "1"})
        etag = file.get_file_properties().etag
        renamed = file.rename_file(filesystem.file_system_name + "/g")
        properties = renamed.get_file_properties()
        assert (properties.etag, properties.metadata) == (etag, {"m": "v"})
        found = list(container.find_blobs_by_tags("\"t\"='1'"))
        assert [blob.name for blob in found] == ["g"]
        renamed.flush_data(11)
        assert renamed.download_file().readall() == b"contentmore"
        assert listed(filesystem) == ["g"]

    def test_append_blob_and_tags_in_a_directory(self, filesystem, container):
        blob = container.get_blob_client("d/log")
        blob.create_append_blob()
        blob.append_block(b"one")
        blob.set_blob_tags({"t": "1"})
        self.rename(filesystem, "d", "e")
        blob = container.get_blob_client("e/log")
        blob.append_block(b"two")
        assert blob.download_blob().readall() == b"onetwo"
        assert [b.name for b in container.find_blobs_by_tags("\"t\"='1'")] == ["e/log"]
        filesystem.get_file_client("e/log").rename_file(filesystem.file_system_name + "/log")
        blob = container.get_blob_client("log")
        blob.append_block(b"three")
        assert blob.download_blob().readall() == b"onetwothree"

    def test_onto_something(self, filesystem):
        upload(filesystem, "f", b"1")
        upload(filesystem, "g", b"2")
        filesystem.get_file_client("f").rename_file(filesystem.file_system_name + "/g")
        assert filesystem.get_file_client("g").download_file().readall() == b"1"
        filesystem.create_directory("d/in")
        filesystem.create_directory("empty")
        self.rename(filesystem, "d", "empty")
        assert listed(filesystem) == ["empty/", "empty/in/", "g"]
        filesystem.create_directory("again")
        for old, new, code in (("again", "empty", "DirectoryNotEmpty"),
                               ("again", "g", "InvalidSourceOrDestinationResourceType"),
                               ("empty", "empty/in/deeper", "InvalidRenameSourcePath"),
                               ("empty", "empty", "InvalidRenameSourcePath"),
                               ("empty", "no/parent", "RenameDestinationParentPathNotFound"),
                               ("nothing", "x", "SourcePathNotFound"),
                               ("empty", "g/below", "InvalidDestinationPath")):
            with pytest.raises(HttpResponseError) as refused:
                self.rename(filesystem, old, new)
            assert code_of(refused) == code, (old, new)

    def test_conditions(self, filesystem):
        upload(filesystem, "f")
        upload(filesystem, "g")
        file = filesystem.get_file_client("f")
        with pytest.raises(HttpResponseError) as refused:
            file.rename_file(filesystem.file_system_name + "/g",
                             match_condition=MatchConditions.IfMissing)
        assert (refused.value.status_code, code_of(refused)) == (409, "PathAlreadyExists")
        with pytest.raises(HttpResponseError) as refused:
            file.rename_file(filesystem.file_system_name + "/g", source_etag='"0x1"',
                             source_match_condition=MatchConditions.IfNotModified)
        assert (refused.value.status_code, code_of(refused)) == (412, "SourceConditionNotMet")
        lease = file.acquire_lease(-1)
        with pytest.raises(HttpResponseError) as refused:
            file.rename_file(filesystem.file_system_name + "/h")
        assert code_of(refused) == "LeaseIdMissing"
        file.rename_file(filesystem.file_system_name + "/h", source_lease=lease)
        assert listed(filesystem) == ["g", "h"]


def test_a_rename_keeps_within_the_depth_of_paths(filesystem):
    """63 levels; whatever lies there is listed, changed and deleted."""
    name = filesystem.file_system_name
    low, high, fits = ("/".join(leaf * levels) for leaf, levels in (("d", 40), ("e", 22), ("e", 21)))
    upload(filesystem, f"top/{low}/f", b"deep")
    filesystem.create_directory(high)

    def refused(old: str, new: str) -> tuple[int, str]:
        with pytest.raises(HttpResponseError) as error:
            filesystem.get_directory_client(old).rename_directory(f"{name}/{new}")
        return error.value.status_code, code_of(error)

    assert refused("top", f"{high}/top") == (400, "InvalidUri")  # 23 levels and 41
    assert listed(filesystem, "top")[-1] == f"top/{low}/f"
    filesystem.get_directory_client("top").rename_directory(f"{name}/{fits}/top")
    deepest = f"{fits}/top/{low}/f"
    assert listed(filesystem)[-1] == deepest
    assert filesystem.get_file_client(deepest).download_file().readall() == b"deep"
    filesystem.create_directory("above")
    assert refused("e", "above/e") == (400, "InvalidUri")
    with pytest.raises(HttpResponseError) as error:
        filesystem.create_file(f"{fits}/top/{low}/d/f")
    assert code_of(error) == "InvalidUri"
    result = filesystem.get_directory_client("e").update_access_control_recursive("user:u:r-x")
    assert (result.counters.directories_successful, result.counters.files_successful,
            result.counters.failure_count) == (63, 1, 0)
    filesystem.get_directory_client("e/e").rename_directory(f"{name}/e/f")
    filesystem.get_directory_client("e").delete_directory()
    assert listed(filesystem) == ["above/"]


class TestAppend:
    def test_any_order_and_overlap(self, filesystem):
        file = filesystem.create_file("f")
        file.append_data(b"world", 6)
        file.append_data(b"hello ", 0)
        assert file.get_file_properties().size == 0
        file.flush_data(11)
        assert file.download_file().readall() == b"hello world"
        file.append_data(b"AAAA", 11)
        file.append_data(b"BB", 12)
        file.flush_data(15)
        assert file.download_file().readall() == b"hello worldABBA"

    def test_gaps_are_refused(self, filesystem):
        file = filesystem.create_file("f")
        file.append_data(b"later", 10)
        for position in (5, 15):
            with pytest.raises(HttpResponseError) as refused:
                file.flush_data(position)
            assert (refused.value.status_code, code_of(refused)) == (400, "InvalidFlushPosition")
        file.append_data(b"0123456789", 0)
        file.flush_data(15)
        with pytest.raises(HttpResponseError) as refused:
            file.flush_data(3)
        assert code_of(refused) == "InvalidFlushPosition"

    def test_blocks_of_the_blob_face_in_between(self, filesystem, container):
        """Nobody knows where in the file they belong."""
        blob = container.upload_blob("f", b"blob")
        blob.stage_block("AAAA", b"block")
        file = filesystem.get_file_client("f")
        with pytest.raises(HttpResponseError) as refused:
            file.flush_data(9)
        assert (refused.value.status_code, code_of(refused)) == (409, "InvalidFlushOperation")
        blob.commit_block_list(["AAAA"])
        assert file.download_file().readall() == b"block"

    def test_retained(self, filesystem):
        file = filesystem.create_file("f")
        file.append_data(b"0123456789", 0)
        file.append_data(b"tail", 10)
        file.flush_data(5, retain_uncommitted_data=True)
        assert file.download_file().readall() == b"01234"
        file.flush_data(14)
        assert file.download_file().readall() == b"0123456789tail"

    def test_not_retained(self, filesystem):
        file = filesystem.create_file("f")
        file.append_data(b"0123456789", 0)
        file.flush_data(5)
        with pytest.raises(HttpResponseError):
            file.flush_data(10)
        assert file.download_file().readall() == b"01234"

    def test_flush_with_the_append(self, filesystem):
        file = filesystem.create_file("f")
        answer = file.append_data(b"data", 0, flush=True)
        assert answer["etag"] == file.get_file_properties().etag
        assert file.download_file().readall() == b"data"

    def test_to_what_blob_wrote(self, filesystem, container):
        container.upload_blob("f", b"blob ")
        file = filesystem.get_file_client("f")
        file.append_data(b"dfs", 5, flush=True)
        blob = container.get_blob_client("f")
        assert blob.download_blob().readall() == b"blob dfs"
        assert blob.get_block_list("all") == ([], [])
        container.upload_blob("f", b"over", overwrite=True)
        assert file.download_file().readall() == b"over"

    def test_committed_blocks_have_a_limit(self, filesystem, container):
        blob = container.get_blob_client("f")
        blob.stage_block("AAAA", b"x")
        blob.commit_block_list([BlobBlock("AAAA")] * 49_998)
        file = filesystem.get_file_client("f")
        file.append_data(b"12", 49_998)
        file.flush_data(50_000)
        file.append_data(b"3", 50_000, flush=True)
        file.append_data(b"4", 50_001)
        with pytest.raises(HttpResponseError) as refused:
            file.flush_data(50_002)
        assert (refused.value.status_code, code_of(refused)) == (409, "BlockCountExceedsLimit")
        assert file.download_file(offset=49_997).readall() == b"x123"
        file = filesystem.create_file("f")
        file.append_data(b"again", 0, flush=True)
        assert file.download_file().readall() == b"again"

    def test_pieces_that_show_are_blocks(self, filesystem, container):
        blob = container.get_blob_client("f")
        blob.stage_block("AAAA", b"x")
        blob.commit_block_list([BlobBlock("AAAA")] * 49_998)
        file = filesystem.get_file_client("f")
        file.append_data(b"----", 49_998)
        file.append_data(b"+", 50_000)  # leaves three parts
        with pytest.raises(HttpResponseError) as refused:
            file.flush_data(50_002)
        assert code_of(refused) == "BlockCountExceedsLimit"
        file.append_data(b"....", 49_998)
        file.flush_data(50_002)
        assert file.download_file(offset=49_997).readall() == b"x...."

    def test_what_cannot_be_appended_to(self, filesystem, container):
        filesystem.create_directory("d")
        with pytest.raises(HttpResponseError) as refused:
            filesystem.get_file_client("d").append_data(b"x", 0)
        assert code_of(refused) == "ResourceTypeMismatch"
        with pytest.raises(ResourceNotFoundError):
            filesystem.get_file_client("nothing").append_data(b"x", 0)

    def test_lease_actions(self, filesystem):
        file = filesystem.create_file("f")
        lease = str(uuid.uuid4())
        file.append_data(b"one", 0, lease_action="acquire", lease_duration=60, lease=lease)
        assert file.get_file_properties().lease.state == "leased"
        with pytest.raises(HttpResponseError):
            file.append_data(b"two", 3)
        file.append_data(b"two", 3, lease_action="auto-renew", lease=lease)
        file.append_data(b"end", 6, flush=True, lease_action="release", lease=lease)
        properties = file.get_file_properties()
        assert (properties.size, properties.lease.state) == (9, "available")

    def test_wrong_checksum(self, daemon, filesystem):
        filesystem.create_file("f")
        answer = data_lake.Raw(daemon, "tree")(
            "PATCH", f"/{filesystem.file_system_name}/f?action=append&position=0",
            {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, b"data")
        assert (answer.status, answer.json()["error"]["code"]) == (400, "Md5Mismatch")


class TestAppendBlobs:
    """Made by Create Path with `blobtype`, as Hadoop's driver asks, or with Put Blob's header."""

    @pytest.fixture
    def ask(self, daemon):
        return data_lake.Raw(daemon, "tree")

    @pytest.fixture
    def path(self, ask, filesystem):
        path = f"/{filesystem.file_system_name}/d/f"
        made = ask("PUT", path + "?resource=file&blobtype=appendblob")
        assert (made.status, "etag" in made.headers) == (201, True)
        return path

    def append(self, ask, path, position, body=b"data", query="", headers=None):
        answer = ask("PATCH", f"{path}?action=append&position={position}{query}", headers or {}, body)
        return answer.status, answer.code

    def flush(self, ask, path, position, headers=None):
        answer = ask("PATCH", f"{path}?action=flush&position={position}&close=true", headers or {})
        return answer.status, answer.code

    def test_what_is_appended_is_there_at_once(self, ask, path, filesystem, container):
        blob = container.get_blob_client("d/f")
        assert blob.get_blob_properties().blob_type == "AppendBlob"
        assert self.append(ask, path, 0, b"one") == (202, "")
        assert blob.download_blob().readall() == b"one"
        assert self.append(ask, path, 3, b"two") == (202, "")
        assert blob.get_blob_properties().append_blob_committed_block_count == 2
        assert filesystem.get_file_client("d/f").download_file().readall() == b"onetwo"
        assert [found.content_length for found in filesystem.get_paths("d")] == [6]

    def test_only_at_the_end(self, ask, path, container):
        assert self.append(ask, path, 0) == (202, "")
        for position in (0, 3, 5, 2 ** 62):
            assert self.append(ask, path, position) == (400, "InvalidQueryParameterValue"), position
        for position in ("", "-1", "x", str(2 ** 64)):
            assert self.append(ask, path, position)[0] == 400, position
        assert container.download_blob("d/f").readall() == b"data"

    def test_flush(self, ask, path, container):
        blob = container.get_blob_client("d/f")
        self.append(ask, path, 0)
        before = blob.get_blob_properties()
        for position in (0, 3, 5):
            assert self.flush(ask, path, position) == (400, "InvalidFlushPosition"), position
        assert self.flush(ask, path, 4, {"If-Match": '"0x1"'}) == (412, "ConditionNotMet")
        assert self.flush(ask, path, 4, {"x-ms-content-type": "text/log"}) == (200, "")
        after = blob.get_blob_properties()
        assert (after.size, after.content_settings.content_type) == (4, "text/log")
        assert after.etag != before.etag
        answer = ask("PATCH", path + "?action=append&position=4&flush=true", {}, b"more")
        assert answer.headers["etag"] == blob.get_blob_properties().etag
        assert blob.download_blob().readall() == b"datamore"

    def test_created_again(self, ask, path, container):
        self.append(ask, path, 0)
        assert ask("PUT", path + "?resource=file", {"x-ms-blob-type": "AppendBlob"}).status == 201
        assert self.append(ask, path, 0, b"new") == (202, "")
        assert container.download_blob("d/f").readall() == b"new"
        assert ask("PUT", path + "?resource=file").status == 201
        assert container.get_blob_client("d/f").get_blob_properties().blob_type == "BlockBlob"
        assert self.append(ask, path, 1, b"x") == (202, "")
        assert self.flush(ask, path, 2) == (400, "InvalidFlushPosition")

    def test_what_the_blob_face_made(self, ask, filesystem, container):
        blob = container.get_blob_client("f")
        blob.create_append_blob()
        blob.append_block(b"blob")
        path = f"/{filesystem.file_system_name}/f"
        assert self.append(ask, path, 4, b"dfs") == (202, "")
        blob.append_block(b"blob")
        assert blob.download_blob().readall() == b"blobdfsblob"
        blob.seal_append_blob()
        assert self.append(ask, path, 11) == (409, "BlobIsSealed")

    def test_lease(self, ask, path, container):
        blob = container.get_blob_client("d/f")
        lease = str(uuid.uuid4())
        acquire = {"x-ms-lease-action": "acquire", "x-ms-proposed-lease-id": lease,
                   "x-ms-lease-duration": "-1"}
        assert self.append(ask, path, 0, headers=acquire) == (202, "")
        assert self.append(ask, path, 4) == (412, "LeaseIdMissing")
        other = {"x-ms-lease-id": str(uuid.uuid4())}
        assert self.append(ask, path, 4, headers=other)[0] == 412
        assert self.flush(ask, path, 4) == (412, "LeaseIdMissing")
        held = {"x-ms-lease-id": lease}
        assert self.append(ask, path, 4, headers=held) == (202, "")
        assert self.flush(ask, path, 8, held | {"x-ms-lease-action": "release"}) == (200, "")
        assert blob.get_blob_properties().lease.state == "available"
        assert blob.download_blob().readall() == b"datadata"

    def test_at_once_from_many(self, daemon, path, container):
        """One of those who append at the same place is the one."""
        with ThreadPoolExecutor(8) as pool:
            def one(number):
                ask = data_lake.Raw(daemon, "tree")
                return self.append(ask, path, 0, b"%02d" % number)[0]
            statuses = list(pool.map(one, range(16)))
        assert sorted(statuses) == [202] + [400] * 15
        assert container.download_blob("d/f").readall() == b"%02d" % statuses.index(202)

    def test_renamed_and_deleted(self, ask, path, filesystem, container):
        self.append(ask, path, 0)
        assert ask.rename(path[1:], f"{filesystem.file_system_name}/g") == 201
        path = f"/{filesystem.file_system_name}/g"
        assert self.append(ask, path, 4) == (202, "")
        assert container.download_blob("g").readall() == b"datadata"
        assert ask("DELETE", path).status == 200
        assert self.append(ask, path, 8) == (404, "PathNotFound")

    def test_refused(self, ask, path, filesystem, flat, daemon):
        root = f"/{filesystem.file_system_name}"
        for kind in ("PageBlob", "x", "appendblob,blockblob"):
            answer = ask("PUT", root + "/x?resource=file", {"x-ms-blob-type": kind})
            assert (answer.status, answer.code) == (400, "InvalidHeaderValue"), kind
            answer = ask("PUT", root + f"/x?resource=file&blobtype={kind}")
            assert (answer.status, answer.code) == (400, "InvalidQueryParameterValue"), kind
        assert ask("HEAD", root + "/x").status == 404
        made = ask("PUT", root + "/e?resource=directory", {"x-ms-blob-type": "appendblob"})
        assert made.status == 201
        assert ask("HEAD", root + "/e").headers["x-ms-resource-type"] == "directory"
        answer = data_lake.Raw(daemon, "acct1")(
            "PUT", f"/{flat.file_system_name}/f?resource=file", {"x-ms-blob-type": "appendblob"})
        assert (answer.status, answer.code) == (400, "HierarchicalNamespaceNotEnabled")
        old = {"x-ms-version": "2021-12-02"}
        body = bytes(4 * 1024 * 1024 + 1)
        assert self.append(ask, path, 0, body, headers=old) == (413, "RequestBodyTooLarge")
        assert self.append(ask, path, 0, body) == (202, "")


def test_the_blob_face_writes_no_parts_of_what_dfs_made(daemon, filesystem, container):
    """Azure documents it for Put Block and Put Block List; Hadoop's driver relies on it for Append Block
    too. As a whole the Blob face may overwrite it, and then write parts."""
    ask = data_lake.Raw(daemon, "tree")
    root = f"/{filesystem.file_system_name}"
    assert ask("PUT", root + "/log?resource=file", {"x-ms-blob-type": "appendblob"}).status == 201
    upload(filesystem, "f", b"data")
    upload(filesystem, "source", b"source")
    block, log = container.get_blob_client("f"), container.get_blob_client("log")
    source = container.get_blob_client("source").url
    for write in (lambda: block.stage_block("AAAA", b"x"),
                  lambda: block.stage_block_from_url("AAAA", source),
                  lambda: block.commit_block_list([]),
                  lambda: log.append_block(b"x"),
                  lambda: log.append_block_from_url(source)):
        with pytest.raises(HttpResponseError) as refused:
            write()
        assert (refused.value.status_code, code_of(refused)) == (409, "BlobOperationNotSupported")
    filesystem.get_file_client("f").rename_file(filesystem.file_system_name + "/g")
    block = container.get_blob_client("g")
    with pytest.raises(HttpResponseError) as refused:
        block.stage_block("AAAA", b"x")
    assert code_of(refused) == "BlobOperationNotSupported"
    assert block.download_blob().readall() == b"data"
    block.set_blob_metadata({"m": "v"})
    block.upload_blob(b"whole", overwrite=True)
    block.stage_block("AAAA", b"part")
    block.commit_block_list([BlobBlock("AAAA")])
    assert block.download_blob().readall() == b"part"


def test_the_refusal_of_parts_is_read_by_who_waits_for_100_continue(daemon, filesystem):
    """Hadoop's driver must see the code; Java hands out no more than the status of an answer that comes
    instead of 100 Continue."""
    upload(filesystem, "f", b"data")
    sas = azure_auth.account_sas("tree", blobgate_daemon.ACCOUNTS["tree"])
    with socket.create_connection(daemon.address()) as connection:
        connection.settimeout(30)
        connection.sendall((f"PUT /tree/{filesystem.file_system_name}/f?comp=block&blockid=AAAA&{sas}"
                            " HTTP/1.1\r\nHost: x\r\nx-ms-version: 2023-11-03\r\n"
                            "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n").encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"x")
        answer = b""
        while b"</Error>" not in answer:
            piece = connection.recv(4096)
            assert piece, answer
            answer += piece
    assert answer.startswith(b"HTTP/1.1 409 ") and b"BlobOperationNotSupported" in answer


class TestAccessControl:
    def test_set_and_get(self, filesystem):
        directory = filesystem.create_directory("d", permissions="rwxrwxrwx", umask="0022")
        assert directory.get_access_control()["permissions"] == "rwxr-xr-x"
        file = filesystem.create_file("f")
        found = file.get_access_control()
        assert (found["owner"], found["group"], found["permissions"]) == (
            "$superuser", "$superuser", "rw-r-----")
        etag = file.get_file_properties().etag
        file.set_access_control(owner="someone", group="some", permissions="0741")
        found = file.get_access_control()
        assert (found["owner"], found["group"], found["permissions"], found["acl"]) == (
            "someone", "some", "rwxr----x", "user::rwx,group::r--,other::--x")
        file.set_access_control(acl="user::rw-,user:u:r-x,group::---,other::---")
        assert file.get_access_control()["permissions"] == "rw-r-x---+"
        assert file.get_file_properties().etag == etag
        for acl in ("user:rwx", "nonsense", "user::rwx,group::---,other::---,default:user:u:rwx"):
            with pytest.raises(HttpResponseError) as refused:
                file.set_access_control(acl=acl)
            assert (refused.value.status_code, code_of(refused)) == (400, "InvalidHeaderValue")

    def test_default_lists_are_inherited(self, filesystem):
        directory = filesystem.create_directory("d")
        directory.set_access_control(
            acl="user::rwx,group::r-x,other::---,default:user:u:rwx,default:user::rwx,"
                "default:group::r-x,default:other::---")
        file = upload(filesystem, "d/sub/f")
        assert file.get_access_control()["acl"] == (
            "user::rwx,user:u:rwx,group::r-x,mask::rwx,other::---")
        assert "default:user:u:rwx" in filesystem.get_directory_client(
            "d/sub").get_access_control()["acl"]

    def test_recursive(self, filesystem):
        for path in ("d/a/1", "d/a/2", "d/b", "d/c/deep/er"):
            upload(filesystem, path)
        directory = filesystem.get_directory_client("d")
        result = directory.update_access_control_recursive("user:u:r-x", batch_size=2)
        assert (result.counters.directories_successful, result.counters.files_successful,
                result.counters.failure_count) == (4, 4, 0)
        file = filesystem.get_file_client("d/c/deep/er")
        assert "user:u:r-x" in file.get_access_control()["acl"]
        directory.remove_access_control_recursive("user:u")
        assert "user:u" not in file.get_access_control()["acl"]
        directory.set_access_control_recursive("user::rwx,group::rwx,other::r--,default:user::rwx")
        assert file.get_access_control()["permissions"] == "rwxrwxr--"
        assert "default:" in directory.get_access_control()["acl"]

    def test_root(self, filesystem):
        root = filesystem._get_root_directory_client()
        root.set_access_control(permissions="rwxrwxrwt")
        assert root.get_access_control()["permissions"] == "rwxrwxrwt"
        filesystem.create_directory("d")
        result = root.update_access_control_recursive("user:u:r-x")
        assert result.counters.directories_successful == 2


class TestLeasesAndExpiry:
    def test_lease(self, filesystem):
        file = upload(filesystem, "f")
        lease = file.acquire_lease(-1)
        with pytest.raises(HttpResponseError) as refused:
            file.delete_file()
        assert code_of(refused) == "LeaseIdMissing"
        file.delete_file(lease=lease)

    def test_expiry(self, daemon, filesystem):
        file = upload(filesystem, "f")
        etag = file.get_file_properties().etag
        when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
        file.set_file_expiry("Absolute", expires_on=when)
        properties = file.get_file_properties()
        assert properties.expiry_time.replace(microsecond=0) == when.replace(microsecond=0)
        assert properties.etag == etag
        file.set_file_expiry("NeverExpire")
        file.set_file_expiry("RelativeToNow", expires_on=1)
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=30)
        while file.exists():
            assert datetime.datetime.now() < deadline
        assert listed(filesystem) == []
        assert upload(filesystem, "f", b"again").download_file().readall() == b"again"
        past = when - datetime.timedelta(days=2)
        with pytest.raises(HttpResponseError) as refused:
            file.set_file_expiry("Absolute", expires_on=past)
        assert code_of(refused) == "InvalidHeaderValue"

    def expire(self, filesystem, *paths: str):
        """Until these files are not there any more; their rows wait for the hourly purge."""
        files = [upload(filesystem, path) for path in paths]
        for file in files:
            file.set_file_expiry("RelativeToNow", expires_on=1)
        deadline = time.monotonic() + 30
        while any(file.exists() for file in files):
            assert time.monotonic() < deadline

    def test_expired_files_are_in_nobodys_way(self, daemon, filesystem, container):
        ask = data_lake.Raw(daemon, "tree")
        name = filesystem.file_system_name
        self.expire(filesystem, "a/f", "b/f", "c/f", "d/f", "e/f")
        assert ask.delete(f"{name}/a", recursive=False) == 200
        container.delete_blob("b")
        filesystem.create_directory("from/sub")
        moved = ask("PUT", f"/{name}/c?mode=legacy", {"x-ms-rename-source": f"/{name}/from"})
        assert moved.status == 201
        assert upload(filesystem, "d/f/below/it", b"1").download_file().readall() == b"1"
        container.upload_blob("e/f/x", b"2")
        assert listed(filesystem) == ["c/", "c/sub/", "d/", "d/f/", "d/f/below/", "d/f/below/it",
                                      "e/", "e/f/", "e/f/x"]
        self.expire(filesystem, "g/f")
        upload(filesystem, "g/live")
        assert ask.delete(f"{name}/g", recursive=False) == 409
        filesystem.create_directory("g/f")
        assert filesystem.get_directory_client("g/f").exists()

    def test_expired_files_are_not_found(self, filesystem, container):
        file = upload(filesystem, "f")
        container.get_blob_client("f").set_blob_tags({"gone": "1"})
        file.append_data(b"never flushed", 4)
        found = container.find_blobs_by_tags("\"gone\"='1'")
        assert [blob.name for blob in found] == ["f"]
        file.set_file_expiry("RelativeToNow", expires_on=1)
        deadline = time.monotonic() + 30
        while file.exists():
            assert time.monotonic() < deadline
        assert list(container.find_blobs_by_tags("\"gone\"='1'")) == []
        assert [blob.name for blob in container.list_blobs(include=["uncommittedblobs"])] == []
        for refused_call in (container.get_blob_client("f").delete_blob,
                             lambda: container.get_blob_client("f").get_block_list("all")):
            with pytest.raises(ResourceNotFoundError):
                refused_call()

    def test_lease_and_owner_at_creation(self, filesystem):
        lease = str(uuid.uuid4())
        file = filesystem.create_file("f", lease_id=lease, lease_duration=-1, owner="me",
                                      group="us", acl="user::rwx,group::r--,other::---",
                                      encryption_context="ctx")
        found = file.get_access_control()
        assert (found["owner"], found["group"], found["permissions"]) == ("me", "us", "rwxr-----")
        assert file.get_file_properties().lease.state == "leased"
        assert file.get_file_properties().encryption_context == "ctx"


class TestFlatAccounts:
    def test_directories_are_markers(self, daemon, flat):
        flat.create_directory("d")
        upload(flat, "d/f", b"1")
        upload(flat, "e/g/h", b"2")
        assert listed(flat) == ["d/", "d/f", "e/g/h"]
        assert listed(flat, recursive=False) == ["d/", "e/"]
        assert flat.get_directory_client("d").get_directory_properties().metadata == {
            "hdi_isfolder": "true"}

    def test_rename_of_a_leased_file(self, flat):
        upload(flat, "f", b"1")
        file = flat.get_file_client("f")
        lease = file.acquire_lease(-1)
        with pytest.raises(HttpResponseError) as refused:
            file.rename_file(flat.file_system_name + "/g")
        assert code_of(refused) == "LeaseIdMissing"
        file.rename_file(flat.file_system_name + "/g", source_lease=lease)
        assert listed(flat) == ["g"]

    def test_rename_and_delete(self, flat):
        flat.create_directory("d")
        for i in range(5):
            upload(flat, f"d/{i}", b"%d" % i)
        flat.get_directory_client("d").rename_directory(flat.file_system_name + "/e")
        assert listed(flat) == ["e/"] + [f"e/{i}" for i in range(5)]
        assert flat.get_file_client("e/3").download_file().readall() == b"3"
        flat.get_directory_client("e").delete_directory()
        assert listed(flat) == []

    def test_access_control_is_refused(self, daemon, flat):
        answer = data_lake.Raw(daemon, "acct1")("HEAD", f"/{flat.file_system_name}/?action=getAccessControl")
        assert (answer.status, answer.headers["x-ms-error-code"]) == (
            400, "HierarchicalNamespaceNotEnabled")
        file = upload(flat, "f")
        with pytest.raises(HttpResponseError) as refused:
            file.set_access_control(permissions="0777")
        assert refused.value.status_code == 400

    def test_append_and_flush(self, flat):
        file = flat.create_file("f")
        file.append_data(b"world", 6)
        file.append_data(b"hello ", 0)
        file.flush_data(11)
        assert file.download_file().readall() == b"hello world"


def test_path_style(daemon, filesystem):
    """One address for both faces: what only dfs has decides."""
    ask = data_lake.Raw(daemon, "tree", path_style=True)
    name = filesystem.file_system_name
    assert ask("PUT", f"/{name}/d/f?resource=file").status == 201
    assert ask("PATCH", f"/{name}/d/f?action=append&position=0", body=b"data").status == 202
    assert ask("PATCH", f"/{name}/d/f?action=flush&position=4").status == 200
    moved = ask("PUT", f"/{name}/d/g", {"x-ms-rename-source": f"/{name}/d/f"})
    assert moved.status == 201
    blob = ask("GET", f"/{name}/d/g")
    assert (blob.status, blob.body) == (200, b"data")
    gone = ask("GET", f"/{name}/d/f", {"Accept": "application/json"})
    assert (gone.status, gone.json()["error"]["code"]) == (404, "PathNotFound")
    listing = ask("GET", f"/{name}?resource=filesystem&recursive=true").json()
    assert [entry["name"] for entry in listing["paths"]] == ["d", "d/g"]
    assert ask("DELETE", f"/{name}/d?recursive=true").status == 200


def test_rename_into_a_directory(daemon, filesystem):
    """Without mode=legacy, as Hadoop's driver does it."""
    ask = data_lake.Raw(daemon, "tree", path_style=True)
    name = filesystem.file_system_name
    filesystem.create_directory("to/in")
    filesystem.create_directory("d/sub")
    upload(filesystem, "f", b"1")
    assert ask.rename(f"{name}/d", f"{name}/to") == 201
    into = ask("PUT", f"/{name}/to/in", {"x-ms-rename-source": f"/{name}/f", "If-None-Match": "*"})
    assert into.status == 201  # the condition is on what it becomes
    assert listed(filesystem) == ["to/", "to/d/", "to/d/sub/", "to/in/", "to/in/f"]

    def refused(old: str, new: str, headers: dict | None = None, mode: str = "posix") -> str:
        answer = ask("PUT", f"/{name}/{new}?mode={mode}",
                     {"x-ms-rename-source": f"/{name}/{old}", **(headers or {})})
        assert 400 <= answer.status < 500
        return answer.code

    upload(filesystem, "f", b"2")
    assert refused("f", "to/in", {"If-None-Match": "*"}) == "PathAlreadyExists"
    assert refused("f", "to/in", {"If-Match": '"0x1"'}) == "ConditionNotMet"
    assert refused("to/in", "to") == "InvalidRenameSourcePath"
    assert refused("to", "to/in") == "InvalidRenameSourcePath"
    assert refused("f", "to", mode="legacy") == "InvalidSourceOrDestinationResourceType"
    assert refused("f", "to", mode="other") == "InvalidQueryParameterValue"
    filesystem.create_directory("d")
    upload(filesystem, "to/d/sub/more", b"")
    assert refused("d", "to") == "DirectoryNotEmpty"
    assert ask.rename(f"{name}/f", f"{name}/to/in") == 201
    assert filesystem.get_file_client("to/in/f").download_file().readall() == b"2"


def test_a_path_by_the_dfs_face_alone(daemon, filesystem):
    """The SDKs send these to the Blob face; Hadoop and AzCopy do not."""
    ask = data_lake.Raw(daemon, "tree")
    path = f"/{filesystem.file_system_name}/d/f"
    assert ask("PUT", path + "?resource=file", {"x-ms-properties": "a=MQ=="}).status == 201
    found = ask("HEAD", path)
    assert (found.status, found.headers["x-ms-resource-type"]) == (200, "file")
    assert found.headers["x-ms-properties"] == "a=MQ=="
    assert found.headers["x-ms-permissions"] == "rw-r-----"
    status = ask("HEAD", path + "?action=getStatus")
    assert status.status == 200 and "x-ms-properties" not in status.headers
    assert status.headers["x-ms-owner"] == "$superuser"
    changed = ask("PATCH", path + "?action=setProperties", {"x-ms-properties": "b=Mg=="})
    assert changed.status == 200 and changed.headers["etag"] != found.headers["etag"]
    assert ask("HEAD", path).headers["x-ms-properties"] == "b=Mg=="
    root = f"/{filesystem.file_system_name}/"
    changed = ask("PATCH", root + "?action=setProperties", {"x-ms-properties": "b=Mg=="})
    assert changed.code == "InvalidUri"
    refused = ask("HEAD", root + "?upn=false")  # Hadoop's driver expects so: the root has none
    assert (refused.status, refused.code) == (400, "InvalidUri")
    assert ask("HEAD", root + "?action=getStatus").status == 200
    lease = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1",
             "x-ms-proposed-lease-id": str(uuid.uuid4())}
    leased = ask("POST", path, lease)
    assert (leased.status, leased.headers["x-ms-lease-id"]) == (201, lease["x-ms-proposed-lease-id"])
    refused = ask("PATCH", path + "?action=setProperties", {"x-ms-properties": ""})
    assert (refused.status, refused.code) == (412, "LeaseIdMissing")
    assert "lease on the resource" in refused.json()["error"]["message"]
    held = ask("PUT", path + "?resource=file", {"If-None-Match": "*"})
    assert (held.status, held.code) == (409, "PathAlreadyExists")
    assert held.headers["x-ms-existing-resource-type"] == "file"
    missing = ask("GET", path + "x", {"If-Match": found.headers["etag"]})
    assert (missing.status, missing.code) == (404, "PathNotFound")
    assert ask("DELETE", path, {"x-ms-lease-id": lease["x-ms-proposed-lease-id"]}).status == 200


def test_client_transaction_id(daemon, filesystem):
    """By which Hadoop's driver finds out whether a creation or rename was done that it got no answer to."""
    ask = data_lake.Raw(daemon, "tree")
    root = f"/{filesystem.file_system_name}"
    name = "x-ms-client-transaction-id"

    def kept(path: str, query: str = "?action=getStatus") -> str | None:
        found = ask("HEAD", root + path + query)
        assert found.status == 200
        return found.headers.get(name)

    ids = [str(uuid.uuid4()) for _ in range(4)]
    assert ask("PUT", root + "/f?resource=file", {name: ids[0]}).status == 201
    assert kept("/f") == kept("/f", "") == ids[0]
    held = ask("PUT", root + "/f?resource=file", {name: ids[1], "If-None-Match": "*"})
    assert (held.status, kept("/f")) == (409, ids[0])
    assert ask("PUT", root + "/f?resource=file", {name: ids[1]}).status == 201
    assert ask("PATCH", root + "/f?action=append&position=0&flush=true", body=b"data").status == 202
    assert kept("/f") == ids[1]
    moved = ask("PUT", root + "/g", {name: ids[2], "x-ms-rename-source": root + "/f"})
    assert (moved.status, kept("/g")) == (201, ids[2])
    assert ask.rename(root[1:] + "/g", root[1:] + "/f") == 201
    assert kept("/f") is None
    assert ask("PUT", root + "/d?resource=directory", {name: ids[3]}).status == 201
    assert kept("/d") == ids[3]
    refused = ask("PUT", root + "/h?resource=file", {name: "a b"})
    assert (refused.status, refused.code) == (400, "InvalidHeaderValue")
