"""The Azure CLI's `az storage`."""
from matrix.common import TREE, Client, Gate, Installed, PROGRAMS, pip_environment


def install() -> Installed:
    # The CLI says which setuptools it works with; a newer one lacks pkg_resources.
    return pip_environment("azure-cli", "azure-cli", "setuptools<81")


def run(gate: Gate, installed: Installed) -> None:
    folder = installed.paths["python"].rsplit("/", 1)[0]
    gate.run("bash", PROGRAMS / "azure_cli.sh", REQUESTS_CA_BUNDLE="ca.pem",
             PATH=f"{folder}:{gate.environment()['PATH']}", AZURE_CORE_COLLECT_TELEMETRY="0")
    gate.fetched_is_given("fetched/given")
    gate.stored_is_given("up/")
    gate.stored_is_given("moved/", account=TREE)


CLIENT = Client("azure-cli", "Azure CLI", "Python",
                "upload-batch, download-batch, SAS, copies, listing; directories of Data Lake",
                install, run, [PROGRAMS / "azure_cli.sh"], quick=False)
