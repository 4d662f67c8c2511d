"""The SDK for Ruby that Debian has: an old one, which asks for old versions of the protocol."""
from matrix.common import Client, Gate, Installed, PROGRAMS, debian_package


def install() -> Installed:
    version = debian_package("ruby-azure-storage-blob", "ruby")
    return Installed({"azure-storage-blob": version.split("-")[0]})


def run(gate: Gate, installed: Installed) -> None:
    gate.run("ruby", PROGRAMS / "blobs.rb")
    gate.fetched_is_given("fetched")
    gate.stored_is_given("up/")


CLIENT = Client("ruby", "Azure SDK", "Ruby",
                "blobs and blocks, metadata, listing, copies, leases, append blobs",
                install, run, [PROGRAMS / "blobs.rb"], quick=False)
