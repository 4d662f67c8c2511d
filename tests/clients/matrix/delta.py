"""delta-rs: the table's log rests on creation that only one writer wins."""
from matrix.common import Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    return pip_environment("delta", "deltalake", "pyarrow", "pandas")


def run(gate: Gate, installed: Installed) -> None:
    gate.python(installed, "delta.py")
    commits = [name for name in gate.stored("table/_delta_log/") if name.endswith(".json")]
    wanted = [f"{index:020d}.json" for index in range(len(commits))]
    gate.check(sorted(commits) == wanted and len(commits) >= 41, f"the log: {sorted(commits)}")


CLIENT = Client("delta", "delta-rs", "Python",
                "4 processes commit at once and none is lost; time travel, merge, compaction, vacuum",
                install, run, [PROGRAMS / "delta.py"])
