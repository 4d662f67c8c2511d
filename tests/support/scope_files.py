"""Key files of encryption scopes."""
import base64
import hashlib
import pathlib


def scopes(folder: pathlib.Path, *names: str) -> list[dict]:
    """`encryption_scopes` of an account, whose keys are the same in every run."""
    made = []
    for name in names:
        path = folder / name
        path.write_text(base64.b64encode(hashlib.sha256(name.encode()).digest()).decode() + "\n")
        path.chmod(0o600)
        made.append({"name": name, "key_file": str(path)})
    return made
