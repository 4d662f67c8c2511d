"""Counts what is checked, a line for each check, as tests/clients/run.py reads it."""
from __future__ import annotations

import time
import traceback
import typing

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError

_counts = {True: 0, False: 0}


def check(name: str, good: object) -> None:
    _counts[bool(good)] += 1
    print(f"{'PASS' if good else 'FAIL'} python {name}", flush=True)


def checked(function: typing.Callable[[], None]) -> None:
    """Runs it; a failure is noted, and the others go on."""
    title = function.__name__.replace("_", " ")
    try:
        function()
        check(title, True)
    except Exception as error:  # whatever happens is the result
        where = traceback.extract_tb(error.__traceback__)[-1]
        check(f"{title}: {type(error).__name__}: {error} ({where.line})", False)


def code_of(run: typing.Callable[[], object]) -> str:
    """Of the error that it is refused with."""
    try:
        run()
    except HttpResponseError as error:
        return error.error_code or error.response.headers.get("x-ms-error-code", "")
    return ""


class Token:
    """A credential of a token that is there already."""

    def __init__(self, token: str):
        self._token = token

    def get_token(self, *_, **__) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 600)


def finish() -> typing.NoReturn:
    """The closing line, and the end of the script."""
    print(f"{_counts[True]} passed, {_counts[False]} failed")
    raise SystemExit(1 if _counts[False] or not _counts[True] else 0)
