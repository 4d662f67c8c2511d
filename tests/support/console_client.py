"""A daemon with a console, and a client that speaks to it as the page does."""
from __future__ import annotations

import http.client
import json
import subprocess
import urllib.parse

import blobgate_daemon

HEADER = {"X-Blobgate-Console": "1"}
CONFIG = {"console": {"listeners": [{"address": "127.0.0.1", "port": 0, "tls": tls}
                                    for tls in (False, True)]}}


def new_token(daemon) -> str:
    done = subprocess.run([str(blobgate_daemon.find_binary()), "console-token", "--data-dir",
                           str(daemon.data_directory)], capture_output=True, text=True, check=True,
                          timeout=60)
    return done.stdout.strip()


class Answer:
    def __init__(self, answer: http.client.HTTPResponse, body: bytes):
        self.status = answer.status
        self.headers = answer.headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Console:
    """One browser, so to say. `headers` go before its own; those that are None are left out."""

    def __init__(self, daemon, tls: bool = False):
        self._daemon = daemon
        self._tls = tls
        self.cookie = ""

    def ask(self, method: str, path: str, body=None, headers: dict | None = None) -> Answer:
        port = self._daemon.console_ports[self._tls]
        connection = (http.client.HTTPSConnection("127.0.0.1", port, timeout=30,
                                                  context=self._daemon.tls_context())
                      if self._tls else http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        sent = {"Cookie": self.cookie, **({} if method in ("GET", "HEAD") else HEADER),
                **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        try:
            connection.request(method, path, body,
                               {name: value for name, value in sent.items() if value is not None})
            answer = connection.getresponse()
            return Answer(answer, answer.read())
        finally:
            connection.close()

    def log_in(self, token: str) -> Answer:
        answer = self.ask("POST", "/api/login", {"token": token})
        if answer.status == 204:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return answer


def blob_path(account: str, container: str = "", blob: str = "", **parameters: str) -> str:
    named = {"account": account, "container": container, "blob": blob, **parameters}
    return "/api/blob?" + urllib.parse.urlencode({k: v for k, v in named.items() if v},
                                                 quote_via=urllib.parse.quote, safe="")
