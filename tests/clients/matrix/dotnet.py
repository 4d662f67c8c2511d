"""The SDK for .NET."""
from matrix.common import Client, Gate, Installed, NotToBeHad


def install() -> Installed:
    raise NotToBeHad("the .NET SDK is in neither Debian 12, PyPI nor npm, and its libraries come "
                     "from NuGet alone, which the test machines do not reach")


def run(gate: Gate, installed: Installed) -> None:
    raise NotImplementedError


CLIENT = Client("dotnet", "Azure SDK for .NET (Azure.Storage.Blobs)", "C#", "", install, run, [],
                quick=False)
