"""AzCopy; azcopy-conformance/ does far more with it."""
import azcopy
from matrix.common import Client, Gate, Installed, PROGRAMS


def install() -> Installed:
    program = azcopy.install()
    return Installed({"AzCopy": azcopy.version(program)}, {"program": str(program)})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("bash", PROGRAMS / "azcopy.sh", AZCOPY=installed.paths["program"],
             AZCOPY_DISABLE_SYSLOG="true", SAS=gate.daemon.account_sas(),
             AZCOPY_LOG_LOCATION=str(gate.home / "logs"), AZCOPY_BUFFER_GB="0.5",
             AZCOPY_JOB_PLAN_LOCATION=str(gate.home / "plans"))
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")
    gate.stored_is_given("twin/")


CLIENT = Client("azcopy", "AzCopy", "Go",
                "copies up, down and in the cloud, sync, removal", install, run,
                [PROGRAMS / "azcopy.sh"], notes="All it does against the gate: "
                "[conformance.md](conformance.md). `$SAS` is an account SAS.")
