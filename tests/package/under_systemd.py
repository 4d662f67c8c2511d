#!/usr/bin/env python3
"""The installed package under a systemd that has booted: nothing plays the service manager here.

    under_systemd.py ROOT LATER_PACKAGE

Runs in name spaces of its own for mounts and network (run.py makes them). ROOT is a Debian with the
package and systemd installed, which is process 1 of name spaces of its own there, with this
program's network. Each step is what the operator types, and what must be true afterwards.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import blob_client  # noqa: E402
from users_hour import Load  # noqa: E402

ADDRESS = ("127.0.0.1", 10000)
CONFIG = "etc/blobgate/blobgate.json"
DROP_IN = "etc/systemd/system/blobgate.service.d"

ACCESS = re.compile(r'"[A-Z]+ /')  # lines of the access log, beside the others in the journal

# Name spaces for mounts, processes, host name, IPC and control groups are made; what is left is what
# a machine finds mounted when it boots. Not chroot: in one nobody may make user name spaces, which
# PrivateUsers= needs. The control groups are those of the machine, unified or not.
BOOT = r"""
set -e
mount --make-rprivate /
mount --rbind "$1" "$1"
cd "$1"
umount proc 2>/dev/null || :
mount -t proc proc proc
mount -t sysfs sys sys
mount -t tmpfs -o mode=755 tmpfs run
if [ -d /sys/fs/cgroup/unified ] || ! [ -f /sys/fs/cgroup/cgroup.procs ]; then
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
  mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
  mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mkdir -p .old
pivot_root . .old
umount -l /.old
mount --make-rshared /
exec /usr/bin/env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
"""


def make_control_groups() -> list[pathlib.Path]:
    """In each hierarchy that systemd uses, below ours. Who boots in one of its own touches no
    other."""
    made = []
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, group = line.split(":", 2)
        mounts = {"": ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"],
                  "name=systemd": ["/sys/fs/cgroup/systemd"]}.get(controllers, [])
        for parent in (pathlib.Path(mount + group) for mount in mounts):
            if (parent / "cgroup.procs").exists():
                made.append(parent / f"blobgate-test-{os.getpid()}")
                made[-1].mkdir()
                break
    return made


def remove_control_group(group: pathlib.Path) -> None:
    """With those below it, once the last of their processes is gone."""
    deadline = time.monotonic() + 30
    while group.exists():
        try:
            for below, _, _ in os.walk(group, topdown=False):
                os.rmdir(below)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Machine:
    def __init__(self, root: pathlib.Path):
        self.root = root
        self.key = ""
        self._boot: subprocess.Popen | None = None
        self._init = ""
        self._groups: list[pathlib.Path] = []

    def boot(self) -> None:
        self._groups = make_control_groups()

        def enter() -> None:
            for group in self._groups:
                (group / "cgroup.procs").write_text(str(os.getpid()))

        self._boot = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--uts", "--ipc",
             "--cgroup", "--fork", "--kill-child", "sh", "-c", BOOT, "sh", str(self.root)],
            stdin=subprocess.DEVNULL, preexec_fn=enter)
        children = pathlib.Path(f"/proc/{self._boot.pid}/task/{self._boot.pid}/children")
        deadline = time.monotonic() + 120
        while self.systemctl("is-system-running", check=False) not in ("running", "degraded"):
            assert self._boot.poll() is None and time.monotonic() < deadline, "systemd does not boot"
            self._init = (children.read_text().split() or [""])[0]
            time.sleep(0.2)

    def off(self) -> None:
        if self._boot:
            self._boot.kill()
            self._boot.wait()
        for group in self._groups:
            remove_control_group(group)

    def run(self, *command: str, check: bool = True) -> str:
        if not self._init:
            return ""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                       "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(
            ["nsenter", "-t", self._init, "-m", "-p", "-u", "-i", "-C", "-r", "-w", *command],
            capture_output=True, text=True, check=False, env=environment, timeout=180)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        return self.run("systemctl", *arguments, check=check)

    def show(self, name: str) -> str:
        return self.systemctl("show", "--value", "-p", name, "blobgate.service")

    def wait_for(self, name: str, value: str) -> None:
        deadline = time.monotonic() + 60
        while self.show(name) != value:
            assert time.monotonic() < deadline, f"{name} is {self.show(name)}, not {value}"
            time.sleep(0.1)

    def journal(self, *options: str) -> str:
        return self.run("journalctl", "-q", "--no-pager", "-o", "cat", "-u", "blobgate", *options)

    def client(self) -> blob_client.BlobClient:
        return blob_client.BlobClient(ADDRESS, "shop", self.key)

    def change(self, change) -> None:
        """What `change` makes of the configuration's text."""
        file = self.root / CONFIG
        file.write_text(change(file.read_text()))

    def drop_in(self, name: str, *lines: str) -> None:
        folder = self.root / DROP_IN
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.conf").write_text("\n".join(["[Service]", *lines, ""]))
        self.systemctl("daemon-reload")


def started(machine: Machine) -> None:
    """With the machine, as the package enabled it."""
    machine.wait_for("ActiveState", "active")
    assert machine.show("StatusText") == "Serving http://127.0.0.1:10000", machine.show("StatusText")
    assert machine.show("NRestarts") == "0"
    made = json.loads(machine.run("blobgate", "account", "add", "shop", "--json"))
    machine.key = made["keys"][0]
    machine.client().create_container("load")
    machine.client().put_blob("load", "kept", b"what was stored first")


def reload(machine: Machine) -> None:
    machine.change(lambda text: text.replace('"accounts"', '"threads": 3,\n  "accounts"', 1))
    machine.systemctl("reload", "blobgate")
    deadline = time.monotonic() + 30
    while "threads: 0 -> 3 (needs a restart)" not in machine.journal():
        assert time.monotonic() < deadline, machine.journal()
        time.sleep(0.1)
    assert machine.show("ActiveState") == "active"


def kill(machine: Machine) -> None:
    """It comes back by itself, with all that it had answered."""
    machine.client().put_blob("load", "answered", b"answered before the kill")
    machine.systemctl("kill", "-s", "KILL", "blobgate")
    machine.wait_for("NRestarts", "1")
    machine.wait_for("ActiveState", "active")
    assert machine.client().get("load", "answered") == b"answered before the kill"


def hang(machine: Machine) -> None:
    """A process that does nothing any more is aborted and started again."""
    machine.drop_in("watchdog", "WatchdogSec=3", "TimeoutAbortSec=2")
    machine.systemctl("restart", "blobgate")
    before = machine.show("MainPID")
    time.sleep(7)  # two periods: a daemon that is well is left alone
    assert machine.show("MainPID") == before
    machine.systemctl("kill", "-s", "STOP", "blobgate")
    machine.wait_for("NRestarts", "1")
    machine.wait_for("ActiveState", "active")
    assert "Watchdog timeout" in machine.journal()
    assert machine.client().get("load", "kept") == b"what was stored first"
    (machine.root / DROP_IN / "watchdog.conf").unlink()
    machine.systemctl("daemon-reload")


def encrypt(machine: Machine) -> None:
    """With a master key that systemd passes, and with one that a command keeps: the unit lets the
    daemon run it."""
    vault = machine.root / "etc/blobgate/vault"
    vault.write_text("#!/bin/sh\n# It keeps nothing from anybody: what is tested is that it runs.\n"
                     'IFS= read -r line\nif [ "$1" = wrap ]; then echo "v1:$line"; '
                     'else echo "${line#v1:}"; fi\n')
    vault.chmod(0o755)
    (machine.root / "root/master").write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    machine.drop_in("master", "LoadCredential=master:/root/master")
    keys = [{"name": "passed", "key_file": "$CREDENTIALS_DIRECTORY/master"},
            {"name": "vault", "command": ["/etc/blobgate/vault"]}]
    machine.change(lambda text: text.replace(
        '"accounts"', f'"master_keys": {json.dumps(keys)},\n  "accounts"', 1))
    machine.systemctl("restart", "blobgate")
    secret = b"not to be found on the disk " + base64.b64encode(os.urandom(30))
    for key in keys:
        machine.run("blobgate", "account", "set", "shop", "--encryption-enabled",
                    "--encryption-master-key", key["name"])
        machine.run("blobgate", "account", "rewrap-key", "shop")
        machine.client().put_blob("load", key["name"], secret)
        machine.systemctl("restart", "blobgate")  # unwraps it
        assert machine.client().get("load", key["name"]) == secret
    stored = [file.read_bytes() for file in (machine.root / "var/lib/blobgate").rglob("*")
              if file.is_file() and file.name != "BALLAST"]
    assert stored and not any(secret in one for one in stored)


def restart_under_load(machine: Machine) -> None:
    machine.systemctl("stop", "blobgate")
    machine.systemctl("enable", "--now", "blobgate.socket")
    machine.systemctl("start", "blobgate")
    with Load(machine.client):
        for _ in range(3):
            machine.systemctl("restart", "blobgate")


def upgrade_under_load(machine: Machine, package: pathlib.Path) -> None:
    """dpkg restarts the service."""
    before = machine.show("MainPID")
    with Load(machine.client):
        machine.run("dpkg", "--force-confdef", "--force-confold", "-i", f"/root/{package.name}")
    machine.wait_for("ActiveState", "active")
    assert machine.show("MainPID") != before
    assert machine.client().get("load", "kept") == b"what was stored first"


def stop(machine: Machine) -> None:
    machine.systemctl("stop", "blobgate.socket", "blobgate")
    assert [machine.show(name) for name in ("ActiveState", "Result", "ExecMainStatus")] == [
        "inactive", "success", "0"]


def no_complaints(machine: Machine) -> None:
    """What the daemon would have liked to do and the unit forbids shows in its log."""
    lines = [line for line in machine.journal().splitlines()
             if re.search(r" (warn|error|critical) ", line) or "Operation not permitted" in line]
    expected = ("needs a restart",)
    assert not [line for line in lines if not any(part in line for part in expected)], lines


def main() -> int:
    root, package = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    machine = Machine(root)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        for name, step in (
                ("systemd boots", machine.boot),
                ("the service is up, and an account", lambda: started(machine)),
                ("systemctl reload", lambda: reload(machine)),
                ("kill -9", lambda: kill(machine)),
                ("a daemon that hangs", lambda: hang(machine)),
                ("encryption at rest", lambda: encrypt(machine)),
                ("sockets of systemd: restarts under load", lambda: restart_under_load(machine)),
                ("an upgrade under load", lambda: upgrade_under_load(machine, package)),
                ("systemctl stop", lambda: stop(machine)),
                ("nothing that the unit forbids was missed", lambda: no_complaints(machine))):
            print(name, flush=True)
            step()
    except BaseException:
        lines = [line for line in machine.journal().splitlines() if not ACCESS.search(line)]
        print("\n".join(lines[-40:]), file=sys.stderr)
        raise
    finally:
        machine.off()
    return 0


if __name__ == "__main__":
    sys.exit(main())
