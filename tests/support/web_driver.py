"""Headless Chromium, driven through chromedriver (W3C WebDriver: JSON over HTTP)."""
from __future__ import annotations

import base64
import json
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request

DEADLINE = 30.0
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Refused(Exception):
    """What the driver answers; `code` is WebDriver's, such as "no such alert"."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code = code


class Browser:
    """One window. Files that pages let download go to `downloads`."""

    def __init__(self, downloads: pathlib.Path):
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self._base = ""
        try:
            for line in self._driver.stdout:
                if found := re.search(r"started successfully on port (\d+)", line):
                    self._base = f"http://127.0.0.1:{found[1]}/session"
                    break
            options = {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                                "--disable-gpu", "--window-size=1200,1000"],
                       "prefs": {"download.default_directory": str(downloads)}}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                      "goog:loggingPrefs": {"browser": "ALL"}, "unhandledPromptBehavior": "ignore"}
            session = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
            self._base += "/" + session["sessionId"]
        except BaseException:
            self._driver.kill()
            raise

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait()

    def _ask(self, method: str, path: str, body: dict | None = None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            value = json.load(refused)["value"]
            raise Refused(value["error"], value["message"]) from None

    def open(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def run(self, script: str, *arguments):
        """The value that `script`, the body of a function, returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str, *arguments):
        """Until `script` returns something true; that."""
        deadline = time.monotonic() + DEADLINE
        while not (value := self.run("return " + script, *arguments)):
            assert time.monotonic() < deadline, f"never true: {script} {arguments}\n{self.text()}"
            time.sleep(0.05)
        return value

    def _element(self, css: str) -> str:
        found = self._ask("POST", "/element", {"using": "css selector", "value": css})
        return "/element/" + found[_ELEMENT]

    def click(self, css: str) -> None:
        self._ask("POST", self._element(css) + "/click", {})

    def click_text(self, tag: str, text: str) -> None:
        """The first `tag` that is visible and has just this text, once there is one."""
        script = ("[...document.querySelectorAll(arguments[0])].find((one) =>"
                  " one.textContent === arguments[1] && one.checkVisibility())")
        found = self.wait(script, tag, text)
        self._ask("POST", f"/element/{found[_ELEMENT]}/click", {})

    def type(self, css: str, text: str) -> None:
        """For a file field the path of a file."""
        self._ask("POST", self._element(css) + "/value", {"text": text})

    def text(self, css: str = "body") -> str:
        """What a reader sees."""
        return self.run("return document.querySelector(arguments[0]).innerText", css)

    def answer_prompt(self, accept: bool) -> str:
        """The text of the confirm() that is up, or soon will be."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                text = self._ask("GET", "/alert/text")
                break
            except Refused as refused:
                if refused.code != "no such alert" or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)
        self._ask("POST", "/alert/accept" if accept else "/alert/dismiss", {})
        return text

    def log(self) -> list[str]:
        """What the browser's console said since it was last asked: errors of scripts and of the
        network, breaches of the content security policy."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, file: pathlib.Path) -> None:
        file.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))
