"""blobgate account new: its entry and its connection string work as printed."""
import base64
import json
import subprocess

import blob_client
import blobgate_daemon


def account(*arguments, check=True):
    return subprocess.run([str(blobgate_daemon.find_binary()), "account", "new", *arguments],
                          capture_output=True, text=True, check=check)


def test_what_is_printed_works():
    printed = json.loads(account("shop", "--json").stdout)
    entry = printed["account"]
    with blobgate_daemon.Daemon({"accounts": [entry]}) as daemon:
        for key in entry["keys"]:
            client = blob_client.BlobClient(daemon.address(), "shop", key)
            assert client.list_containers() is not None
    parts = dict(part.split("=", 1) for part in printed["connection_string"].rstrip(";").split(";"))
    assert parts == {"DefaultEndpointsProtocol": "http", "AccountName": "shop",
                     "AccountKey": entry["keys"][0],
                     "BlobEndpoint": "http://127.0.0.1:10000/shop"}


def test_keys_are_new_every_time():
    keys = [key for _ in range(2) for key in json.loads(account("shop", "--json").stdout)
            ["account"]["keys"]]
    assert len(set(keys)) == 4
    assert all(len(base64.b64decode(key, validate=True)) == 64 for key in keys)


def test_options():
    printed = json.loads(account("lake", "--json", "--hierarchical", "--endpoint",
                                 "https://blobs.example.net/").stdout)
    assert printed["account"]["hierarchical"] is True
    assert printed["connection_string"].startswith("DefaultEndpointsProtocol=https;")
    assert printed["connection_string"].endswith("BlobEndpoint=https://blobs.example.net/lake;")


def test_text_says_that_the_keys_are_shown_once():
    text = account("shop").stdout
    assert "not shown again" in text and "DefaultEndpointsProtocol=" in text


def test_a_bad_name_is_refused():
    for name in ("ab", "Shop", "a-b"):
        refused = account(name, check=False)
        assert refused.returncode == 1 and "lower-case" in refused.stderr and not refused.stdout
