"""What the Python tests share: the binary under test, the data, a kernel installed."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def atelier_binary():
    """The path of the binary under test: $ATELIER_BINARY, or the release build."""
    path = pathlib.Path(os.environ.get("ATELIER_BINARY", ROOT / "build/release/atelier"))
    if not path.exists():
        pytest.fail(f"no binary at {path}: ./run build makes it")
    return path


@pytest.fixture(scope="session")
def atelier_data():
    """The folder of real data: $ATELIER_DATA; a test that needs it is skipped without."""
    path = pathlib.Path(os.environ.get("ATELIER_DATA", ROOT.parent / "shared/data"))
    if not path.is_dir():
        pytest.skip(f"the data folder {path.name} is not here (ATELIER_DATA)")
    return path


@pytest.fixture(scope="session")
def kernelspec(atelier_binary, tmp_path_factory):
    """Installs the kernel under test where only this run finds it; gives its name."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run([atelier_binary, "install", "--prefix", prefix], check=True, timeout=60)
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = str(prefix / "share/jupyter")
    yield "atelier"
    if before is None:
        del os.environ["JUPYTER_PATH"]
    else:
        os.environ["JUPYTER_PATH"] = before
