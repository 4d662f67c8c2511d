"""Rename Path whose source is in another filesystem of the account: hierarchical containers, and flat
ones. Races and kills are in test_rename_across_races.py."""
from __future__ import annotations

import datetime
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, RetentionPolicy
from azure.storage.filedatalake import ContentSettings

import data_lake
from test_data_lake import code_of, listed, upload

BLOCK_IDS = [f"AA{first}{second}" for first in "ABCDEFGHIJKLMNOP" for second in "ABCDEFGHIJKLMNOP"]


@pytest.fixture(scope="module", autouse=True)
def names():
    with data_lake.resolved_names():
        yield


class Side:
    """A filesystem by all its names."""

    def __init__(self, daemon, account: str = "tree"):
        self.files = data_lake.service(daemon, account).create_file_system("fs-" + uuid.uuid4().hex)
        self.name = self.files.file_system_name
        self.blobs = data_lake.blob_service(daemon, account).get_container_client(self.name)

    def tagged(self) -> list[str]:
        return [blob.name for blob in self.blobs.find_blobs_by_tags("\"t\"='1'")]

    def read(self, path: str) -> bytes:
        return self.files.get_file_client(path).download_file().readall()


def both(daemon, account: str = "tree"):
    sides = Side(daemon, account), Side(daemon, account)
    yield sides
    for side in sides:
        side.files.delete_file_system()


@pytest.fixture
def sides(daemon):
    yield from both(daemon)


@pytest.fixture
def flat_sides(daemon):
    yield from both(daemon, "acct1")


@pytest.fixture
def ask(daemon):
    return data_lake.Raw(daemon, "tree")


def move(old: Side, path: str, new: Side, to: str, **options):
    return old.files.get_file_client(path).rename_file(f"{new.name}/{to}", **options)


def move_directory(old: Side, path: str, new: Side, to: str, **options):
    return old.files.get_directory_client(path).rename_directory(f"{new.name}/{to}", **options)


def refusal(call, *arguments, **options) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as refused:
        call(*arguments, **options)
    return refused.value.status_code, code_of(refused)


class TestFiles:
    def test_it_keeps_what_it_has(self, sides):
        here, there = sides
        file = upload(here.files, "d/f", b"content")
        file.set_metadata({"m": "v"})
        file.set_http_headers(ContentSettings(content_type="text/x"))
        file.set_access_control(permissions="rwx--x---", owner="ann", group="team")
        here.blobs.get_blob_client("d/f").set_blob_tags({"t": "1"})
        before = file.get_file_properties()
        there.files.create_directory("e")
        renamed = move(here, "d/f", there, "e/g")
        assert (renamed.file_system_name, renamed.path_name) == (there.name, "e/g")
        after = renamed.get_file_properties()
        for field in ("etag", "last_modified", "creation_time", "size", "metadata", "owner", "group",
                      "permissions"):
            assert after[field] == before[field], field
        assert after.content_settings.content_type == "text/x"
        assert renamed.download_file().readall() == b"content"
        assert there.blobs.get_blob_client("e/g").get_blob_tags() == {"t": "1"}
        assert (here.tagged(), there.tagged()) == ([], ["e/g"])
        assert (listed(here.files), listed(there.files)) == (["d/"], ["e/", "e/g"])
        with pytest.raises(ResourceNotFoundError):
            file.get_file_properties()
        assert refusal(move, here, "d/f", there, "e/h") == (404, "SourcePathNotFound")
        renamed.append_data(b" more", 7, flush=True)
        assert there.read("e/g") == b"content more"

    def test_there_and_back_under_the_same_name(self, sides):
        here, there = sides
        upload(here.files, "f", b"content")
        for _ in range(3):
            move(here, "f", there, "f")
            assert (listed(here.files), there.read("f")) == ([], b"content")
            move(there, "f", here, "f")
            assert (listed(there.files), here.read("f")) == ([], b"content")

    def test_a_block_list_that_is_an_extent(self, sides):
        here, there = sides
        blob = here.blobs.get_blob_client("f")
        for block in BLOCK_IDS:
            blob.stage_block(block, block.encode() * 10)
        blob.commit_block_list([BlobBlock(block) for block in BLOCK_IDS * 4])
        move(here, "f", there, "f")
        blob = there.blobs.get_blob_client("f")
        assert blob.download_blob().readall() == b"".join(b.encode() * 10 for b in BLOCK_IDS * 4)
        assert len(blob.get_block_list()[0]) == len(BLOCK_IDS) * 4

    def test_append_blob(self, sides, ask):
        here, there = sides
        blob = here.blobs.get_blob_client("d/log")
        blob.create_append_blob()
        for i in range(40):
            blob.append_block(b"%02d" % i)
        content = b"".join(b"%02d" % i for i in range(40))
        move(here, "d/log", there, "log")
        blob = there.blobs.get_blob_client("log")
        assert blob.download_blob().readall() == content
        assert blob.download_blob(offset=21, length=5).readall() == content[21:26]
        blob.append_block(b"blob")
        assert ask("PATCH", f"/{there.name}/log?action=append&position=84", body=b"dfs").status == 202
        move(there, "log", here, "d/log")
        blob = here.blobs.get_blob_client("d/log")
        assert blob.get_blob_properties().append_blob_committed_block_count == 42
        assert blob.download_blob().readall() == content + b"blobdfs"
        blob.seal_append_blob()
        move(here, "d/log", there, "sealed")
        assert there.read("sealed") == content + b"blobdfs"
        assert there.blobs.get_blob_client("sealed").get_blob_properties()["is_append_blob_sealed"]

    def test_what_is_appended_and_not_flushed(self, sides):
        here, there = sides
        file = here.files.create_file("f")
        file.append_data(b"world", 6)
        renamed = move(here, "f", there, "g")
        renamed.append_data(b"hello ", 0)
        renamed.flush_data(11)
        assert there.read("g") == b"hello world"
        assert refusal(here.files.get_file_client("f").flush_data, 11)[0] == 404

    def test_uncommitted_blocks(self, sides):
        here, there = sides
        blob = here.blobs.get_blob_client("f")
        blob.upload_blob(b"first")
        for block in BLOCK_IDS[:5]:
            blob.stage_block(block, block.encode())
        move(here, "f", there, "g")
        blob = there.blobs.get_blob_client("g")
        assert [b.id for b in blob.get_block_list("uncommitted")[1]] == BLOCK_IDS[:5]
        assert blob.download_blob().readall() == b"first"
        blob.stage_block(BLOCK_IDS[1], b"again")
        blob.stage_block(BLOCK_IDS[9], b"later")
        blob.commit_block_list([BlobBlock(BLOCK_IDS[i]) for i in (4, 1, 9)])
        assert blob.download_blob().readall() == BLOCK_IDS[4].encode() + b"againlater"
        # A name that only has uncommitted blocks is nothing that could be renamed.
        here.blobs.get_blob_client("u").stage_block("AAAA", b"x")
        assert refusal(move, here, "u", there, "u") == (404, "SourcePathNotFound")

    def test_expiry_goes_along(self, sides):
        here, there = sides
        expires = datetime.datetime(2099, 1, 2, 3, 4, 5)
        upload(here.files, "f").set_file_expiry("Absolute", expires_on=expires)
        move(here, "f", there, "g")
        headers = there.files.get_file_client("g").get_file_properties()
        assert headers.expiry_time.replace(tzinfo=None) == expires

    def test_metadata_may_be_replaced(self, sides, ask):
        here, there = sides
        upload(here.files, "f").set_metadata({"old": "1"})
        answer = ask("PUT", f"/{there.name}/g", {"x-ms-rename-source": f"/{here.name}/f",
                                                 "x-ms-properties": "new=Mg==",
                                                 "x-ms-client-transaction-id": str(uuid.UUID(int=7))})
        assert answer.status == 201
        assert there.files.get_file_client("g").get_file_properties().metadata == {"new": "2"}
        head = ask("HEAD", f"/{there.name}/g")
        assert head.headers["x-ms-client-transaction-id"] == str(uuid.UUID(int=7))

    def test_onto_a_file(self, sides):
        here, there = sides
        upload(here.files, "f", b"new")
        old = upload(there.files, "g", b"old" * 1000)
        old.append_data(b"not flushed", 3000)
        there.blobs.get_blob_client("g").set_blob_tags({"t": "1"})
        old.acquire_lease(-1)  # broken by the overwrite
        move(here, "f", there, "g")
        assert (there.read("g"), there.tagged()) == (b"new", [])
        assert there.files.get_file_client("g").get_file_properties().lease.state == "available"
        assert (listed(here.files), listed(there.files)) == ([], ["g"])

    def test_names_of_all_kinds(self, sides, ask):
        here, there = sides
        for name in ("späce ü.txt", "a%2Fb", "100%", "q?x=y&z", "#", "+plus +", "名前", "e\u0301", "~", "*", "a:b"):
            quoted = urllib.parse.quote(name, safe="")
            upload(here.files, "f", name.encode())
            for source, to in ((f"{here.name}/f", f"{there.name}/{quoted}"),
                               (f"{there.name}/{quoted}", f"{here.name}/{quoted}")):
                assert ask.rename(source, to) == 201, name
            assert listed(here.files) == [name]
            assert here.read(name) == name.encode()
            assert ask.delete(f"{here.name}/{quoted}", recursive=False) == 200
        assert listed(there.files) == []


class TestConditionsAndLeases:
    def test_conditions(self, sides):
        here, there = sides
        upload(here.files, "f", b"new")
        etag = upload(there.files, "g", b"old").get_file_properties().etag
        same = {"etag": '"0x1"', "match_condition": MatchConditions.IfNotModified}
        source = {"source_etag": '"0x1"', "source_match_condition": MatchConditions.IfNotModified}
        for options, error in (({"match_condition": MatchConditions.IfMissing}, (409, "PathAlreadyExists")),
                               (same, (412, "ConditionNotMet")),
                               (source, (412, "SourceConditionNotMet"))):
            assert refusal(move, here, "f", there, "g", **options) == error
        assert (here.read("f"), there.read("g")) == (b"new", b"old")
        move(here, "f", there, "g", etag=etag, match_condition=MatchConditions.IfNotModified)
        assert there.read("g") == b"new"
        assert refusal(move, there, "g", here, "f", match_condition=MatchConditions.IfModified, etag="*",
                       source_etag=etag, source_match_condition=MatchConditions.IfNotModified)[0] == 412

    def test_leases(self, sides):
        here, there = sides
        file = upload(here.files, "f")
        lease = file.acquire_lease(-1)
        assert refusal(move, here, "f", there, "g") == (412, "LeaseIdMissing")
        assert refusal(move, here, "f", there, "g", source_lease=str(uuid.uuid4()))[0] == 412
        renamed = move(here, "f", there, "g", source_lease=lease)
        assert refusal(renamed.append_data, b"x", 4, flush=True) == (412, "LeaseIdMissing")
        renamed.append_data(b"x", 4, flush=True, lease=lease.id)
        # One of the destination must be the right one if it is given.
        upload(here.files, "h")
        assert refusal(move, here, "h", there, "g", lease=str(uuid.uuid4()))[0] == 412
        move(here, "h", there, "g", lease=lease.id)
        directory = there.files.create_directory("d")
        held = directory.acquire_lease(-1)
        assert refusal(move_directory, there, "d", here, "d") == (412, "LeaseIdMissing")
        move_directory(there, "d", here, "d", source_lease=held)
        assert listed(here.files) == ["d/"]


class TestDirectories:
    def test_everything_in_it_moves(self, sides):
        here, there = sides
        content = {f"d/{sub}{i}": b"%d" % i for i, sub in enumerate(["", "a/", "a/b/", "c/"])}
        for path, data in content.items():
            upload(here.files, path, data)
        upload(here.files, "da", b"another")
        here.files.create_directory("d/empty")
        log = here.blobs.get_blob_client("d/a/log")
        log.create_append_blob()
        log.append_block(b"one")
        staged = here.blobs.get_blob_client("d/a/staged")
        staged.stage_block("AAAA", b"staged")
        here.files.get_file_client("d/a/1").append_data(b" more", 1)
        for path in ("d/0", "d/a/b/2", "da"):
            here.blobs.get_blob_client(path).set_blob_tags({"t": "1"})
        here.files.get_directory_client("d/a").set_access_control(acl="user::rwx,group::r-x,other::---,"
                                                                  "user:ann:rwx,default:user:bob:rwx")
        upload(here.files, "d/a/f").set_file_expiry("Absolute", expires_on=datetime.datetime(2099, 1, 1))
        shown = [name.replace("d/", "x/e/", 1) for name in listed(here.files, "d")]
        etags = {p.name[2:]: p.etag for p in here.files.get_paths("d")}
        access = here.files.get_directory_client("d/a").get_access_control()["acl"]
        there.files.create_directory("x")

        moved = move_directory(here, "d", there, "x/e")
        assert (moved.file_system_name, moved.path_name) == (there.name, "x/e")
        assert listed(here.files) == ["da"]
        assert listed(there.files, "x/e") == shown
        assert {p.name[4:]: p.etag for p in there.files.get_paths("x/e")} == etags
        for path, data in content.items():
            assert there.read("x/e" + path[1:]) == data
        assert sorted(there.tagged()) == ["x/e/0", "x/e/a/b/2"]
        assert here.tagged() == ["da"]
        found = there.files.get_directory_client("x/e/a").get_access_control()
        assert found["acl"] == access and "user:ann:rwx" in access
        child = there.files.create_file("x/e/a/child").get_access_control()
        assert "user:bob:" in child["acl"]
        log = there.blobs.get_blob_client("x/e/a/log")
        log.append_block(b"two")
        assert log.download_blob().readall() == b"onetwo"
        there.blobs.get_blob_client("x/e/a/staged").commit_block_list([BlobBlock("AAAA")])
        assert there.read("x/e/a/staged") == b"staged"
        there.files.get_file_client("x/e/a/1").flush_data(6)
        assert there.read("x/e/a/1") == b"1 more"
        # It is a directory like any other.
        there.files.get_directory_client("x/e/a").rename_directory(f"{there.name}/y")
        assert there.read("y/b/2") == b"2"
        there.files.get_directory_client("x").delete_directory()
        move_directory(there, "y", here, "d")
        assert listed(there.files) == []
        assert here.read("d/b/2") == b"2"

    def test_into_a_directory_and_onto_one(self, sides, ask):
        here, there = sides
        for path in ("d/f", "e/g"):
            upload(here.files, path)
        there.files.create_directory("to")
        upload(there.files, "full/f")
        there.files.create_directory("empty")
        answer = ask("PUT", f"/{there.name}/to", {"x-ms-rename-source": f"/{here.name}/d"})
        assert answer.status == 201
        assert listed(there.files, "to") == ["to/d/", "to/d/f"]
        legacy = {"x-ms-rename-source": f"/{here.name}/e"}
        answer = ask("PUT", f"/{there.name}/full?mode=legacy", legacy)
        assert (answer.status, answer.code) == (409, "DirectoryNotEmpty")
        assert ask("PUT", f"/{there.name}/empty?mode=legacy", legacy).status == 201
        assert listed(there.files, "empty") == ["empty/g"]
        upload(here.files, "f")
        assert refusal(move, here, "f", there, "full/f/x") == (409, "InvalidDestinationPath")
        assert refusal(move, here, "f", there, "no/parent") == (404, "RenameDestinationParentPathNotFound")
        assert refusal(move_directory, there, "full", here, "f")[1] == (
            "InvalidSourceOrDestinationResourceType")
        upload(here.files, "same/full/f")
        assert refusal(move_directory, there, "full", here, "same") == (409, "DirectoryNotEmpty")
        answer = ask("PUT", f"/{here.name}/same", {"x-ms-rename-source": f"/{there.name}/full"})
        assert (answer.status, answer.code) == (409, "DirectoryNotEmpty")

    def test_below_a_directory_of_its_own_name(self, sides):
        """What would lie in itself in one filesystem is just another path in the other."""
        here, there = sides
        upload(here.files, "a/b/f", b"1")
        there.files.create_directory("a/b")
        move_directory(here, "a", there, "a/b/a")
        assert listed(there.files) == ["a/", "a/b/", "a/b/a/", "a/b/a/b/", "a/b/a/b/f"]
        assert listed(here.files) == []

    def test_roots(self, sides, ask):
        here, there = sides
        upload(here.files, "d/f")
        for source in (f"/{here.name}/", f"/{here.name}//", f"/{here.name}/%2F", f"/{here.name}/%5C"):
            answer = ask("PUT", f"/{there.name}/x", {"x-ms-rename-source": source})
            assert answer.code == "InvalidRenameSourcePath", source
        source = {"x-ms-rename-source": f"/{here.name}/d"}
        answer = ask("PUT", f"/{there.name}/?mode=legacy", source)
        assert (answer.status, answer.code) == (409, "InvalidDestinationPath")
        # Onto a directory means into it, and the root is one.
        assert ask("PUT", f"/{there.name}/", source).status == 201
        assert listed(there.files) == ["d/", "d/f"]

    def test_depth(self, sides):
        """63 levels, counted by what is there: another filesystem knows nothing of what was deeper once."""
        here, there = sides
        low, high = "/".join("d" * 40), "/".join("e" * 22)
        upload(here.files, f"top/{low}/f", b"deep")
        there.files.create_directory(high)
        assert refusal(move_directory, here, "top", there, f"{high}/top") == (400, "InvalidUri")
        assert listed(here.files)[-1] == f"top/{low}/f"
        above = high[:-2]
        move_directory(here, "top", there, f"{above}/top")
        assert there.read(f"{above}/top/{low}/f") == b"deep"
        assert refusal(there.files.create_file, f"{above}/top/{low}/d/f")[1] == "InvalidUri"
        there.files.create_directory("up")
        assert refusal(move_directory, there, "e", there, "up/e") == (400, "InvalidUri")
        there.files.get_directory_client(f"{above}/top/d/d").delete_directory()
        assert refusal(move_directory, there, "e", there, "up/e") == (400, "InvalidUri")
        here.files.create_directory("up")
        move_directory(there, "e", here, "up/e")
        assert listed(here.files)[-1] == f"up/{above}/top/d/"

    def test_soft_deleted_paths_stay(self, daemon, sides):
        """They are known by the path that they had."""
        here, there = sides
        service = data_lake.service(daemon)
        service.set_service_properties(delete_retention_policy=RetentionPolicy(enabled=True, days=1))
        try:
            upload(here.files, "d/f", b"1")
            upload(here.files, "d/g", b"2")
            here.files.get_file_client("d/f").delete_file()
            move_directory(here, "d", there, "d")
            assert [p.name for p in here.files.list_deleted_paths()] == ["d/f"]
            assert list(there.files.list_deleted_paths()) == []
            deleted = next(iter(here.files.list_deleted_paths()))
            here.files._undelete_path("d/f", deleted.deletion_id)
            assert (listed(here.files), here.read("d/f")) == (["d/", "d/f"], b"1")
            assert listed(there.files) == ["d/", "d/g"]
        finally:
            service.set_service_properties(delete_retention_policy=RetentionPolicy(enabled=False))

    def test_more_than_one_commit_takes_is_refused(self, daemon, sides):
        """10,000 rows: a file with ten tags has eleven."""
        here, there = sides
        tags = "&".join(["t=1"] + [f"k{i}={i}" for i in range(9)])
        here.files.create_directory("d/sub")

        def some(numbers: range) -> None:
            ask = data_lake.Raw(daemon, "tree")
            for i in numbers:
                made = ask("PUT", f"/{here.name}/d/{'sub/' if i % 2 else ''}{i:04}?comp=",
                           {"x-ms-blob-type": "BlockBlob", "x-ms-tags": tags}, b"%d" % i)
                assert made.status == 201, made.body

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(some, [range(start, start + 115) for start in range(0, 920, 115)]))
        before = listed(here.files)
        assert len(before) == 922
        assert refusal(move_directory, here, "d", there, "d") == (
            409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts")
        assert (listed(here.files), listed(there.files)) == (before, [])
        assert (len(here.tagged()), there.tagged()) == (920, [])
        there.files.create_directory("d")
        move_directory(here, "d/sub", there, "d/sub")  # in parts
        move_directory(here, "d", there, "rest")
        there.files.get_directory_client("rest").rename_directory(f"{there.name}/d/rest")
        assert len(listed(there.files)) == 923
        assert (listed(here.files), here.tagged(), len(there.tagged())) == ([], [], 920)


class TestSources:
    @pytest.mark.parametrize("source,status,code", [
        ("/nowhere-at-all/f", 404, "SourcePathNotFound"),
        ("/acct1/{here}/f", 404, "SourcePathNotFound"),  # the first name is a filesystem's
        ("/tree/{here}/f", 404, "SourcePathNotFound"),
        ("/{here}", 400, "InvalidSourceUri"), ("{here}/f", 400, "InvalidSourceUri"),
        ("//{here}/f", 400, "InvalidSourceUri"), ("/./{here}/f", 400, "InvalidSourceUri"),
        ("/../{here}/f", 400, "InvalidSourceUri"), ("/x/f", 400, "InvalidSourceUri"),
        ("/{upper}/f", 400, "InvalidSourceUri"), ("/{here}%2Ff", 400, "InvalidSourceUri"),
        ("/{here}%00/f", 400, "InvalidSourceUri"), ("/{here}%zz/f", 400, "InvalidSourceUri"),
        ("/{here}/%zz", 400, "InvalidSourceUri"), ("/{here}/%00", 400, "InvalidSourceUri"),
        ("/{here}/f%01", 400, "InvalidSourceUri"), ("/{here}/%ff", 400, "InvalidSourceUri"),
        ("/{here}/%c0%af", 400, "InvalidSourceUri"), ("/{here}/..", 400, "InvalidUri"),
        ("/{here}/d/../f", 400, "InvalidUri"), ("/{here}/d//f", 400, "InvalidUri"),
        ("/{here}/" + "n" * 256, 400, "InvalidUri"), ("/{here}/" + "n" * 1025, 400, "InvalidSourceUri"),
        ("/{here}/" + "/".join("d" * 64), 400, "InvalidUri"),
        ("https://tree.dfs.gate.test/{here}/f", 400, "InvalidSourceUri"),
        ("/$blobchangefeed/f", 403, "InsufficientAccountPermissions"),
        ("/{here}/f/below", 404, "SourcePathNotFound"), ("/{here}/d/f", 404, "SourcePathNotFound"),
        ("/{here}/\x03" + "0" * 15 + "1/f", 400, "InvalidSourceUri"),
        ("/{here}/%03" + "0" * 15 + "1/f", 400, "InvalidSourceUri"),
    ])
    def test_odd_ones(self, sides, ask, source, status, code):
        here, there = sides
        upload(here.files, "f", b"stays")
        source = source.format(here=here.name, upper=here.name.upper())
        answer = ask("PUT", f"/{there.name}/to", {"x-ms-rename-source": source})
        if "\x03" in source:  # refused as no header at all
            assert answer.status == 400
        else:
            assert (answer.status, answer.code) == (status, code)
        assert (here.read("f"), listed(there.files)) == (b"stays", [])

    @pytest.mark.parametrize("source", [
        "/{here}/f", "/{here}/%66", "/{here}//f/", "/{here}/%2Ff", "/{here}/%5Cf", "/{here}/f?", "/%66{rest}/f",
        "/{here}/f?sv=2021-08-06&sig=nonsense"])
    def test_the_same_by_other_names(self, sides, ask, source):
        here, there = sides
        upload(here.files, "f", b"moves")
        source = source.format(here=here.name, rest=here.name[1:])
        assert ask("PUT", f"/{there.name}/to", {"x-ms-rename-source": source}).status == 201
        assert (listed(here.files), there.read("to")) == ([], b"moves")

    def test_filesystems_that_are_not_there(self, daemon, sides, ask):
        here, there = sides
        upload(here.files, "f")
        answer = ask("PUT", "/nowhere-at-all/f", {"x-ms-rename-source": f"/{here.name}/f"})
        assert (answer.status, answer.code) == (404, "FilesystemNotFound")
        gone = Side(daemon)
        upload(gone.files, "f")
        gone.files.delete_file_system()
        answer = ask("PUT", f"/{there.name}/f", {"x-ms-rename-source": f"/{gone.name}/f"})
        assert (answer.status, answer.code) == (404, "SourcePathNotFound")
        answer = ask("PUT", f"/{gone.name}/f", {"x-ms-rename-source": f"/{here.name}/f"})
        assert (answer.status, answer.code) == (404, "FilesystemNotFound")
        assert listed(here.files) == ["f"]

    def test_another_account_is_out_of_reach(self, daemon, flat_sides, sides):
        """Both accounts have a container of the name; the source is always the URL's account's."""
        foreign, _ = flat_sides
        here, _ = sides
        upload(foreign.files, "f", b"another's")
        ask = data_lake.Raw(daemon, "tree")
        answer = ask("PUT", f"/{here.name}/f", {"x-ms-rename-source": f"/{foreign.name}/f"})
        assert (answer.status, answer.code) == (404, "SourcePathNotFound")
        assert foreign.read("f") == b"another's"


class TestFlatAccounts:
    def test_a_file(self, flat_sides):
        here, there = flat_sides
        file = upload(here.files, "f", b"content")
        file.set_metadata({"m": "v"})
        here.blobs.get_blob_client("f").set_blob_tags({"t": "1"})
        renamed = move(here, "f", there, "f")
        assert renamed.get_file_properties().metadata == {"m": "v"}
        assert (listed(here.files), there.read("f"), there.tagged()) == ([], b"content", ["f"])
        assert refusal(move, here, "f", there, "g") == (404, "SourcePathNotFound")
        lease = renamed.acquire_lease(-1)
        assert refusal(move, there, "f", here, "g") == (412, "LeaseIdMissing")
        move(there, "f", here, "g", source_lease=lease)
        upload(there.files, "h")
        assert refusal(move, here, "g", there, "h", match_condition=MatchConditions.IfMissing)[0] == 409
        assert (listed(here.files), listed(there.files)) == (["g"], ["h"])

    def test_a_directory_in_pages(self, daemon, flat_sides):
        here, there = flat_sides
        here.files.create_directory("d")
        for i in range(205):
            here.blobs.upload_blob(f"d/{i:03}", b"%d" % i)
        ask = data_lake.Raw(daemon, "acct1")
        source = {"x-ms-rename-source": f"/{here.name}/d"}
        answer = ask("PUT", f"/{there.name}/d", source)
        marker = answer.headers["x-ms-continuation"]
        assert answer.status == 201 and marker
        answer = ask("PUT", f"/{there.name}/d?continuation={marker}", source)
        assert answer.status == 201 and "x-ms-continuation" not in answer.headers
        assert listed(here.files) == []
        assert listed(there.files) == ["d/"] + [f"d/{i:03}" for i in range(205)]

    def test_what_is_not_there(self, daemon, flat_sides):
        here, _ = flat_sides
        ask = data_lake.Raw(daemon, "acct1")
        answer = ask("PUT", f"/{here.name}/f", {"x-ms-rename-source": "/nowhere-at-all/f"})
        assert (answer.status, answer.code) == (404, "SourcePathNotFound")
        answer = ask("PUT", f"/{here.name}/f", {"x-ms-rename-source": "/$blobchangefeed/log"})
        assert (answer.status, answer.code) == (403, "InsufficientAccountPermissions")
