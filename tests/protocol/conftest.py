"""Fixtures of the protocol tests. Most talk to echo_kernel: our kernel over a fake language
(echo_kernel.c lists its commands)."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from harness import Kernel  # noqa: E402


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """One kernel for a whole file of tests."""
    with Kernel(tmp_path_factory.mktemp("echo")) as kernel:
        yield kernel


@pytest.fixture
def start(tmp_path):
    """Starts kernels of a test's own; they are gone at its end."""
    kernels = []

    def starter(**options):
        kernels.append(Kernel(tmp_path, **options))
        return kernels[-1]

    yield starter
    for kernel in kernels:
        kernel.close()
