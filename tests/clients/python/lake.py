"""A hierarchical account for the scripts that call azure-storage-file-datalake."""
from __future__ import annotations

import os
import uuid
from datetime import datetime, timedelta, timezone

import recorded_data_lake  # noqa: F401  (before the clients are made)
from checks import Token

from azure.storage.filedatalake import DataLakeFileClient, DataLakeServiceClient

ENDPOINT, ACCOUNT, KEY = (os.environ[n] for n in ("DFS_ENDPOINT", "DFS_ACCOUNT", "DFS_KEY"))
CREDENTIAL = {"account_name": ACCOUNT, "account_key": KEY}
OPTIONS = {"connection_verify": os.environ.get("BLOB_CA") or True, "retry_total": 0}
# For HTTPS only: of one who may all, and of one whom no role allows anything.
TOKEN, GUEST_TOKEN = os.environ.get("BLOB_TOKEN"), os.environ.get("GUEST_TOKEN")
GUEST = os.environ["GUEST_OID"]


def service(credential=CREDENTIAL) -> DataLakeServiceClient:
    return DataLakeServiceClient(ENDPOINT, credential=credential, **OPTIONS)


def by_token(token: str) -> DataLakeServiceClient:
    return service(Token(token))


def soon() -> datetime:
    return datetime.now(timezone.utc) + timedelta(hours=1)


def new_name() -> str:
    return f"lake-{uuid.uuid4().hex[:12]}"


def put(parent, path: str, data: bytes) -> DataLakeFileClient:
    """A new file; `parent` is a filesystem or a directory."""
    file = parent.get_file_client(path)
    file.upload_data(data, overwrite=True)
    return file


def listed(client, *arguments, **named) -> list[str]:
    """Names of the paths, a directory's with a slash behind it."""
    return [p.name + "/" * p.is_directory for p in client.get_paths(*arguments, **named)]
