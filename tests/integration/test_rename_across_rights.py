"""Who may rename from one filesystem to another: POSIX rights, roles and SAS on both sides; and which
filesystem takes in what is encrypted under another's key."""
from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
import uuid

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import CustomerProvidedEncryptionKey
from azure.storage.filedatalake import (EncryptionScopeOptions, generate_directory_sas,
                                        generate_file_sas, generate_file_system_sas)

import azure_auth
import blobgate_daemon
import data_lake
import fsck
import scope_files
from test_bearer import ENTRA_ISSUER, ENTRA_TENANT, Credential, EntraKey
from test_data_lake import code_of, listed, upload

KEY = blobgate_daemon.ACCOUNTS["tree"]
ONE, OTHER = "one-lake", "other-lake"
OWNER, ANN, WRITER, READER = (str(uuid.UUID(int=i)) for i in range(21, 25))
MISMATCH = (403, "AuthorizationPermissionMismatch")


@pytest.fixture(scope="module")
def entra():
    return EntraKey("lakes")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, entra):
    folder = tmp_path_factory.mktemp("lakes")
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [entra.jwk()]}))
    scopes = scope_files.scopes(folder, "red", "blue")
    contributor = "Storage Blob Data Contributor"
    config = {
        "accounts": [{"name": "tree", "keys": [KEY], "hierarchical": True, "encryption_scopes": scopes}],
        "oauth": {
            "issuers": [{"issuer": ENTRA_ISSUER, "tenant": ENTRA_TENANT, "jwks_file": str(jwks)}],
            "roles": [{"role": "Storage Blob Data Owner", "oid": OWNER, "account": "tree"},
                      {"role": contributor, "oid": WRITER, "account": "tree", "container": ONE},
                      {"role": "Storage Blob Delegator", "oid": WRITER, "account": "tree"},
                      {"role": contributor, "oid": READER, "account": "tree", "container": ONE},
                      {"role": "Storage Blob Data Reader", "oid": READER, "account": "tree"}]}}
    with data_lake.resolved_names(), blobgate_daemon.Daemon(config) as running:
        for name in (ONE, OTHER):
            filesystem = data_lake.service(running).create_file_system(name)
            filesystem._get_root_directory_client().set_access_control(permissions="rwxr-x--x")
        yield running
        assert running.stop() == 0, running.log_tail()
        code, report = fsck.run(running.data_directory)
        assert code == fsck.CLEAN, report


@pytest.fixture
def one(daemon):
    return data_lake.service(daemon).get_file_system_client(ONE)


@pytest.fixture
def other(daemon):
    return data_lake.service(daemon).get_file_system_client(OTHER)


@pytest.fixture
def home(one, other):
    """A directory of Ann's in both; in `closed` she has no rights."""
    name = "home-" + uuid.uuid4().hex
    for filesystem in (one, other):
        filesystem.create_directory(name, owner=ANN, permissions="rwxr-x---", umask="0000")
        filesystem.create_directory(f"{name}/closed", permissions="rwxr-x---", umask="0000")
    yield name
    for filesystem in (one, other):
        filesystem.get_directory_client(name).delete_directory()


class TestBearers:
    def ask(self, daemon, entra, oid, filesystem: str):
        token = Credential(entra.token(oid=oid))
        return data_lake.service(daemon, credential=token).get_file_system_client(filesystem)

    def outcome(self, call) -> tuple[int, str]:
        try:
            call()
        except HttpResponseError as error:
            return error.status_code, error.response.headers["x-ms-error-code"]
        return 201, ""

    def test_posix_rights_of_both_parents(self, daemon, entra, one, other, home):
        ann = self.ask(daemon, entra, ANN, ONE)
        for path in ("f", "closed/f", "d/g"):
            upload(one, f"{home}/{path}", path.encode())

        def rename(source: str, to: str) -> tuple[int, str]:
            return self.outcome(lambda: ann.get_file_client(source).rename_file(f"{OTHER}/{to}"))

        assert rename(f"{home}/closed/f", f"{home}/f") == MISMATCH  # no W at the source's parent
        assert rename(f"{home}/f", f"{home}/closed/f") == MISMATCH  # nor at the destination's
        assert rename(f"{home}/f", "f") == MISMATCH
        assert one.get_file_client(f"{home}/f").download_file().readall() == b"f"
        assert rename(f"{home}/f", f"{home}/f") == (201, "")
        # What lies below needs no rights: it is the directory that is renamed.
        one.get_directory_client(f"{home}/d").set_access_control(owner=OWNER, permissions="rwx------")
        assert rename(f"{home}/d", f"{home}/d") == (201, "")
        found = other.get_directory_client(f"{home}/d").get_access_control()
        assert (found["owner"], found["permissions"]) == (OWNER, "rwx------")
        assert listed(one, home) == [f"{home}/closed/", f"{home}/closed/f"]

    def test_the_sticky_bit_of_either(self, daemon, entra, one, other, home):
        ann = self.ask(daemon, entra, ANN, ONE)
        for filesystem in (one, other):
            filesystem.create_directory(f"{home}/t", owner=OWNER, permissions="rwxrwxrwt", umask="0000")
            upload(filesystem, f"{home}/t/f", b"not Ann's")
        upload(one, f"{home}/mine", b"Ann's")
        for source, to in ((f"{home}/t/f", f"{home}/f"), (f"{home}/mine", f"{home}/t/f")):
            file = ann.get_file_client(source)
            assert self.outcome(lambda: file.rename_file(f"{OTHER}/{to}")) == MISMATCH
        assert other.get_file_client(f"{home}/t/f").download_file().readall() == b"not Ann's"

    def test_roles_on_both(self, daemon, entra, one, other, home):
        upload(one, f"{home}/f")
        upload(other, f"{home}/g")
        for oid in (WRITER, READER):  # in the other one they may not write
            there = self.ask(daemon, entra, oid, OTHER).get_file_client(f"{home}/g")
            here = self.ask(daemon, entra, oid, ONE).get_file_client(f"{home}/f")
            assert self.outcome(lambda: here.rename_file(f"{OTHER}/{home}/f")) == MISMATCH
            assert self.outcome(lambda: there.rename_file(f"{ONE}/{home}/g")) == MISMATCH
        owner = self.ask(daemon, entra, OWNER, ONE).get_file_client(f"{home}/f")
        assert self.outcome(lambda: owner.rename_file(f"{OTHER}/{home}/f")) == (201, "")
        assert sorted(listed(other, home)) == [f"{home}/closed/", f"{home}/f", f"{home}/g"]


def in_an_hour() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)


def for_filesystem(name: str, letters: str = "racwdlm", expiry=None) -> str:
    return generate_file_system_sas("tree", name, KEY, letters, expiry or in_an_hour())


class TestSas:
    """The URL's SAS is for its own filesystem; that of the source follows it in the header."""

    def rename(self, daemon, home: str, sas: str, source_sas: str = "", source: str = "") -> tuple[int, str]:
        ask = data_lake.Raw(daemon, "tree", sas=sas)
        source = source or f"/{ONE}/{home}/f"
        answer = ask("PUT", f"/{OTHER}/{home}/f",
                     {"x-ms-rename-source": source + ("?" + source_sas if source_sas else "")})
        return answer.status, answer.code

    def test_one_is_not_enough(self, daemon, one, home):
        upload(one, f"{home}/f")
        there = for_filesystem(OTHER)
        assert self.rename(daemon, home, there) == MISMATCH
        assert self.rename(daemon, home, there, there)[0] == 403
        assert self.rename(daemon, home, for_filesystem(ONE))[0] == 403
        assert listed(one, home) == [f"{home}/closed/", f"{home}/f"]

    @pytest.mark.parametrize("letters,status", [("racwdlm", 201), ("m", 201), ("wd", 201), ("racwl", 403),
                                                ("rl", 403), ("d", 403)])
    def test_its_letters(self, daemon, one, other, home, letters, status):
        upload(one, f"{home}/f")
        assert self.rename(daemon, home, for_filesystem(OTHER), for_filesystem(ONE, letters))[0] == status
        assert f"{home}/f" in listed(other if status == 201 else one, home)

    def test_those_that_do_not_hold(self, daemon, one, home):
        upload(one, f"{home}/f")
        upload(one, f"{home}/g")
        good = for_filesystem(ONE)
        past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        for bad in (for_filesystem(ONE, expiry=past), re.sub("sig=[^&]*", "sig=AAAA", good),
                    good + "&sig=x", "sv=2021-08-06", "x", "sig=", "%zz", "&&&", good[:-12],
                    generate_file_sas("tree", ONE, home, "g", KEY, "racwdm", in_an_hour()),
                    generate_directory_sas("tree", ONE, f"{home}/closed", KEY, "racwdm", in_an_hour()),
                    azure_auth.account_sas("tree", base64.b64encode(b"another key").decode())):
            status, _ = self.rename(daemon, home, for_filesystem(OTHER), bad)
            assert status in (400, 403), bad
        assert sorted(listed(one, home)) == [f"{home}/closed/", f"{home}/f", f"{home}/g"]

    def test_narrow_ones(self, daemon, one, other, home):
        upload(one, f"{home}/f", b"moves")
        to = generate_directory_sas("tree", OTHER, home, KEY, "racwdm", in_an_hour())
        of = generate_file_sas("tree", ONE, home, "f", KEY, "m", in_an_hour())
        assert self.rename(daemon, home, to, of) == (201, "")
        assert other.get_file_client(f"{home}/f").download_file().readall() == b"moves"

    def test_a_stored_access_policy_of_the_source(self, daemon, one, home):
        from azure.storage.filedatalake import AccessPolicy
        upload(one, f"{home}/f")
        policy = AccessPolicy(permission="m", expiry=in_an_hour())
        one.set_file_system_access_policy({"move": policy})
        sas = generate_file_system_sas("tree", ONE, KEY, policy_id="move")
        unknown = generate_file_system_sas("tree", ONE, KEY, policy_id="another")
        assert self.rename(daemon, home, for_filesystem(OTHER), unknown)[0] == 403
        assert self.rename(daemon, home, for_filesystem(OTHER), sas) == (201, "")
        one.set_file_system_access_policy({})

    def test_user_delegation(self, daemon, entra, one, other, home):
        """It may what its maker may, and does not speak for somebody else's POSIX rights."""
        def key_of(oid: str):
            service = data_lake.service(daemon, credential=Credential(entra.token(oid=oid)))
            start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
            return service.get_user_delegation_key(start, in_an_hour())

        def of(oid: str, **who) -> str:
            return generate_file_sas("tree", ONE, home, "f", key_of(oid), "racwdm", in_an_hour(), **who)

        upload(one, f"{home}/f")
        assert self.rename(daemon, home, for_filesystem(OTHER), of(OWNER, agent_object_id=ANN)) == MISMATCH
        assert self.rename(daemon, home, for_filesystem(OTHER), of(WRITER)) == (201, "")
        upload(one, f"{home}/f")
        to = generate_file_sas("tree", OTHER, home, "f", key_of(READER), "racwdm", in_an_hour())
        assert self.rename(daemon, home, to, of(OWNER))[0] == 403

    def test_the_sdk_sends_both(self, daemon, one, other, home):
        upload(one, f"{home}/f", b"moves")
        client = data_lake.service(daemon, credential=for_filesystem(ONE)).get_file_client(ONE, f"{home}/f")
        client.rename_file(f"{OTHER}/{home}/f?{for_filesystem(OTHER)}")
        assert other.get_file_client(f"{home}/f").download_file().readall() == b"moves"

    def test_in_one_filesystem_too(self, daemon, other, home):
        """Two directories, a SAS for each."""
        upload(other, f"{home}/closed/f")
        other.create_directory(f"{home}/open")
        to = generate_directory_sas("tree", OTHER, f"{home}/open", KEY, "racwdm", in_an_hour())
        of = generate_directory_sas("tree", OTHER, f"{home}/closed", KEY, "racwdm", in_an_hour())
        ask = data_lake.Raw(daemon, "tree", sas=to)
        for sas, status in ((of, 201), ("", 403)):
            source = {"x-ms-rename-source": f"/{OTHER}/{home}/closed/f" + ("?" + sas if sas else "")}
            assert ask("PUT", f"/{OTHER}/{home}/open/f", source).status == status


class TestEncryption:
    """A rename moves ciphertext as it is."""

    @pytest.fixture
    def made(self, daemon):
        service, names = data_lake.service(daemon), []

        def make(scope: str | None = None, deny: bool = False):
            options = EncryptionScopeOptions(default_encryption_scope=scope,
                                             prevent_encryption_scope_override=deny) if scope else None
            names.append("fs-" + uuid.uuid4().hex)
            return service.create_file_system(names[-1], encryption_scope_options=options)
        yield make
        for name in names:
            service.delete_file_system(name)

    def move(self, source, path: str, to) -> tuple[int, str]:
        try:
            source.get_file_client(path).rename_file(f"{to.file_system_name}/{path}")
        except HttpResponseError as error:
            return error.status_code, error.response.headers["x-ms-error-code"]
        return 201, ""

    def scope_of(self, filesystem, path: str) -> str | None:
        return filesystem.get_file_client(path).get_file_properties().encryption_scope

    def test_customer_key(self, made):
        raw = bytes([7]) * 32
        key = CustomerProvidedEncryptionKey(base64.b64encode(raw).decode(),
                                            base64.b64encode(hashlib.sha256(raw).digest()).decode())
        here, there = made(), made()
        file = here.create_file("f", cpk=key, metadata={"m": "v"})
        file.append_data(b"secret", 0, cpk=key)
        assert self.move(here, "f", there) == (201, "")  # no key is needed, nothing is read
        file = there.get_file_client("f")
        file.flush_data(6, cpk=key)
        assert file.download_file(cpk=key).readall() == b"secret"
        assert file.get_file_properties(cpk=key).metadata == {"m": "v"}
        with pytest.raises(HttpResponseError) as refused:
            file.download_file()
        assert code_of(refused) == "BlobUsesCustomerSpecifiedEncryption"

    def test_a_file_keeps_its_scope(self, made):
        red, blue, plain = made("red"), made("blue"), made()
        upload(red, "f", b"secret")
        for source, to in ((red, blue), (blue, plain), (plain, red)):
            assert self.move(source, "f", to) == (201, "")
            assert self.scope_of(to, "f") == "red"
            assert to.get_file_client("f").download_file().readall() == b"secret"
        upload(plain, "g", b"in the clear")
        assert self.move(plain, "g", red) == (201, "")
        assert self.scope_of(red, "g") is None

    def test_a_filesystem_that_takes_its_own_scope_only(self, made):
        red, blue, plain, strict = made("red"), made("blue"), made(), made("red", deny=True)
        refused = (403, "RequestForbiddenByContainerEncryptionPolicy")
        upload(red, "d/f", b"secret")
        upload(red, "g", b"secret")
        upload(blue, "d/f", b"secret")
        upload(blue, "g", b"secret")
        upload(plain, "d/f", b"in the clear")
        plain.create_file("g")
        plain.create_directory("empty")
        for source in (blue, plain):
            for path in ("g", "d"):
                before = listed(source)
                assert self.move(source, path, strict) == refused
                assert (listed(source), listed(strict)) == (before, [])
        assert self.move(plain, "empty", strict) == (201, "")
        for path in ("g", "d"):
            assert self.move(red, path, strict) == (201, "")
        assert listed(strict) == ["d/", "d/f", "empty/", "g"]
        assert strict.get_file_client("d/f").download_file().readall() == b"secret"
        # Out of it anything may go.
        assert self.move(strict, "d", plain) == (409, "DirectoryNotEmpty") or self.move(
            strict, "g", blue) == (201, "")

    def test_uncommitted_blocks_of_another_scope(self, daemon, made):
        plain, strict = made(), made("red", deny=True)
        blob = data_lake.blob_service(daemon).get_blob_client(plain.file_system_name, "f")
        blob.upload_blob(b"secret", encryption_scope="red")
        blob.stage_block("AAAA", b"secret", encryption_scope="blue")
        assert self.move(plain, "f", strict)[1] == "RequestForbiddenByContainerEncryptionPolicy"
        blob.upload_blob(b"secret", encryption_scope="red", overwrite=True)
        assert self.move(plain, "f", strict) == (201, "")
