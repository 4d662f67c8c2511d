"""Calls what azure-storage-file-datalake offers for access control, checked for what it does.
Called by tests/clients/run.py."""
from datetime import datetime, timezone

import lake
from checks import checked, code_of, finish

from azure.storage.filedatalake import (DataLakeDirectoryClient, DataLakeFileClient,
                                        DirectorySasPermissions, FileSasPermissions,
                                        generate_directory_sas, generate_file_sas)

svc = lake.service()
fs = svc.create_file_system(lake.new_name())
ANN = "11111111-1111-1111-1111-111111111111"


def tree(name: str) -> DataLakeDirectoryClient:
    """Two directories and two files."""
    top = fs.create_directory(name)
    top.create_file("f")
    top.create_sub_directory("sub").create_file("g")
    return top


@checked
def permissions_owner_and_acl():
    top = tree("rights")
    for path, normal in ((top, "rwxr-x---"), (top.get_file_client("f"), "rw-r-----")):
        found = path.get_access_control()
        assert (found["owner"], found["group"], found["permissions"]) == (
            "$superuser", "$superuser", normal), found
        path.set_access_control(owner=ANN, group=lake.GUEST, permissions="0741")
        found = path.get_access_control(upn=True)
        assert (found["owner"], found["group"], found["permissions"]) == (
            ANN, lake.GUEST, "rwxr----x"), found
        path.set_access_control(acl=f"user::rw-,user:{ANN}:r-x,group::r--,other::---")
        found = path.get_access_control()
        assert found["acl"] == f"user::rw-,user:{ANN}:r-x,group::r--,mask::r-x,other::---"
        assert found["permissions"] == "rw-r-x---+"


@checked
def a_default_acl():
    top = fs.create_directory("defaults")
    top.set_access_control(acl="user::rwx,group::r-x,other::---,default:user::rwx,"
                               f"default:user:{ANN}:r-x,default:group::r-x,default:other::---")
    acl = top.create_sub_directory("sub").get_access_control()["acl"]
    assert f",default:user:{ANN}:r-x" in acl and f",user:{ANN}:r-x" in acl, acl
    assert f"user:{ANN}:r-x" in top.create_file("f").get_access_control()["acl"]


def is_counted(result, directories: int, files: int) -> bool:
    counters = result.counters
    return (counters.directories_successful, counters.files_successful, counters.failure_count,
            result.continuation) == (directories, files, 0, None)


@checked
def acls_of_a_whole_directory():
    top = tree("recursive")
    file = top.get_sub_directory_client("sub").get_file_client("g")
    assert is_counted(top.set_access_control_recursive("user::rwx,group::r-x,other::r--"), 2, 2)
    assert file.get_access_control()["acl"] == "user::rwx,group::r-x,other::r--"
    batches = []
    result = top.update_access_control_recursive(f"user:{ANN}:rwx", batch_size=1,
                                                 progress_hook=batches.append)
    assert is_counted(result, 2, 2)
    assert len(batches) >= 4 and batches[-1].aggregate_counters.files_successful == 2
    assert f"user:{ANN}:rwx" in file.get_access_control()["acl"]
    some = top.remove_access_control_recursive(f"user:{ANN}", batch_size=2, max_batches=1)
    assert some.continuation
    top.remove_access_control_recursive(f"user:{ANN}", continuation_token=some.continuation)
    for path in (top, file):
        assert ANN not in path.get_access_control()["acl"]


@checked
def acls_of_one_file():
    file = tree("single").get_file_client("f")
    assert is_counted(file.set_access_control_recursive("user::rwx,group::---,other::---"), 0, 1)
    assert is_counted(file.update_access_control_recursive(f"user:{ANN}:r--"), 0, 1)
    assert file.get_access_control()["acl"] == (
        f"user::rwx,user:{ANN}:r--,group::---,mask::r--,other::---")
    assert is_counted(file.remove_access_control_recursive(f"user:{ANN}"), 0, 1)
    assert ANN not in file.get_access_control()["acl"]


@checked
def a_directory_and_a_file_by_sas():
    top = tree("signed")
    token = generate_directory_sas(lake.ACCOUNT, fs.file_system_name, "signed", lake.KEY,
                                   DirectorySasPermissions(read=True, list=True, write=True),
                                   lake.soon())
    inside = lake.service(token).get_file_system_client(fs.file_system_name)
    inside.get_file_client("signed/sub/g").upload_data(b"signed", overwrite=True)
    assert lake.listed(inside, "signed") == ["signed/f", "signed/sub/", "signed/sub/g"]
    outside = inside.get_file_client("rights/f")
    assert code_of(outside.create_file) == "AuthenticationFailed"
    token = generate_file_sas(lake.ACCOUNT, fs.file_system_name, "signed/sub", "g", lake.KEY,
                              FileSasPermissions(read=True), lake.soon())
    file = DataLakeFileClient(lake.ENDPOINT, fs.file_system_name, "signed/sub/g", token,
                              **lake.OPTIONS)
    assert file.download_file().readall() == b"signed"
    assert code_of(file.delete_file) == "AuthorizationPermissionMismatch"
    assert top.exists()


if lake.TOKEN:
    @checked
    def an_owner_by_token():
        inside = lake.by_token(lake.TOKEN).get_file_system_client(fs.file_system_name)
        top = inside.create_directory("owned")
        top.create_file("f").upload_data(b"x", overwrite=True)
        found = top.get_access_control()
        assert found["owner"] == "00000000-0000-0000-0000-000000000001", found
        top.set_access_control(owner=ANN, group=ANN)
        assert top.get_access_control()["owner"] == ANN
        assert is_counted(top.update_access_control_recursive(f"user:{lake.GUEST}:rwx"), 1, 1)
        top.rename_directory(f"{fs.file_system_name}/owned again")
        inside.delete_directory("owned again")
        assert "owned/" not in lake.listed(fs)

    @checked
    def a_guest_by_what_the_acl_allows():
        tree("shared")
        inside = lake.by_token(lake.GUEST_TOKEN).get_file_system_client(fs.file_system_name)
        top, file = inside.get_directory_client("shared"), inside.get_file_client("shared/f")
        refused = "AuthorizationPermissionMismatch"
        assert code_of(lambda: file.download_file()) == refused
        assert code_of(lambda: lake.listed(inside, "shared")) == refused
        root = fs.get_directory_client("/")
        root.set_access_control(acl="user::rwx,group::r-x,other::--x")
        fs.get_directory_client("shared").update_access_control_recursive(
            f"user:{lake.GUEST}:r-x")
        assert file.download_file().readall() == b""
        assert lake.listed(inside, "shared") == ["shared/f", "shared/sub/", "shared/sub/g"]
        assert code_of(lambda: top.create_file("new")) == refused
        assert code_of(file.delete_file) == refused
        assert code_of(lambda: file.set_access_control(permissions="0777")) == refused
        fs.get_directory_client("shared").set_access_control_recursive(
            f"user::rwx,user:{lake.GUEST}:rwx,group::r-x,other::---")
        mine = top.create_file("new")
        assert mine.get_access_control()["owner"] == lake.GUEST
        mine.set_access_control(permissions="0700")
        assert code_of(lambda: mine.set_access_control(owner=ANN)) == refused
        mine.rename_file(f"{fs.file_system_name}/shared/newer")
        top.delete_sub_directory("sub")
        assert lake.listed(inside, "shared") == ["shared/f", "shared/newer"]
        assert code_of(top.delete_directory) == refused  # the root is not the guest's

    @checked
    def a_sas_by_a_users_key():
        tree("delegated").get_file_client("f").upload_data(b"x", overwrite=True)
        key = lake.by_token(lake.TOKEN).get_user_delegation_key(
            datetime.now(timezone.utc), lake.soon())
        token = generate_file_sas(lake.ACCOUNT, fs.file_system_name, "delegated", "f", key,
                                  FileSasPermissions(read=True), lake.soon())
        file = DataLakeFileClient(lake.ENDPOINT, fs.file_system_name, "delegated/f", token,
                                  **lake.OPTIONS)
        assert file.download_file().readall() == b"x"
        assert code_of(file.delete_file) == "AuthorizationPermissionMismatch"

fs.delete_file_system()
finish()
