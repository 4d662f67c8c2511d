"""Drives the real AzCopy: installs it from npm into a cache, runs it in a private mount namespace
in which the accounts' host names resolve to this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile

import blobgate_daemon

PACKAGE = "@azure-tools/azcopy-linux"
VERSION_RANGE = "10.32"
_BINARY = "package/dist/bin/azcopy_linux_amd64"


def cache_directory() -> pathlib.Path:
    named = os.environ.get("BLOBGATE_TEST_CACHE")
    return pathlib.Path(named) if named else blobgate_daemon.REPOSITORY / ".cache"


def install() -> pathlib.Path:
    """The AzCopy program; fetched on first use. Needs npm, and root for libsecret if missing."""
    home = cache_directory() / "azcopy"
    binary = home / _BINARY
    if not binary.exists():
        home.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{VERSION_RANGE}"], cwd=home,
                                check=True, capture_output=True, text=True)
        archive = home / packed.stdout.split()[-1]
        binary.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as contents, open(binary, "wb") as program:
            shutil.copyfileobj(contents.extractfile(str(_BINARY)), program)
        archive.unlink()
        binary.chmod(0o755)
    if "libsecret-1.so.0" not in subprocess.run(["ldconfig", "-p"], capture_output=True,
                                                text=True, check=False).stdout:
        subprocess.run(["apt-get", "update", "-qq"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["apt-get", "install", "-y", "-qq", "libsecret-1-0"], check=True,
                       stdout=subprocess.DEVNULL)
    return binary


def version(binary: pathlib.Path) -> str:
    done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


@dataclasses.dataclass
class Outcome:
    command: list[str]
    code: int
    output: str
    errors: str

    def messages(self, kind: str) -> list[str]:
        """The contents of the output lines of one MessageType (with --output-type=json)."""
        found = []
        for line in self.output.splitlines():
            if line.startswith("{"):
                message = json.loads(line)
                if message.get("MessageType") == kind:
                    found.append(message["MessageContent"])
        return found

    @property
    def job(self) -> dict:
        ends = self.messages("EndOfJob")
        return json.loads(ends[-1]) if ends else {}

    @property
    def job_id(self) -> str:
        return self.job.get("JobID", "")

    def count(self, name: str) -> int:
        """TransfersCompleted, TransfersFailed, TransfersSkipped, TotalTransfers, ..."""
        return int(self.job.get(name, 0))

    def describe(self) -> str:
        command = " ".join(part.split("sig=")[0] for part in self.command)
        return f"azcopy {command}\nexit {self.code}\n{self.output[-3000:]}{self.errors[-1500:]}"


class AzCopy:
    """One AzCopy "home" (logs, job plans) against one daemon. Threads may share it."""

    def __init__(self, daemon: blobgate_daemon.Daemon, directory: pathlib.Path,
                 binary: pathlib.Path | None = None):
        self.binary = binary or install()
        self._daemon = daemon
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self._hosts = self.directory / "hosts"
        names = " ".join(daemon.host_names())
        self._hosts.write_text(f"127.0.0.1 localhost {names}\n")

    def _environment(self, extra: dict[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items()
                if not k.startswith("AZCOPY_") and not k.lower().endswith("_proxy")}
        return kept | {
            "HOME": str(self.directory),
            "AZCOPY_LOG_LOCATION": str(self.directory / "logs"),
            "AZCOPY_JOB_PLAN_LOCATION": str(self.directory / "plans"),
            "AZCOPY_DISABLE_SYSLOG": "true",
            "AZCOPY_BUFFER_GB": "0.5",
            "SSL_CERT_FILE": str(self._daemon.ca_file),
        } | extra

    def _in_namespace(self, arguments: list[str]) -> list[str]:
        unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-r", "--mount"]
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return [*unshare, "sh", "-c", script, str(self._hosts), str(self.binary), *arguments]

    def start(self, *arguments: str, environment: dict[str, str] | None = None,
              stdin=subprocess.DEVNULL, cwd: pathlib.Path | None = None) -> subprocess.Popen:
        """Starts it; its pid is AzCopy's own (unshare and sh exec it)."""
        return subprocess.Popen(self._in_namespace(list(arguments)), stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                                env=self._environment(environment or {}))

    def run(self, *arguments: str, environment: dict[str, str] | None = None,
            stdin: bytes | None = None, timeout: float = 600, as_json: bool = True,
            cwd: pathlib.Path | None = None) -> Outcome:
        complete = [*arguments, "--output-type=json"] if as_json else list(arguments)
        process = self.start(*complete, environment=environment, cwd=cwd,
                             stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL)
        try:
            output, errors = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            output, errors = process.communicate()
            errors += f"\nkilled after {timeout} s".encode()
        return Outcome(complete, process.returncode, output.decode("utf-8", "replace"),
                       errors.decode("utf-8", "replace"))

    def run_to_bytes(self, *arguments: str, timeout: float = 600) -> tuple[int, bytes]:
        """For downloads to standard output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output

    def log_of(self, job_id: str) -> str:
        path = self.directory / "logs" / f"{job_id}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def forget_jobs(self) -> None:
        for name in ("plans", "logs"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
