"""Bearer tokens and user delegation SAS over real sockets, by Azure's own SDK where it can."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import time
import urllib.parse
import uuid

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage.blob import (BlobClient, BlobSasPermissions, BlobServiceClient,
                                ContainerSasPermissions, generate_blob_sas,
                                generate_container_sas)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import azcopy
import blobgate_daemon

TENANT = "33333333-3333-3333-3333-333333333333"
LOCAL_ISSUER = f"https://blob.gate.test/{TENANT}/"
ENTRA_TENANT = "22222222-2222-2222-2222-222222222222"
ENTRA_ISSUER = f"https://sts.windows.net/{ENTRA_TENANT}/"
OWNER, READER, NOBODY, PREFIXED, DELEGATOR = (str(uuid.UUID(int=i)) for i in range(1, 6))
SECRET = base64.b64encode(b"delegation secret of 32 bytes...").decode()


def b64(data) -> str:
    data = data if isinstance(data, bytes) else data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def int64(number: int) -> str:
    return b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))


class EntraKey:
    """An issuer outside the daemon, whose keys the daemon reads from a file."""

    def __init__(self, kid: str):
        self.kid = kid
        self.key = rsa.generate_private_key(65537, 2048)

    def jwk(self) -> dict:
        public = self.key.public_key().public_numbers()
        return {"kty": "RSA", "use": "sig", "kid": self.kid, "n": int64(public.n),
                "e": int64(public.e)}

    def claims(self, **changes) -> dict:
        now = int(time.time())
        claims = {"iss": ENTRA_ISSUER, "aud": "https://storage.azure.com", "oid": OWNER,
                  "tid": ENTRA_TENANT, "nbf": now - 60, "exp": now + 600, "sub": "someone"}
        claims.update(changes)
        return {k: v for k, v in claims.items() if v is not None}

    def token(self, header: dict | None = None, **changes) -> str:
        head = {"typ": "JWT", "alg": "RS256", "kid": self.kid, **(header or {})}
        text = b64(json.dumps(head)) + "." + b64(json.dumps(self.claims(**changes)))
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return text + "." + b64(signature)


class Credential:
    """What SDKs ask for tokens."""

    def __init__(self, token: str):
        self.token = token
        self.scopes: list[str] = []

    def get_token(self, *scopes, **_) -> AccessToken:
        self.scopes += scopes
        return AccessToken(self.token, int(time.time()) + 600)


def blobgate(*arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run([str(blobgate_daemon.find_binary()), *arguments], capture_output=True,
                          text=True, check=check)


class Site:
    def __init__(self, daemon: blobgate_daemon.Daemon, entra: EntraKey, jwks: pathlib.Path):
        self.daemon, self.entra, self.jwks = daemon, entra, jwks

    def token(self, oid: str, *more: str) -> str:
        config = str(self.daemon.directory / "blobgate.json")
        return blobgate("token", "issue", "--config", config, "--oid", oid, *more).stdout.strip()

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.daemon.ports[True]}/acct1"

    def service(self, credential) -> BlobServiceClient:
        return BlobServiceClient(self.endpoint, credential=credential,
                                 connection_verify=str(self.daemon.ca_file), retry_total=0)

    def as_bearer(self, oid: str) -> BlobServiceClient:
        return self.service(Credential(self.token(oid)))

    def blob(self, container: str, name: str, sas: str, **more) -> BlobClient:
        return BlobClient.from_blob_url(
            f"{self.endpoint}/{container}/{urllib.parse.quote(name)}?{sas}",
            connection_verify=str(self.daemon.ca_file), retry_total=0, **more)

    def raw(self, token: str, target: str = "/acct1/con/hello", *, method: str = "GET",
            tls: bool = True, headers: dict | None = None, body: bytes = b""):
        """(status, headers in lower case, body) of one request with this token."""
        import http.client
        import ssl
        if tls:
            context = ssl.create_default_context(cafile=str(self.daemon.ca_file))
            connection = http.client.HTTPSConnection(*self.daemon.address(True), context=context,
                                                     timeout=30)
        else:
            connection = http.client.HTTPConnection(*self.daemon.address(False), timeout=30)
        fields = {"x-ms-version": "2022-11-02"}
        if token:
            fields["Authorization"] = f"Bearer {token}"
        connection.request(method, target, body=body or None, headers={**fields, **(headers or {})})
        answer = connection.getresponse()
        result = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        connection.close()
        return result


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bearer")
    key_file = directory / "issuer.pem"
    made = blobgate("token", "new-key", str(key_file), "--type", "ec")
    assert made.stdout.strip()
    assert key_file.stat().st_mode & 0o777 == 0o600
    entra = EntraKey("first")
    jwks = directory / "jwks.json"
    jwks.write_text(json.dumps({"keys": [entra.jwk()]}))
    owner, reader = "Storage Blob Data Owner", "Storage Blob Data Reader"
    oauth = {
        "issuers": [{"issuer": ENTRA_ISSUER, "tenant": ENTRA_TENANT, "jwks_file": str(jwks)}],
        "local_issuer": {"key_file": str(key_file), "issuer": LOCAL_ISSUER, "tenant": TENANT},
        "roles": [
            {"role": owner, "oid": OWNER, "account": "acct1"},
            {"role": reader, "oid": READER, "account": "*"},
            {"role": owner, "oid": PREFIXED, "account": "acct1", "container": "con",
             "prefix": "mine/"},
            {"role": "Storage Blob Delegator", "oid": DELEGATOR, "account": "acct1"},
            {"role": reader, "oid": DELEGATOR, "account": "acct1", "container": "con"},
            {"role": "Storage Blob Data Contributor", "group": "writers", "account": "acct1"},
        ],
    }
    accounts = [{"name": name, "keys": [key], "delegation_secrets": [SECRET]}
                for name, key in blobgate_daemon.ACCOUNTS.items()]
    config = {"oauth": oauth, "accounts": accounts}
    with blobgate_daemon.Daemon(config) as daemon:
        daemon.client().create_container("con")
        daemon.client().create_container("other")
        daemon.client().put_blob("con", "hello", b"hello world")
        yield Site(daemon, entra, jwks)
        assert daemon.stop() == 0, daemon.log_tail()


def code_of(run) -> tuple[int, str]:
    try:
        run()
    except HttpResponseError as error:
        return error.status_code, error.response.headers.get("x-ms-error-code", "")
    return 200, ""


# --- The SDK with a token -----------------------------------------------------------------------


def test_an_owner_does_everything_with_data(site):
    credential = Credential(site.token(OWNER))
    service = site.service(credential)
    container = service.create_container("owned")
    data = os.urandom(300_000)
    container.upload_blob("dir/ä b+c", data, metadata={"a": "b"}, tags={"t": "v"})
    assert container.download_blob("dir/ä b+c").readall() == data
    assert [b.name for b in container.list_blobs(include=["tags"])] == ["dir/ä b+c"]
    assert container.get_blob_client("dir/ä b+c").get_blob_tags() == {"t": "v"}
    container.get_container_access_policy()
    assert "owned" in [c.name for c in service.list_containers()]
    container.delete_container()
    assert credential.scopes and set(credential.scopes) == {"https://storage.azure.com/.default"}


def test_a_reader_reads(site):
    container = site.as_bearer(READER).get_container_client("con")
    assert container.download_blob("hello").readall() == b"hello world"
    assert "hello" in [b.name for b in container.list_blobs()]
    mismatch = (403, "AuthorizationPermissionMismatch")
    assert code_of(lambda: container.upload_blob("x", b"x")) == mismatch
    assert code_of(lambda: container.delete_blob("hello")) == mismatch
    assert code_of(container.delete_container) == mismatch
    assert code_of(container.get_container_access_policy) == mismatch
    assert code_of(container.get_blob_client("hello").get_blob_tags) == mismatch
    assert code_of(lambda: site.as_bearer(READER).create_container("new")) == mismatch


def test_whoever_has_no_role_may_nothing(site):
    container = site.as_bearer(NOBODY).get_container_client("con")
    mismatch = (403, "AuthorizationPermissionMismatch")
    assert code_of(lambda: container.download_blob("hello")) == mismatch
    assert code_of(lambda: container.download_blob("missing")) == mismatch
    assert code_of(lambda: list(container.list_blobs())) == mismatch


def test_roles_hold_where_they_were_given(site):
    container = site.as_bearer(PREFIXED).get_container_client("con")
    container.upload_blob("mine/a", b"1", overwrite=True)
    assert [b.name for b in container.list_blobs(name_starts_with="mine/")] == ["mine/a"]
    mismatch = (403, "AuthorizationPermissionMismatch")
    assert code_of(lambda: container.upload_blob("yours/a", b"1")) == mismatch
    assert code_of(lambda: list(container.list_blobs())) == mismatch
    other = site.as_bearer(PREFIXED).get_container_client("other")
    assert code_of(lambda: other.upload_blob("mine/a", b"1")) == mismatch
    # The owner's role is for acct1 only.
    target = "/acct2/?comp=list"
    assert site.raw(site.token(OWNER), target)[0] == 403
    assert site.raw(site.token(READER), target)[0] == 200


def test_groups_of_a_token_count(site):
    someone = str(uuid.uuid4())
    put = {"x-ms-blob-type": "BlockBlob"}
    for groups, status in ((["--group", "writers"], 201), (["--group", "others"], 403), ([], 403)):
        answer = site.raw(site.token(someone, *groups), "/acct1/con/by-group", method="PUT",
                          headers=put, body=b"x")
        assert answer[0] == status, groups


def test_a_copy_reads_its_source_with_a_token(site):
    source = f"{site.endpoint}/con/hello"
    target = "/acct1/other/copied"
    headers = {"x-ms-copy-source": source, "x-ms-requires-sync": "true"}

    def copy(source_token: str):
        with_token = {**headers, "x-ms-copy-source-authorization": f"Bearer {source_token}"}
        return site.raw(site.token(OWNER), target, method="PUT", headers=with_token)

    assert copy(site.token(READER))[0] == 202
    assert site.raw(site.token(OWNER), target)[2] == b"hello world"
    assert copy(site.token(NOBODY))[0] == 403
    assert copy("x.y.z")[0] == 401


def test_a_batch_asks_for_each_of_its_parts(site):
    container = site.as_bearer(OWNER).get_container_client("con")
    names = ["batch/1", "batch/2", "batch/3"]

    def fill() -> None:
        for name in names:
            container.upload_blob(name, b"x", overwrite=True)

    fill()
    assert [r.status_code for r in container.delete_blobs(*names)] == [202, 202, 202]
    fill()
    reader = site.as_bearer(READER).get_container_client("con")
    answers = reader.delete_blobs(*names, raise_on_any_failure=False)
    assert [r.status_code for r in answers] == [403, 403, 403]
    key = delegation_key(site, OWNER)

    def by_sas(letters: str) -> list[int]:
        sas = generate_container_sas("acct1", "con", user_delegation_key=key, expiry=in_hours(1),
                                     permission=ContainerSasPermissions.from_string(letters))
        service = BlobServiceClient(f"{site.endpoint}?{sas}", retry_total=0,
                                    connection_verify=str(site.daemon.ca_file))
        answers = service.get_container_client("con").delete_blobs(
            *names, raise_on_any_failure=False)
        return [r.status_code for r in answers]

    assert by_sas("r") == [403, 403, 403]
    assert by_sas("d") == [202, 202, 202]


# --- Refusals -----------------------------------------------------------------------------------


def test_the_challenge_tells_where_to_log_in(site):
    for token in ("", "nonsense"):
        status, headers, _ = site.raw(token)
        assert status == 401
        assert headers["www-authenticate"] == (
            f"Bearer authorization_uri=https://login.microsoftonline.com/{ENTRA_TENANT}"
            "/oauth2/authorize resource_id=https://storage.azure.com")
    assert site.raw("")[1]["x-ms-error-code"] == "NoAuthenticationInformation"
    assert site.raw("nonsense")[1]["x-ms-error-code"] == "InvalidAuthenticationInfo"
    with pytest.raises(ClientAuthenticationError):
        site.service(Credential("nonsense")).get_container_client("con").download_blob("hello")


def test_good_tokens_of_an_outside_issuer(site):
    assert site.raw(site.entra.token())[0] == 200
    for audience in ("https://acct1.blob.core.windows.net", "https://storage.azure.com/",
                     "https://acct1.blob.gate.test", ["x", "https://storage.azure.com"]):
        assert site.raw(site.entra.token(aud=audience))[0] == 200, audience


def test_hostile_tokens(site):
    now = int(time.time())
    entra = site.entra
    claims = b64(json.dumps(entra.claims()))
    public = entra.jwk()["n"]
    confused = b64(json.dumps({"alg": "HS256", "kid": "first"})) + "." + claims
    mac = hmac.new(public.encode(), confused.encode(), hashlib.sha256).digest()
    stranger = EntraKey("first")
    good = entra.token()
    head, body, signature = good.split(".")
    twice = json.dumps(entra.claims())[:-1] + f', "oid": "{READER}"}}'
    text = head + "." + b64(twice)
    signed_twice = text + "." + b64(
        entra.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))
    hostile = {
        "alg none": b64('{"alg":"none"}') + "." + claims + ".",
        "alg none with a signature": b64('{"alg":"none"}') + "." + claims + "." + signature,
        "hmac with the public key": confused + "." + b64(mac),
        "another key": stranger.token(),
        "unknown kid": entra.token({"kid": "second"}),
        "path in kid": entra.token({"kid": "../../../../etc/passwd"}),
        "kid a number": entra.token({"kid": 1}),
        "own jwk": stranger.token({"jwk": stranger.jwk()}),
        "crit": entra.token({"crit": ["exp"]}),
        "expired": entra.token(exp=now - 301),
        "not yet valid": entra.token(nbf=now + 400),
        "without exp": entra.token(exp=None),
        "exp a text": entra.token(exp=str(now + 600)),
        "other audience": entra.token(aud="https://management.azure.com"),
        "other account": entra.token(aud="https://acct2.blob.core.windows.net"),
        "other issuer": entra.token(iss="https://sts.windows.net/evil/"),
        "other tenant": entra.token(tid=TENANT),
        "local issuer, outside key": entra.token(iss=LOCAL_ISSUER, tid=TENANT),
        "a claim twice": signed_twice,
        "padding": head + "=." + body + "." + signature,
        "bad base64": "!" + good,
        "bad json": head + "." + b64('{"oid":') + "." + signature,
        "two parts": head + "." + body,
        "four parts": good + ".x",
        "huge": entra.token(x="y" * 20_000),
        "payload swapped": head + "." + b64(json.dumps(entra.claims(oid=READER))) + "." + signature,
    }
    for name, token in hostile.items():
        status, headers, body = site.raw(token)
        assert (status, headers.get("x-ms-error-code")) == (401, "InvalidAuthenticationInfo"), name
        assert b"AuthenticationErrorDetail" in body, name
    assert site.raw(good)[0] == 200


def test_a_token_needs_https_or_this_machine(site):
    # The tests come from 127.0.0.1, where a proxy may stand; see the unit tests for other peers.
    assert site.raw(site.token(READER), tls=False)[0] == 200
    status, _, body = site.raw(site.token(READER), headers={"x-ms-version": "2015-04-05"})
    assert status == 403 and b"not supported in this version" in body


# --- Keys ---------------------------------------------------------------------------------------


def test_the_discovery_document_leads_to_the_keys(site):
    for path in (f"/{TENANT}/.well-known/openid-configuration",
                 f"/{TENANT}/v2.0/.well-known/openid-configuration",
                 "/.well-known/openid-configuration"):
        status, headers, body = site.raw("", path)
        assert status == 200 and headers["content-type"] == "application/json"
        document = json.loads(body)
        assert document["issuer"] == LOCAL_ISSUER
    keys = urllib.parse.urlsplit(document["jwks_uri"]).path
    status, _, body = site.raw("", keys)
    config = str(site.daemon.directory / "blobgate.json")
    assert status == 200
    assert json.loads(body) == json.loads(blobgate("token", "jwks", "--config", config).stdout)


def test_keys_rotate_with_their_file(site):
    old = site.entra
    new = EntraKey("second")
    site.jwks.write_text(json.dumps({"keys": [new.jwk()]}))
    try:
        deadline = time.monotonic() + 30
        while site.raw(new.token())[0] != 200:  # asks at most every ten seconds
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert site.raw(old.token())[0] == 401
    finally:
        site.jwks.write_text(json.dumps({"keys": [old.jwk()]}))
    deadline = time.monotonic() + 30
    while site.raw(old.token())[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_the_command_prints_what_the_azure_cli_prints(site):
    printed = json.loads(site.token(READER, "--format", "az", "--minutes", "5"))
    assert printed["tokenType"] == "Bearer" and printed["tenant"] == TENANT
    assert 0 < printed["expires_on"] - time.time() <= 300
    datetime.datetime.strptime(printed["expiresOn"], "%Y-%m-%d %H:%M:%S.%f")
    assert site.raw(printed["accessToken"])[0] == 200


def test_the_command_refuses_what_it_must(site, tmp_path):
    key = tmp_path / "key.pem"
    assert blobgate("token", "new-key", str(key)).returncode == 0
    assert blobgate("token", "new-key", str(key), check=False).returncode != 0
    issue = ["token", "issue", "--key", str(key), "--issuer", "https://x/", "--tenant", TENANT]
    assert blobgate(*issue, "--oid", READER).stdout.count(".") == 2
    assert blobgate(*issue, "--oid", "me", check=False).returncode != 0
    key.chmod(0o644)
    assert blobgate(*issue, "--oid", READER, check=False).returncode != 0


def test_azcopy_logs_in_with_the_command(site, tmp_path):
    """A program `az` that issues a token is all that AzCopy's AZCLI login needs."""
    config = site.daemon.directory / "blobgate.json"
    az = tmp_path / "bin" / "az"
    az.parent.mkdir()
    az.write_text(f"#!/bin/sh\nexec {blobgate_daemon.find_binary()} token issue --config {config} "
                  f"--oid {OWNER} --format az\n")
    az.chmod(0o755)
    environment = {"AZCOPY_AUTO_LOGIN_TYPE": "AZCLI",
                   "PATH": f"{az.parent}:{os.environ['PATH']}"}
    tool = azcopy.AzCopy(site.daemon, tmp_path / "home")
    trusted = f"*.{blobgate_daemon.HOST_SUFFIX}:{site.daemon.ports[True]}"  # the port counts
    data = os.urandom(100_000)
    (tmp_path / "up").write_bytes(data)

    def run(*arguments: str) -> None:
        done = tool.run(*arguments, f"--trusted-microsoft-suffixes={trusted}",
                        environment=environment)
        assert done.code == 0, done.describe()

    blob, copied = (site.daemon.url("acct1", "con", name) for name in ("azcopy/up", "azcopy/copy"))
    run("copy", str(tmp_path / "up"), blob, "--from-to=LocalBlob")
    run("copy", blob, copied, "--from-to=BlobBlob")
    run("copy", copied, str(tmp_path / "down"), "--from-to=BlobLocal")
    assert (tmp_path / "down").read_bytes() == data
    run("remove", site.daemon.url("acct1", "con", "azcopy"), "--recursive", "--from-to=BlobTrash")
    assert not list(site.as_bearer(OWNER).get_container_client("con").list_blobs("azcopy/"))


# --- User delegation ----------------------------------------------------------------------------


def in_hours(hours: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)


def delegation_key(site, oid: str, hours: float = 2):
    return site.as_bearer(oid).get_user_delegation_key(in_hours(-0.1), in_hours(hours))


def blob_sas(key, name: str, permissions: str = "rcw", container: str = "con", **more) -> str:
    return generate_blob_sas("acct1", container, name, user_delegation_key=key,
                             permission=BlobSasPermissions.from_string(permissions),
                             expiry=in_hours(1), **more)


def test_a_user_delegation_sas_uploads_and_downloads(site):
    key = delegation_key(site, OWNER)
    assert key.signed_oid == OWNER and key.signed_tid == TENANT and key.signed_service == "b"
    assert len(base64.b64decode(key.value)) == 32
    name = "delegated/ü x"
    blob = site.blob("con", name, blob_sas(key, name, content_type="text/special"))
    data = os.urandom(200_000)
    blob.upload_blob(data, overwrite=True)
    assert blob.download_blob().readall() == data
    assert blob.get_blob_properties().content_settings.content_type == "text/special"
    assert code_of(blob.delete_blob) == (403, "AuthorizationPermissionMismatch")
    elsewhere = site.blob("con", "hello", blob_sas(key, name))
    assert code_of(elsewhere.download_blob) == (403, "AuthenticationFailed")


def test_a_container_sas_lists(site):
    key = delegation_key(site, OWNER)
    sas = generate_container_sas("acct1", "con", user_delegation_key=key, expiry=in_hours(1),
                                 permission=ContainerSasPermissions.from_string("rl"))
    service = BlobServiceClient(f"{site.endpoint}?{sas}", retry_total=0,
                                connection_verify=str(site.daemon.ca_file))
    container = service.get_container_client("con")
    assert "hello" in [b.name for b in container.list_blobs()]
    assert container.download_blob("hello").readall() == b"hello world"
    assert code_of(container.delete_container) == (403, "AuthorizationFailure")


def test_its_rights_are_those_of_its_maker(site):
    reader_key = delegation_key(site, READER)
    blob = site.blob("con", "hello", blob_sas(reader_key, "hello", "rcwd"))
    assert blob.download_blob().readall() == b"hello world"
    mismatch = (403, "AuthorizationPermissionMismatch")
    assert code_of(lambda: blob.upload_blob(b"x", overwrite=True)) == mismatch
    assert code_of(blob.delete_blob) == mismatch
    # May make keys everywhere, may read `con` only.
    delegator_key = delegation_key(site, DELEGATOR)
    assert site.blob("con", "hello", blob_sas(delegator_key, "hello")).download_blob()
    assert code_of(site.blob("other", "x", blob_sas(delegator_key, "x", container="other"))
                   .download_blob) == mismatch


def test_who_may_have_a_key(site):
    mismatch = (403, "AuthorizationPermissionMismatch")
    assert code_of(lambda: delegation_key(site, NOBODY)) == mismatch
    assert code_of(lambda: delegation_key(site, PREFIXED)) == mismatch, "its role is for a container"
    shared_key = site.service({"account_name": "acct1",
                               "account_key": blobgate_daemon.ACCOUNTS["acct1"]})
    failed = (403, "AuthenticationFailed")
    assert code_of(lambda: shared_key.get_user_delegation_key(in_hours(0), in_hours(1))) == failed
    by_sas = site.service(site.daemon.account_sas())
    assert code_of(lambda: by_sas.get_user_delegation_key(in_hours(0), in_hours(1))) == failed


def test_times_of_keys(site):
    assert delegation_key(site, OWNER, hours=7 * 24 - 0.1)
    for start, expiry in ((0, 7 * 24 + 0.1), (0, -1), (2, 1), (-8 * 24, 1), (8 * 24, 9 * 24)):
        service = site.as_bearer(OWNER)
        code = code_of(lambda: service.get_user_delegation_key(in_hours(start), in_hours(expiry)))
        assert code == (400, "InvalidXmlNodeValue"), (start, expiry)


def test_nobody_makes_a_key_of_his_own(site):
    key = delegation_key(site, READER)
    forged = blob_sas(key, "hello")
    assert f"skoid={READER}" in forged
    altered = forged.replace(f"skoid={READER}", f"skoid={OWNER}")
    assert code_of(site.blob("con", "hello", altered).download_blob) == (
        403, "AuthenticationFailed")
    key.value = base64.b64encode(os.urandom(32)).decode()
    assert code_of(site.blob("con", "hello", blob_sas(key, "hello")).download_blob) == (
        403, "AuthenticationFailed")
    key.value = blobgate_daemon.ACCOUNTS["acct1"]
    assert code_of(site.blob("con", "hello", blob_sas(key, "hello")).download_blob) == (
        403, "AuthenticationFailed")


def test_keys_survive_a_restart_and_end_with_their_secret(site):
    key = delegation_key(site, READER)
    blob = lambda: site.blob("con", "hello", blob_sas(key, "hello", "r"))  # noqa: E731
    site.daemon.restart()
    assert blob().download_blob().readall() == b"hello world"

    def with_secrets(*secrets: str) -> dict:
        return {"accounts": [{"name": name, "keys": [account_key],
                              "delegation_secrets": list(secrets)}
                             for name, account_key in blobgate_daemon.ACCOUNTS.items()]}

    new = base64.b64encode(os.urandom(32)).decode()
    site.daemon.restart(with_secrets(new, SECRET))
    assert blob().download_blob().readall() == b"hello world", "the old secret is still honoured"
    site.daemon.restart(with_secrets(new))
    assert code_of(blob().download_blob) == (403, "AuthenticationFailed")
    site.daemon.restart(with_secrets(SECRET))
    assert blob().download_blob().readall() == b"hello world"


def test_a_sas_for_one_user_needs_that_users_token(site):
    key = delegation_key(site, OWNER)
    sas = blob_sas(key, "hello", "r", user_delegation_oid=READER)
    assert f"sduoid={READER}" in sas
    target = f"/acct1/con/hello?{sas}"
    assert site.raw(site.token(READER), target)[0] == 200
    assert site.raw(site.token(OWNER), target)[0] == 403
    assert site.raw("", target)[0] == 403
