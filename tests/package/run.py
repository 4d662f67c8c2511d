#!/usr/bin/env python3
"""The Debian package from end to end: made by scripts/package, judged by lintian and by
`systemd-analyze security`, then installed, used, upgraded, removed and purged in a Debian of its
own.

That Debian is a directory made by debootstrap (kept as a tar file in the test cache) and entered
with chroot, in name spaces of its own for mounts, processes and network, so that the daemon has the
ports of the default configuration for itself. There is no systemd in it: the daemon is started with
the unit's command line as the unit's user, and this program plays the service manager. In another
one systemd boots, and does all that with the unit as it is (under_systemd.py).

  run.py [--keep]          BLOBGATE_BINARY names the program that is packaged
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import azcopy  # noqa: E402  (for the cache)
import blobgate_daemon  # noqa: E402
import installed_daemon  # noqa: E402
import loop_volume  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = "lib/systemd/system/blobgate.service"
CONFIG = "etc/blobgate/blobgate.json"
HIGHEST_EXPOSURE = 15  # tenths, as --threshold= takes them


def run(*command, check=True, **options) -> subprocess.CompletedProcess:
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False,
                          **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{shlex.join(map(str, command))}: {done.returncode}\n"
                           f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


class Debian:
    """A Debian 12 in a directory. `run` runs a command in it."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        cached = azcopy.cache_directory() / "debian" / "bookworm.tar"
        if not cached.exists():
            self._make(cached)
        self.path.mkdir()
        run("tar", "-xf", cached, "-C", self.path)
        self.run("apt-get", "update", "-qq", check=False)  # the lists may be old

    @staticmethod
    def _mirror() -> str:
        for source in sorted(pathlib.Path("/etc/apt").glob("sources.list*/**/*.sources")):
            found = re.search(r"^URIs:\s*(\S+/debian)/?\s*$", source.read_text(), re.M)
            if found:
                return found[1]
        return "http://deb.debian.org/debian"

    def _make(self, cached: pathlib.Path) -> None:
        """Under another name first; with what packages need from the network in it."""
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cached.parent) as home:
            root = pathlib.Path(home) / "root"
            # Also most of what blobgate depends on, so that later runs download little.
            run("debootstrap", "--variant=minbase", "bookworm", root, self._mirror())
            shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
            run("chroot", root, "apt-get", "update", "-qq")
            run("chroot", root, "apt-get", "install", "-qq", "-y", "--no-install-recommends",
                "adduser", "ca-certificates", "librocksdb7.8", "libpugixml1v5", "libspdlog1.10",
                "libprometheus-cpp-core1.0", "libsqlite3-0", "bash",
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
            partial = cached.with_suffix(".partial")
            run("tar", "-cf", partial, "--one-file-system", "-C", root, ".")
            partial.rename(cached)

    def run(self, *command, check=True, **options) -> subprocess.CompletedProcess:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                       "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.path, *command, check=check, env=environment, **options)

    def install(self, package: pathlib.Path, *options: str) -> None:
        shutil.copy(package, self.path / "tmp")
        self.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *options,
                 f"/tmp/{package.name}")

    def mode(self, file: str) -> str:
        """"OWNER:GROUP MODE", as the Debian itself names them."""
        return self.run("stat", "-c", "%U:%G %a", f"/{file}").stdout.strip()


class Checks:
    """Counts what holds; a step that throws is one that does not."""

    def __init__(self):
        self.passed = 0
        self.failed: list[str] = []

    def step(self, name: str, action, *arguments):
        try:
            result = action(*arguments)
        except Exception as error:  # noqa: BLE001  (reported; the next steps may still tell more)
            self.failed.append(name)
            print(f"FAILED: {name}: {type(error).__name__}: {error}", flush=True)
            return None
        self.passed += 1
        print(f"ok: {name}", flush=True)
        return result


def expect(got, wanted) -> None:
    if got != wanted:
        raise AssertionError(f"{got!r}, not {wanted!r}")


def build(directory: pathlib.Path, version: str | None = None) -> pathlib.Path:
    environment = {**os.environ, "BLOBGATE_BINARY": str(blobgate_daemon.find_binary())}
    if version:
        environment["PACKAGE_VERSION"] = version
    run(ROOT / "scripts" / "package", directory, env=environment)
    (package,) = directory.glob("blobgate_*.deb")
    return package


def with_other_configuration(package: pathlib.Path, home: pathlib.Path) -> pathlib.Path:
    """A later package whose configuration file differs from what was installed."""
    tree = home / "changed"
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.1.0+test2", control.read_text(),
                              flags=re.M))
    with open(tree / CONFIG, "a", encoding="utf-8") as config:
        config.write("// A later default.\n")
    (tree / "DEBIAN/md5sums").unlink()
    changed = home / "blobgate_0.1.0+test2.deb"
    run("dpkg-deb", "--root-owner-group", "-b", tree, changed)
    return changed


def lintian(package: pathlib.Path) -> None:
    run("lintian", "--allow-root", "--fail-on", "error,warning", package)


def control_fields(package: pathlib.Path) -> None:
    def field(name: str) -> str:
        return run("dpkg-deb", "-f", package, name).stdout.strip()

    expect(field("Package"), "blobgate")
    expect(field("Architecture"), run("dpkg", "--print-architecture").stdout.strip())
    for needed in ("adduser", "libc6", "librocksdb", "libssl3", "libsystemd0", "libpugixml"):
        if needed not in field("Depends"):
            raise AssertionError(f"no dependency on {needed}: {field('Depends')}")


def version_is_the_programs(package: pathlib.Path) -> None:
    printed = run(blobgate_daemon.find_binary(), "--version").stdout.strip()
    expect("blobgate " + run("dpkg-deb", "-f", package, "Version").stdout.strip(), printed)


def units(debian: Debian) -> None:
    """Exposure, and that systemd understands every line."""
    run("systemd-analyze", "security", "--offline=true", f"--threshold={HIGHEST_EXPOSURE}",
        debian.path / UNIT)
    for unit in ("blobgate.service", "blobgate.socket"):
        done = run("systemd-analyze", "verify", "--man=no", (debian.path / UNIT).with_name(unit),
                   check=False)
        # The program is in the other Debian, not here.
        complaints = [line for line in done.stderr.splitlines()
                      if "blobgate" in line and "is not executable" not in line]
        expect(complaints, [])


def files_and_owners(debian: Debian) -> None:
    expect(debian.mode("etc/blobgate"), "root:blobgate 750")
    expect(debian.mode(CONFIG), "root:blobgate 640")
    expect(debian.mode("var/lib/blobgate"), "blobgate:blobgate 750")
    expect(debian.mode("usr/bin/blobgate"), "root:root 755")
    shell = debian.run("getent", "passwd", "blobgate").stdout.strip().split(":")[-1]
    expect(shell, "/usr/sbin/nologin")
    if not (debian.path / "etc/systemd/system/multi-user.target.wants/blobgate.service").is_symlink():
        raise AssertionError("the service is not enabled")
    for page in ("man1/blobgate.1.gz", "man5/blobgate.json.5.gz"):
        if not (debian.path / "usr/share/man" / page).is_file():
            raise AssertionError(f"no {page}")


def configuration(debian: Debian) -> None:
    """Good as it is, without credentials, and read by the daemon's user, not by others."""
    text = (debian.path / CONFIG).read_text()
    expect(json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))["accounts"], [])
    debian.run("setpriv", "--reuid=blobgate", "--regid=blobgate", "--init-groups", "blobgate",
               "check-config", f"/{CONFIG}")
    refused = debian.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat",
                         f"/{CONFIG}", check=False)
    expect(refused.returncode, 1)


def completion(debian: Debian) -> None:
    script = ("source /usr/share/bash-completion/completions/blobgate; "
              "COMP_WORDS=(blobgate account n); COMP_CWORD=2; _blobgate; echo ${COMPREPLY[*]}")
    expect(debian.run("bash", "-c", script).stdout.strip(), "new")


def add_account(debian: Debian) -> dict:
    """As an operator does; returns what the command printed."""
    printed = json.loads(debian.run("blobgate", "account", "new", "shop", "--json").stdout)
    file = debian.path / CONFIG
    text = file.read_text()
    file.write_text(text.replace('"accounts": []', f'"accounts": [{json.dumps(printed["account"])}]'))
    return printed["account"]


def daemon(debian: Debian, account: dict, *checks: str) -> None:
    """In name spaces of its own; the output is shown when it fails."""
    run("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", sys.executable,
        installed_daemon.__file__, debian.path, account["name"], account["keys"][0], *checks)


def upgrade(debian: Debian, package: pathlib.Path, before: str) -> None:
    debian.run("chmod", "0600", f"/{CONFIG}")  # an administrator's choice
    debian.run("chown", "blobgate:blobgate", f"/{CONFIG}")
    debian.install(package)
    expect((debian.path / CONFIG).read_text(), before)
    expect(debian.mode(CONFIG), "blobgate:blobgate 600")
    expect(debian.run("dpkg-query", "-W", "-f=${Version}", "blobgate").stdout, "0.1.0+test1")


def upgrade_with_new_defaults(debian: Debian, package: pathlib.Path, before: str) -> None:
    debian.install(package, "-o", "Dpkg::Options::=--force-confdef", "-o",
                   "Dpkg::Options::=--force-confold")
    expect((debian.path / CONFIG).read_text(), before)
    new = (debian.path / (CONFIG + ".dpkg-dist")).read_text()
    expect(new.splitlines()[-1], "// A later default.")
    (debian.path / (CONFIG + ".dpkg-dist")).unlink()


def remove(debian: Debian, before: str) -> None:
    debian.run("apt-get", "remove", "-qq", "-y", "blobgate")
    for gone in ("usr/bin/blobgate", UNIT):
        if (debian.path / gone).exists():
            raise AssertionError(f"{gone} is still there")
    expect((debian.path / CONFIG).read_text(), before)
    if not (debian.path / "var/lib/blobgate/FORMAT").exists():
        raise AssertionError("the store is gone")


def purge(debian: Debian) -> None:
    """Configuration and logs go; the store, keys beside the configuration and the user stay."""
    (debian.path / "etc/blobgate/tls.key").write_text("an administrator's\n")
    (debian.path / "var/log/blobgate").mkdir(exist_ok=True)
    said = debian.run("apt-get", "purge", "-qq", "-y", "blobgate")
    if "/var/lib/blobgate was kept" not in said.stdout + said.stderr:
        raise AssertionError(f"nothing about the store: {said.stdout}{said.stderr}")
    expect([(debian.path / p).exists() for p in (CONFIG, "var/log/blobgate")], [False, False])
    for kept in ("etc/blobgate/tls.key", "var/lib/blobgate/FORMAT"):
        if not (debian.path / kept).exists():
            raise AssertionError(f"{kept} is gone")
    links = list((debian.path / "etc/systemd/system").rglob("blobgate*"))
    expect(links, [])
    debian.run("getent", "passwd", "blobgate")


def return_after_purge(debian: Debian, package: pathlib.Path, account: dict) -> None:
    """The store serves again what it held."""
    debian.install(package)
    file = debian.path / CONFIG
    file.write_text(file.read_text().replace('"accounts": []', f'"accounts": [{json.dumps(account)}]'))
    expect(debian.mode(CONFIG), "root:blobgate 640")
    daemon(debian, account, "read")


def purge_of_nothing(debian: Debian) -> None:
    """Without a store the directory goes too."""
    shutil.rmtree(debian.path / "var/lib/blobgate")
    (debian.path / "var/lib/blobgate").mkdir()
    debian.run("apt-get", "purge", "-qq", "-y", "blobgate")
    expect((debian.path / "var/lib/blobgate").exists(), False)


def users_hour(debian: Debian, package: pathlib.Path, later: pathlib.Path) -> None:
    """On a store of 512 MiB, so that it can be filled."""
    debian.install(package)
    shutil.copy(later, debian.path / "tmp")
    store = debian.path / "var/lib/blobgate"
    owner = store.stat()
    with loop_volume.LoopVolume(512 << 20) as volume:
        shutil.rmtree(volume.path / "lost+found")
        os.chown(volume.path, owner.st_uid, owner.st_gid)
        volume.path.chmod(0o750)
        run("mount", "--bind", volume.path, store)
        try:
            done = run("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
                       sys.executable, pathlib.Path(__file__).with_name("users_hour.py"),
                       debian.path, later, azcopy.install())
        finally:
            run("umount", store)
    print(done.stdout, end="", flush=True)


def under_systemd(home: pathlib.Path, package: pathlib.Path, later: pathlib.Path) -> None:
    debian = Debian(home / "booted")
    debian.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "systemd",
               "systemd-sysv")
    debian.install(package)
    shutil.copy(later, debian.path / "root")
    done = run("unshare", "--mount", "--net", sys.executable,
               pathlib.Path(__file__).with_name("under_systemd.py"), debian.path, later)
    print(done.stdout, end="", flush=True)


def install_and_use(checks: Checks, debian: Debian, package: pathlib.Path,
                    home: pathlib.Path) -> None:
    checks.step("install", debian.install, package)
    checks.step("files, owners, service enabled", files_and_owners, debian)
    checks.step("units: exposure, syntax", units, debian)
    checks.step("configuration", configuration, debian)
    checks.step("bash completion", completion, debian)
    account = checks.step("blobgate account new", add_account, debian)
    if account is None:
        return
    before = (debian.path / CONFIG).read_text()
    checks.step("the daemon as the unit starts it", daemon, debian, account, "write", "read",
                "reload", "watchdog")
    checks.step("sockets that are passed over a restart", daemon, debian, account, "sockets")
    later = checks.step("a later package", build, home / "later", "0.1.0+test1")
    checks.step("upgrade", upgrade, debian, later, before)
    checks.step("upgrade with a changed default configuration", upgrade_with_new_defaults, debian,
                with_other_configuration(later, home), before)
    checks.step("the store after the upgrade", daemon, debian, account, "read")
    checks.step("remove", remove, debian, before)
    checks.step("purge", purge, debian)
    checks.step("install again", return_after_purge, debian, package, account)
    checks.step("purge without a store", purge_of_nothing, debian)
    if later:
        checks.step("a new user's hour", users_hour, debian, package, later)
        checks.step("under systemd", under_systemd, home, package, later)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="keep the directory and name it")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("a chroot needs root")
    checks = Checks()
    home = pathlib.Path(tempfile.mkdtemp(prefix="blobgate-package-",
                                         dir=os.environ.get("BLOBGATE_TEST_TMP")))
    home.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    try:
        package = checks.step("scripts/package", build, home / "package")
        if package:
            checks.step("lintian", lintian, package)
            checks.step("control fields and dependencies", control_fields, package)
            checks.step("the version is the program's", version_is_the_programs, package)
            debian = checks.step("a Debian to install it in", Debian, home / "debian")
            if debian:
                install_and_use(checks, debian, package, home)
    finally:
        if arguments.keep:
            print(f"kept: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    print(f"{checks.passed} passed, {len(checks.failed)} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
