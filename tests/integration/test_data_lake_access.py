"""Who may do what in a hierarchical container: POSIX rights of bearer tokens, directory SAS, suoid and
saoid, and soft delete."""
from __future__ import annotations

import datetime
import json
import time
import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import RetentionPolicy
from azure.storage.filedatalake import (DataLakeDirectoryClient, DataLakeFileClient,
                                        generate_directory_sas, generate_file_sas)

import blobgate_daemon
import data_lake
import fsck
from test_bearer import ENTRA_ISSUER, ENTRA_TENANT, Credential, EntraKey

OWNER, ANN, BOB, EVE = (str(uuid.UUID(int=i)) for i in range(11, 15))
TEAM = str(uuid.UUID(int=99))
FS = "lake"


class Lake:
    def __init__(self, daemon: blobgate_daemon.Daemon, key: EntraKey):
        self.daemon, self.key = daemon, key

    def as_user(self, oid: str, *groups: str):
        token = self.key.token(oid=oid, groups=list(groups) or None)
        return data_lake.service(self.daemon, credential=Credential(token)).get_file_system_client(
            FS)

    @property
    def root(self):
        return data_lake.service(self.daemon).get_file_system_client(FS)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    directory = tmp_path_factory.mktemp("lake")
    key = EntraKey("lake")
    jwks = directory / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.jwk()]}))
    config = {"oauth": {
        "issuers": [{"issuer": ENTRA_ISSUER, "tenant": ENTRA_TENANT, "jwks_file": str(jwks)}],
        "roles": [{"role": "Storage Blob Data Owner", "oid": OWNER, "account": "tree"},
                  {"role": "Storage Blob Data Owner", "oid": OWNER, "account": "acct1"}]}}
    with data_lake.resolved_names(), blobgate_daemon.Daemon(config) as daemon:
        data_lake.service(daemon).create_file_system(FS)
        data_lake.service(daemon, "acct1").create_file_system(FS)
        lake = Lake(daemon, key)
        # Everybody may pass through the root.
        lake.root._get_root_directory_client().set_access_control(permissions="rwxr-x--x")
        yield lake
        assert daemon.stop() == 0, daemon.log_tail()
        code, report = fsck.run(daemon.data_directory)
        assert code == fsck.CLEAN, report


@pytest.fixture
def home(lake):
    """A directory of Ann's, on which others have no rights."""
    name = "home-" + uuid.uuid4().hex
    lake.root.create_directory(name, owner=ANN, group=TEAM, permissions="rwxr-x---",
                               umask="0000")
    yield name
    lake.root.get_directory_client(name).delete_directory()


def refused(call) -> bool:
    with pytest.raises(HttpResponseError) as error:
        call()
    code = error.value.response.headers["x-ms-error-code"]
    assert (error.value.status_code, code) == (403, "AuthorizationPermissionMismatch")
    return True


def write(filesystem, path: str, data: bytes = b"data"):
    file = filesystem.create_file(path)
    file.append_data(data, 0, flush=True)
    return file


class TestPosixRights:
    def test_the_owner_works_and_others_do_not(self, lake, home):
        ann, bob = lake.as_user(ANN), lake.as_user(BOB)
        file = write(ann, f"{home}/d/f")
        found = file.get_access_control()
        assert (found["owner"], found["group"]) == (ANN, TEAM)
        assert ann.get_file_client(f"{home}/d/f").download_file().readall() == b"data"
        for call in (lambda: bob.get_file_client(f"{home}/d/f").download_file(),
                     lambda: bob.get_file_client(f"{home}/d/f").get_file_properties(),
                     lambda: write(bob, f"{home}/d/g"),
                     lambda: list(bob.get_paths(home)),
                     lambda: bob.get_file_client(f"{home}/d/f").delete_file(),
                     lambda: bob.get_directory_client(home).delete_directory(),
                     lambda: bob.get_file_client(f"{home}/d/f").set_access_control(
                         permissions="0777"),
                     lambda: bob.get_file_client(f"{home}/d/f").rename_file(f"{FS}/stolen"),
                     lambda: ann.get_file_client(f"{home}/d/f").set_access_control(owner=BOB),
                     lambda: list(bob.get_paths())):
            assert refused(call)

    def test_the_owning_group_reads(self, lake, home):
        write(lake.as_user(ANN), f"{home}/f")
        member = lake.as_user(BOB, TEAM)
        assert member.get_file_client(f"{home}/f").download_file().readall() == b"data"
        assert [p.name for p in member.get_paths(home)] == [f"{home}/f"]
        assert refused(lambda: write(member, f"{home}/g"))
        assert refused(lambda: member.get_file_client(f"{home}/f").append_data(b"x", 4))

    def test_named_users_and_the_mask(self, lake, home):
        ann, bob = lake.as_user(ANN), lake.as_user(BOB)
        directory = ann.get_directory_client(home)
        directory.set_access_control(
            acl=f"user::rwx,user:{BOB}:rwx,group::r-x,other::---,default:user:{BOB}:rwx")
        write(bob, f"{home}/f")
        assert bob.get_file_client(f"{home}/f").get_access_control()["owner"] == BOB
        directory.set_access_control(
            acl=f"user::rwx,user:{BOB}:rwx,group::r-x,mask::r-x,other::---")
        assert refused(lambda: write(bob, f"{home}/g"))
        assert bob.get_file_client(f"{home}/f").download_file().readall() == b"data"

    def test_blob_endpoint_obeys_too(self, lake, home):
        write(lake.as_user(ANN), f"{home}/f")
        from azure.storage.blob import BlobServiceClient

        def container(oid):
            return BlobServiceClient(
                lake.daemon.url("tree"), Credential(lake.key.token(oid=oid)),
                connection_verify=str(lake.daemon.ca_file),
                retry_total=0).get_container_client(FS)
        ann, bob = container(ANN), container(BOB)
        assert ann.download_blob(f"{home}/f").readall() == b"data"
        ann.upload_blob(f"{home}/g", b"put")
        assert [b.name for b in ann.list_blobs(home + "/")] == [f"{home}/f", f"{home}/g"]
        for call in (lambda: bob.download_blob(f"{home}/f"),
                     lambda: bob.upload_blob(f"{home}/h", b"x"),
                     lambda: bob.delete_blob(f"{home}/f"),
                     lambda: list(bob.list_blobs(home + "/")),
                     lambda: bob.get_blob_client(f"{home}/f").set_blob_metadata({"a": "b"}),
                     lambda: bob.get_blob_client(f"{home}/f").get_blob_tags(),
                     lambda: bob.get_blob_client(f"{home}/f").get_block_list(),
                     lambda: list(bob.find_blobs_by_tags("\"t\"='1'")),
                     lambda: bob.get_container_properties()):
            assert refused(call)

    def test_the_sticky_bit(self, lake, home):
        lake.root.get_directory_client(home).set_access_control(permissions="rwxrwxrwt")
        bob, eve = lake.as_user(BOB), lake.as_user(EVE)
        write(bob, f"{home}/f")
        assert refused(lambda: eve.get_file_client(f"{home}/f").delete_file())
        assert refused(lambda: eve.get_file_client(f"{home}/f").rename_file(f"{FS}/{home}/g"))
        bob.get_file_client(f"{home}/f").rename_file(f"{FS}/{home}/g")
        lake.as_user(ANN).get_file_client(f"{home}/g").delete_file()

    def test_recursive_delete_needs_every_directory(self, lake, home):
        ann = lake.as_user(ANN)
        write(ann, f"{home}/a/b/f")
        lake.root.get_directory_client(f"{home}/a/b").set_access_control(owner=EVE,
                                                                         permissions="rwx------")
        assert refused(lambda: ann.get_directory_client(f"{home}/a").delete_directory())

    def test_listings_leave_out_what_is_in_closed_directories(self, lake, home):
        ann = lake.as_user(ANN)
        write(ann, f"{home}/open/f")
        write(lake.root, f"{home}/closed/f")
        lake.root.get_directory_client(f"{home}/closed").set_access_control(owner=EVE, permissions="rwx------")
        wanted = [f"{home}/closed", f"{home}/open", f"{home}/open/f"]
        assert [p.name for p in ann.get_paths(home)] == wanted
        from azure.storage.blob import BlobServiceClient
        container = BlobServiceClient(
            lake.daemon.url("tree"), Credential(lake.key.token(oid=ANN)),
            connection_verify=str(lake.daemon.ca_file)).get_container_client(FS)
        assert [b.name for b in container.list_blobs(home + "/")] == wanted

    def test_superusers(self, lake, home):
        write(lake.as_user(ANN), f"{home}/f")
        owner = lake.as_user(OWNER)
        assert owner.get_file_client(f"{home}/f").download_file().readall() == b"data"
        owner.get_file_client(f"{home}/f").set_access_control(owner=EVE)
        assert lake.root.get_file_client(f"{home}/f").get_access_control()["owner"] == EVE

    def test_flat_accounts_have_none(self, lake):
        token = lake.key.token(oid=ANN)
        flat = data_lake.service(lake.daemon, "acct1", credential=Credential(token))
        assert refused(lambda: flat.get_file_system_client(FS).create_file("f"))


def in_an_hour() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)


class TestDirectorySas:
    def client(self, lake, kind, path: str, sas: str, account: str = "tree"):
        name = {"file_path": path} if kind is DataLakeFileClient else {"directory_name": path}
        return kind(lake.daemon.url(account, dfs=True), FS, **name, credential=sas,
                    connection_verify=str(lake.daemon.ca_file), retry_total=0)

    def test_it_ends_at_its_directory(self, lake, home):
        lake.root.create_directory(f"{home}/in")
        write(lake.root, f"{home}/out")
        sas = generate_directory_sas("tree", FS, f"{home}/in", blobgate_daemon.ACCOUNTS["tree"],
                                     "racwdlm", in_an_hour())
        directory = self.client(lake, DataLakeDirectoryClient, f"{home}/in", sas)
        file = directory.create_file("f")
        file.append_data(b"data", 0, flush=True)
        file = self.client(lake, DataLakeFileClient, f"{home}/in/f", sas)
        file.rename_file(f"{FS}/{home}/in/g")
        outside = self.client(lake, DataLakeFileClient, f"{home}/out", sas)
        with pytest.raises(HttpResponseError) as error:
            outside.download_file()
        assert error.value.status_code == 403
        stolen = lake.daemon.url("tree", dfs=True) + f"/{FS}/{home}/in/stolen?{sas}"
        import http.client
        host = f"tree.{blobgate_daemon.DFS_SUFFIX}"
        connection = http.client.HTTPSConnection(host, lake.daemon.ports[True],
                                                 context=lake.daemon.tls_context())
        for directory, status in ((f"{home}/in", 200), (home, 403), ("", 403)):
            connection.request("GET", f"/{FS}?resource=filesystem&recursive=true"
                                      f"&directory={directory}&{sas}",
                               headers={"x-ms-version": "2023-11-03"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == status, directory
            if status == 200:
                assert [p["name"] for p in json.loads(body)["paths"]] == [f"{home}/in/g"]
        for source in (f"/{FS}/{home}/out", f"/{FS}/{home}/in/../out"):
            connection.request("PUT", stolen[stolen.index(f"/{FS}"):],
                               headers={"x-ms-version": "2023-11-03", "Content-Length": "0",
                                        "x-ms-rename-source": source})
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (400, 403), source
        # A listing of the Blob face cannot borrow the directory parameter of the dfs face.
        connection.request("GET", f"/{FS}?restype=container&comp=list&resource=filesystem"
                                  f"&directory={home}/in&{sas}",
                           headers={"x-ms-version": "2023-11-03"})
        assert connection.getresponse().status == 403

    def test_suoid_and_saoid(self, lake, home):
        write(lake.as_user(ANN), f"{home}/f")
        service = data_lake.service(lake.daemon,
                                    credential=Credential(lake.key.token(oid=OWNER)))
        key = service.get_user_delegation_key(
            datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5),
            in_an_hour())

        def read(**who):
            sas = generate_file_sas("tree", FS, home, "f", key, "r", in_an_hour(), **who)
            return self.client(lake, DataLakeFileClient, f"{home}/f", sas).download_file()

        assert read(preauthorized_agent_object_id=BOB).readall() == b"data"
        assert read(agent_object_id=ANN).readall() == b"data"
        assert refused(lambda: read(agent_object_id=BOB))
        # Nor through a copy, where nobody asks for POSIX rights.
        for who, allowed in ((ANN, False), (None, True)):
            sas = generate_file_sas("tree", FS, home, "f", key, "r", in_an_hour(),
                                    **({"agent_object_id": who} if who else {}))
            copy = data_lake.blob_service(lake.daemon, "acct1").get_blob_client(FS, "copy")
            source = f"{lake.daemon.url('tree')}/{FS}/{home}/f?{sas}"
            if allowed:
                copy.start_copy_from_url(source, requires_sync=True)
                continue
            with pytest.raises(HttpResponseError):
                copy.start_copy_from_url(source, requires_sync=True)

    def test_writing_is_not_changing_permissions(self, lake, home):
        lake.root.create_directory(f"{home}/d", permissions="rwxr-x---", umask="0000")
        before = lake.root.get_directory_client(f"{home}/d").get_access_control()["acl"]
        sas = generate_directory_sas("tree", FS, home, blobgate_daemon.ACCOUNTS["tree"], "rcw",
                                     in_an_hour())
        directory = self.client(lake, DataLakeDirectoryClient, f"{home}/d", sas)
        assert refused(lambda: directory.create_directory(acl="user::rwx,group::rwx,other::rwx"))
        directory.create_directory(permissions="rwxrwxrwx")  # as mkdir -p does
        assert lake.root.get_directory_client(f"{home}/d").get_access_control()["acl"] == before


def test_a_recursive_change_lists_nothing_hidden(lake, home):
    write(lake.as_user(ANN), f"{home}/secret/f")
    acl = f"user:{EVE}:rwx"
    eve = lake.as_user(EVE).get_directory_client(home)
    failed = []
    eve.update_access_control_recursive(
        acl, continue_on_failure=True,
        progress_hook=lambda progress: failed.extend(progress.batch_failures))
    assert [entry.name for entry in failed] == [home]
    ann = lake.as_user(ANN).get_directory_client(home)
    assert ann.update_access_control_recursive(acl).counters.files_successful == 1


def test_nothing_is_inherited_from_an_expired_file(lake, home):
    lake.root.get_directory_client(home).set_access_control(
        acl=f"user::rwx,user:{BOB}:rwx,group::r-x,other::---")
    for name in ("again", "blocks"):
        file = write(lake.as_user(BOB), f"{home}/{name}", b"old")
        file.set_access_control(permissions="rwxrwxrwx")
        lake.root.get_file_client(f"{home}/{name}").set_file_expiry("RelativeToNow", expires_on=1500)
    lake.root.get_file_client(f"{home}/again").acquire_lease(-1)
    for name in ("again", "blocks"):
        deadline = time.monotonic() + 10
        while lake.root.get_file_client(f"{home}/{name}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    made = write(lake.as_user(ANN), f"{home}/again", b"new").get_access_control()
    assert (made["owner"], made["permissions"]) == (ANN, "rw-r-----")
    blob = data_lake.blob_service(lake.daemon).get_blob_client(FS, f"{home}/blocks")
    blob.stage_block("YQ==", b"block")
    blob.commit_block_list(["YQ=="])
    assert blob.download_blob().readall() == b"block"
    assert lake.root.get_file_client(f"{home}/blocks").get_access_control()["owner"] != BOB


class TestSoftDelete:
    @pytest.fixture(autouse=True)
    def keep(self, lake):
        service = data_lake.blob_service(lake.daemon)
        service.set_service_properties(
            delete_retention_policy=RetentionPolicy(enabled=True, days=5))
        yield
        service.set_service_properties(delete_retention_policy=RetentionPolicy(enabled=False))

    def test_files_and_directories_come_back(self, lake, home):
        file = write(lake.root, f"{home}/d/f", b"one")
        file.delete_file()
        with pytest.raises(ResourceNotFoundError):
            file.download_file()
        write(lake.root, f"{home}/d/f", b"two")
        lake.root.get_directory_client(f"{home}/d").delete_directory()
        assert [p.name for p in lake.root.get_paths(home)] == []
        deleted = {p.name: p.deletion_id for p in lake.root.list_deleted_paths(path_prefix=home)}
        assert set(deleted) == {f"{home}/d", f"{home}/d/f"}
        lake.root.create_directory(f"{home}/d")
        with pytest.raises(HttpResponseError) as error:
            lake.root._undelete_path(f"{home}/d", deleted[f"{home}/d"])
        assert error.value.status_code == 409
        lake.root.get_directory_client(f"{home}/d").delete_directory()
        lake.root._undelete_path(f"{home}/d", deleted[f"{home}/d"])
        assert lake.root.get_file_client(f"{home}/d/f").download_file().readall() == b"two"
        lake.root.get_file_client(f"{home}/d/f").delete_file()
        lake.root._undelete_path(f"{home}/d/f", deleted[f"{home}/d/f"])
        assert lake.root.get_file_client(f"{home}/d/f").download_file().readall() == b"one"

    def test_undelete_where_a_file_has_expired(self, lake, home):
        write(lake.root, f"{home}/d/f", b"one").delete_file()
        second = write(lake.root, f"{home}/d/f", b"two")
        second.set_file_expiry("RelativeToNow", expires_on=1)
        deadline = time.monotonic() + 30
        while second.exists():
            assert time.monotonic() < deadline
        (deleted,) = lake.root.list_deleted_paths(path_prefix=f"{home}/d/f")
        lake.root._undelete_path(f"{home}/d/f", deleted.deletion_id)
        assert second.download_file().readall() == b"one"

    def test_undelete_keeps_within_the_depth_of_paths(self, lake, home):
        low = "/".join("d" * 40)
        write(lake.root, f"{home}/top/{low}/f", b"deep")
        lake.root.get_directory_client(f"{home}/top").delete_directory()
        [deleted] = lake.root.list_deleted_paths(path_prefix=home)
        source = {"x-ms-undelete-source": f"{home}/top?deletionid={deleted.deletion_id}"}
        ask = data_lake.Raw(lake.daemon, "tree")

        def undelete(levels: int) -> tuple[int, str]:
            answer = ask("PUT", f"/{FS}/{home}/{'/'.join('e' * levels)}/top?comp=undelete", source)
            return answer.status, answer.code

        assert undelete(21) == (400, "InvalidUri")  # 23 levels and 41
        assert undelete(20) == (200, "")
        deepest = f"{home}/{'/'.join('e' * 20)}/top/{low}/f"
        assert [p.name for p in lake.root.get_paths(home)][-1] == deepest
        assert lake.root.get_file_client(deepest).download_file().readall() == b"deep"

    def test_undelete_needs_rights_to_the_source(self, lake, home):
        write(lake.root, f"{home}/hr/pay", b"secret").delete_file()
        lake.root.create_directory(f"{home}/mine")
        [deleted] = lake.root.list_deleted_paths(path_prefix=home)
        sas = generate_directory_sas("tree", FS, f"{home}/mine", blobgate_daemon.ACCOUNTS["tree"],
                                     "racwdl", in_an_hour())
        ask = data_lake.Raw(lake.daemon, "tree", sas=sas)
        answer = ask("PUT", f"/{FS}/{home}/mine/x?comp=undelete",
                     {"x-ms-undelete-source": f"{home}/hr/pay?deletionid={deleted.deletion_id}"})
        assert (answer.status, answer.code) == (403, "AuthorizationPermissionMismatch")
        lake.root._undelete_path(f"{home}/hr/pay", deleted.deletion_id)
