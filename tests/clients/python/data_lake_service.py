"""Calls what azure-storage-file-datalake offers for accounts and filesystems, checked for what it
does. Called by tests/clients/run.py."""
import uuid
from datetime import datetime, timedelta, timezone

import lake
from checks import checked, code_of, finish

from azure.storage.filedatalake import (AccessPolicy, CorsRule, DataLakeDirectoryClient,
                                        DataLakeFileClient, DataLakeServiceClient,
                                        FileSystemClient, FileSystemSasPermissions, PublicAccess,
                                        RetentionPolicy, StaticWebsite, generate_file_system_sas)

svc = lake.service()
name = lake.new_name()
fs = svc.create_file_system(name, metadata={"kind": "test"})


@checked
def clients_by_connection_string():
    text = (f"DefaultEndpointsProtocol={lake.ENDPOINT.split(':')[0]};AccountName={lake.ACCOUNT};"
            f"AccountKey={lake.KEY};BlobEndpoint={lake.ENDPOINT.replace('.dfs.', '.blob.')}")
    lake.put(fs, "in/file", b"there")
    every = DataLakeServiceClient.from_connection_string(text, **lake.OPTIONS)
    assert name in [f.name for f in every.list_file_systems()]
    inside = FileSystemClient.from_connection_string(text, name, **lake.OPTIONS)
    assert lake.listed(inside) == ["in/", "in/file"]
    home = DataLakeDirectoryClient.from_connection_string(text, name, "in", **lake.OPTIONS)
    assert home.get_directory_properties().name == "in"
    file = DataLakeFileClient.from_connection_string(text, name, "in/file", **lake.OPTIONS)
    assert file.download_file().readall() == b"there"


@checked
def clients_of_the_service():
    assert svc.get_file_system_client(name).exists()
    assert svc.get_directory_client(name, "in").exists()
    assert svc.get_file_client(name, "in/file").get_file_properties().size == 5
    assert not svc.get_file_client(name, "in/none").exists()
    assert code_of(svc.get_directory_client("none-such", "in").create_directory) == (
        "FilesystemNotFound")


@checked
def a_filesystem():
    other = svc.get_file_system_client(f"{name}-other")
    assert not other.exists()
    other.create_file_system(metadata={"a": "1"}, public_access=PublicAccess.FILE)
    assert other.exists()
    assert code_of(other.create_file_system) == "ContainerAlreadyExists"
    found = other.get_file_system_properties()
    assert (found.metadata, found.public_access) == ({"a": "1"}, PublicAccess.FILE), found
    other.set_file_system_metadata({"b": "2"})
    assert other.get_file_system_properties().metadata == {"b": "2"}
    listed = list(svc.list_file_systems(name_starts_with=name, include_metadata=True))
    assert [(f.name, f.metadata) for f in listed] == [
        (name, {"kind": "test"}), (f"{name}-other", {"b": "2"})]
    other.delete_file_system()
    assert not other.exists()


@checked
def who_may_read_a_filesystem():
    start = datetime.now(timezone.utc).replace(microsecond=0)
    policy = AccessPolicy(FileSystemSasPermissions(read=True), start=start, expiry=lake.soon())
    fs.set_file_system_access_policy({"reader": policy}, public_access=PublicAccess.FILESYSTEM)
    found = fs.get_file_system_access_policy()
    assert found["public_access"] == PublicAccess.FILESYSTEM
    assert [(i.id, i.access_policy.permission) for i in found["signed_identifiers"]] == [
        ("reader", "r")]
    token = generate_file_system_sas(lake.ACCOUNT, name, lake.KEY, policy_id="reader")
    by_policy = DataLakeFileClient(lake.ENDPOINT, name, "in/file", token, **lake.OPTIONS)
    assert by_policy.download_file().readall() == b"there"
    anyone = DataLakeFileClient(lake.ENDPOINT, name, "in/file", **lake.OPTIONS)
    assert anyone.download_file().readall() == b"there"
    fs.set_file_system_access_policy({})
    assert fs.get_file_system_access_policy()["signed_identifiers"] == []
    assert code_of(lambda: by_policy.download_file()) == "AuthenticationFailed"


@checked
def a_lease_of_a_filesystem():
    lease = fs.acquire_lease(15)
    assert code_of(fs.delete_file_system) == "LeaseIdMissing"
    lease.renew()
    changed = str(uuid.uuid4())
    lease.change(changed)
    assert lease.id == changed
    assert fs.get_file_system_properties(lease=lease).lease.state == "leased"
    lease.release()
    lease.acquire(-1)
    assert lease.break_lease(0) == 0
    assert fs.get_file_system_properties().lease.state == "broken"


@checked
def a_filesystem_undeleted():
    lake.put(svc.create_file_system(f"{name}-kept"), "dir/f", b"kept")
    svc.delete_file_system(f"{name}-kept")
    assert not svc.get_file_system_client(f"{name}-kept").exists()
    found = next(f for f in svc.list_file_systems(name_starts_with=name, include_deleted=True)
                 if f.name == f"{name}-kept")
    back = svc.undelete_file_system(found.name, found.deleted_version)
    assert back.get_file_client("dir/f").download_file().readall() == b"kept"
    back.delete_file_system()


@checked
def service_properties_and_deleted_paths():
    cors = CorsRule(["https://a.example"], ["GET"], allowed_headers=["x-ms-*"],
                    exposed_headers=["x-ms-meta-*"], max_age_in_seconds=60)
    svc.set_service_properties(
        cors=[cors], target_version="2023-11-03",
        static_website=StaticWebsite(enabled=True, index_document="index.html"),
        delete_retention_policy=RetentionPolicy(enabled=True, days=3))
    found = svc.get_service_properties()
    assert found["cors"][0].allowed_origins == "https://a.example"
    assert found["static_website"].index_document == "index.html"
    assert found["target_version"] == "2023-11-03"
    assert found["delete_retention_policy"].days == 3
    lake.put(fs, "gone/ä file", b"x").delete_file()
    fs.delete_directory("gone")
    deleted = {p.name: p for p in fs.list_deleted_paths()}
    assert set(deleted) == {"gone", "gone/ä file"}, deleted
    assert deleted["gone"].deletion_id != deleted["gone/ä file"].deletion_id
    assert all(p.remaining_retention_days <= 3 and p.deleted_time for p in deleted.values())
    assert [p.name for p in fs.list_deleted_paths(path_prefix="gone/")] == ["gone/ä file"]
    pages = fs.list_deleted_paths(results_per_page=1).by_page()
    assert [len(list(page)) for page in pages] == [1, 1]
    svc.set_service_properties(cors=[], static_website=StaticWebsite(enabled=False),
                               delete_retention_policy=RetentionPolicy(enabled=False))
    assert not svc.get_service_properties()["delete_retention_policy"].enabled


if lake.TOKEN:
    @checked
    def a_user_delegation_key():
        now = datetime.now(timezone.utc)
        by_token = lake.by_token(lake.TOKEN)
        key = by_token.get_user_delegation_key(now, now + timedelta(hours=1))
        token = generate_file_system_sas(
            lake.ACCOUNT, name, key, permission=FileSystemSasPermissions(read=True, list=True),
            expiry=now + timedelta(minutes=30))
        inside = lake.service(token).get_file_system_client(name)
        assert lake.listed(inside, "in") == ["in/file"]
        assert inside.get_file_client("in/file").download_file().readall() == b"there"
        assert code_of(lambda: inside.create_file("in/other")) == (
            "AuthorizationPermissionMismatch")

fs.delete_file_system()
finish()
