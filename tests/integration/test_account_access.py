"""What an account asks of every request: not disabled, HTTPS, no account keys, no anonymous
readers (Azure's allowSharedKeyAccess, allowBlobPublicAccess, "secure transfer required")."""
import datetime
import http.client
import subprocess
import time
import uuid

import admin
import blobgate_daemon
import pytest
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

OWNER = str(uuid.UUID(int=1))
TENANT = "33333333-3333-3333-3333-333333333333"
KEY = blobgate_daemon.ACCOUNTS["acct1"]
KEYS_REFUSED = (403, "KeyBasedAuthenticationNotPermitted")
NOT_PUBLIC = (409, "PublicAccessNotPermitted")


def blobgate(*arguments: str) -> str:
    return subprocess.run([str(blobgate_daemon.find_binary()), *arguments], check=True,
                          capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    key_file = tmp_path_factory.mktemp("access") / "issuer.pem"
    blobgate("token", "new-key", str(key_file), "--type", "ec")
    oauth = {"local_issuer": {"key_file": str(key_file), "tenant": TENANT,
                              "issuer": f"https://blob.gate.test/{TENANT}/"},
             "roles": [{"role": "Storage Blob Data Owner", "oid": OWNER, "account": "*"}]}
    with blobgate_daemon.Daemon({"oauth": oauth}) as running:
        yield running
        assert running.stop() == 0, running.log_tail()


@pytest.fixture
def account(daemon):
    """A new account's name and client, with a public container and a blob in it."""
    name = "a" + uuid.uuid4().hex[:12]
    key = admin.account_json(daemon, "add", name)["keys"][0]
    client = blobgate_daemon.blob_client.BlobClient(daemon.address(), name, key)
    client.create_container("pub", public="container")
    client.put_blob("pub", "b", b"content")
    client.create_container("private")
    yield name, key, client
    client.close()


def set_account(daemon, name: str, *options: str) -> None:
    admin.account_json(daemon, "set", name, *options)


def raw(daemon, target: str, *, tls: bool = False, method: str = "GET",
        headers: dict | None = None) -> tuple[int, str]:
    connection = (http.client.HTTPSConnection(*daemon.address(True), context=daemon.tls_context())
                  if tls else http.client.HTTPConnection(*daemon.address()))
    connection.request(method, target, headers=headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("x-ms-error-code", "")


def signed(daemon, name: str, key: str, *, tls: bool = False) -> tuple[int, str]:
    client = blobgate_daemon.blob_client.BlobClient(daemon.address(tls), name, key,
                                                    daemon.tls_context() if tls else None)
    answer = client.request("GET", "pub", "b")
    client.close()
    return answer.status, answer.error_code


def account_sas(name: str, key: str) -> str:
    return blobgate_daemon.azure_auth.account_sas(name, key)


def test_a_disabled_account_answers_nobody_and_keeps_its_data(daemon, account):
    name, key, client = account
    set_account(daemon, name, "--disabled")
    refused = (403, "AccountIsDisabled")
    assert signed(daemon, name, key) == refused
    assert raw(daemon, f"/{name}/pub/b") == refused
    assert raw(daemon, f"/{name}/pub/b?{account_sas(name, key)}", tls=True) == refused
    set_account(daemon, name, "--disabled=false")
    assert client.get("pub", "b") == b"content"


def url(daemon, name: str, tls: bool = False) -> str:
    host, port = daemon.address(tls)
    return f"http{'s' if tls else ''}://{host}:{port}/{name}"


def test_a_copy_from_a_disabled_account(daemon, account):
    name, _, _ = account
    mine = daemon.client()
    if mine.request("HEAD", "copies", restype="container").status == 404:
        mine.create_container("copies")
    copy = {"x-ms-copy-source": f"{url(daemon, name)}/pub/b", "x-ms-requires-sync": "true"}
    assert mine.request("PUT", "copies", "c", headers=copy).status == 202
    set_account(daemon, name, "--disabled")
    answer = mine.request("PUT", "copies", "d", headers=copy)
    assert (answer.status, answer.headers["x-ms-copy-source-error-code"]) == (403,
                                                                              "AccountIsDisabled")


def test_https_only(daemon, account):
    name, key, _ = account
    set_account(daemon, name, "--https-only")
    refused = (400, "AccountRequiresHttps")
    assert signed(daemon, name, key) == refused
    assert raw(daemon, f"/{name}/pub/b") == refused
    assert raw(daemon, f"/{name}/pub/b?{account_sas(name, key)}") == refused
    assert signed(daemon, name, key, tls=True) == (200, "")
    assert raw(daemon, f"/{name}/pub/b", tls=True) == (200, "")
    assert raw(daemon, "/acct2?comp=list")[0] != 400, "other accounts are not asked for it"


def test_without_shared_key_access(daemon, account):
    name, key, _ = account
    set_account(daemon, name, "--allow-shared-key-access=false")
    assert signed(daemon, name, key) == KEYS_REFUSED
    assert raw(daemon, f"/{name}/pub/b?{account_sas(name, key)}") == KEYS_REFUSED
    service = blobgate_daemon.azure_auth.service_sas(name, key, "pub")
    assert raw(daemon, f"/{name}/pub/b?{service}") == KEYS_REFUSED
    # A wrong key is not told that a right one would not do either.
    assert signed(daemon, name, blobgate_daemon.ACCOUNTS["acct2"]) == (403, "AuthenticationFailed")
    assert raw(daemon, f"/{name}/pub/b") == (200, ""), "anonymous readers are another setting"


class Token:
    def __init__(self, daemon):
        config = str(daemon.directory / "blobgate.json")
        self.token = blobgate("token", "issue", "--config", config, "--oid", OWNER)

    def get_token(self, *_, **__) -> AccessToken:
        return AccessToken(self.token, int(time.time()) + 600)


def test_tokens_and_user_delegation_sas_need_no_key(daemon, account):
    name, _, _ = account
    set_account(daemon, name, "--allow-shared-key-access=false")
    service = BlobServiceClient(url(daemon, name, tls=True), credential=Token(daemon),
                                connection_verify=str(daemon.ca_file), retry_total=0)
    assert service.get_blob_client("private", "new").upload_blob(b"x")
    now = datetime.datetime.now(datetime.UTC)
    key = service.get_user_delegation_key(now, now + datetime.timedelta(hours=1))
    sas = generate_container_sas(name, "private", user_delegation_key=key,
                                 permission=ContainerSasPermissions(read=True),
                                 expiry=now + datetime.timedelta(hours=1))
    assert raw(daemon, f"/{name}/private/new?{sas}", tls=True) == (200, "")


@pytest.mark.parametrize("version", [{}, {"x-ms-version": "2021-12-02"}])
def test_without_public_access(daemon, account, version):
    name, key, client = account
    assert raw(daemon, f"/{name}/pub/b", headers=version) == (200, "")
    set_account(daemon, name, "--allow-blob-public-access=false")
    assert raw(daemon, f"/{name}/pub/b", headers=version) == NOT_PUBLIC
    assert raw(daemon, f"/{name}/pub/b", method="HEAD", headers=version) == NOT_PUBLIC
    assert raw(daemon, f"/{name}/pub?restype=container&comp=list", headers=version) == NOT_PUBLIC
    assert raw(daemon, f"/{name}/none/b", headers=version) == NOT_PUBLIC, "no container is told of"
    write = {"x-ms-blob-type": "BlockBlob", "Content-Length": "0", **version}
    wanted = (401, "NoAuthenticationInformation") if version else (404, "ResourceNotFound")
    assert raw(daemon, f"/{name}/pub/b", method="PUT", headers=write) == wanted
    assert signed(daemon, name, key) == (200, "")
    for level in ("blob", "container"):
        header = {"x-ms-blob-public-access": level}
        made = client.request("PUT", f"new{level}", restype="container", headers=header)
        assert (made.status, made.error_code) == NOT_PUBLIC
        opened = client.request("PUT", "private", restype="container", comp="acl", headers=header)
        assert (opened.status, opened.error_code) == NOT_PUBLIC
    client.create_container("closed")
    client.expect(200, "PUT", "private", restype="container", comp="acl")
    set_account(daemon, name, "--allow-blob-public-access")
    assert raw(daemon, f"/{name}/pub/b", headers=version) == (200, "")


def test_settings_are_shown(daemon, account):
    name, _, _ = account
    set_account(daemon, name, "--https-only", "--allow-shared-key-access=false")
    shown = admin.account_json(daemon, "show", name)["account"]
    assert shown["https_only"] is True
    assert shown["allow_shared_key_access"] is False
