"""atelier install, uninstall, doctor and the program's own manners."""

import json
import os
import subprocess

import pytest
from harness import clean_environment
from jupyter_client.kernelspec import KernelSpecManager


@pytest.fixture
def atelier(atelier_binary, tmp_path):
    def run(*arguments, **environment):
        base = {"HOME": str(tmp_path), "PATH": os.environ["PATH"],
                "ATELIER_WORKSPACE": str(tmp_path / "workspace")}
        return subprocess.run([atelier_binary, *map(str, arguments)], capture_output=True,
                              text=True, timeout=60, env={**base, **environment})
    return run


def test_jupyter_finds_what_was_installed(atelier, tmp_path, atelier_binary):
    done = atelier("install", "--prefix", tmp_path / "p")
    assert done.returncode == 0
    # Not where Jupyter looks: said, with what to type.
    assert f"JUPYTER_PATH={tmp_path}/p/share/jupyter" in done.stdout
    manager = KernelSpecManager(kernel_dirs=[str(tmp_path / "p/share/jupyter/kernels")])
    spec = manager.get_kernel_spec("atelier")
    assert spec.argv[0] == str(atelier_binary.resolve()) and os.path.isabs(spec.argv[0])
    assert (spec.display_name, spec.language) == ("Atelier", "atelier")
    assert spec.interrupt_mode == "message"
    for name, start in (("logo-32x32.png", b"\x89PNG"), ("logo-64x64.png", b"\x89PNG"),
                        ("logo-svg.svg", b"<svg")):
        with open(os.path.join(spec.resource_dir, name), "rb") as logo:
            assert logo.read().startswith(start)
    assert atelier("uninstall", "--prefix", tmp_path / "p").returncode == 0
    assert not os.path.exists(spec.resource_dir)
    assert atelier("uninstall", "--prefix", tmp_path / "p").returncode == 1


def test_where_it_goes(atelier, tmp_path):
    done = atelier("install", "--user")
    assert done.returncode == 0 and "does not look" not in done.stdout
    assert (tmp_path / ".local/share/jupyter/kernels/atelier/kernel.json").exists()
    atelier("install", JUPYTER_DATA_DIR=str(tmp_path / "data"))
    assert (tmp_path / "data/kernels/atelier/kernel.json").exists()
    atelier("install", "--sys-prefix", VIRTUAL_ENV=str(tmp_path / "venv"))
    assert (tmp_path / "venv/share/jupyter/kernels/atelier/kernel.json").exists()
    done = atelier("install", "--sys-prefix")
    assert done.returncode == 1 and "VIRTUAL_ENV" in done.stderr


@pytest.mark.parametrize("arguments,words", [
    (["install", "--prefx", "x"], "--prefix"),
    (["install", "--prefix"], "folder"),
    (["install", "--user", "--sys-prefix"], "only one"),
    (["instal"], "install"),
    (["zzzzzz"], "help"),
])
def test_wrong_use_is_answered_with_what_is_right(atelier, arguments, words):
    done = atelier(*arguments)
    assert done.returncode == 2 and words in done.stderr and done.stdout == ""


def test_a_folder_that_cannot_be_written_is_an_error(atelier, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = atelier("install", "--prefix", tmp_path / "file")
    assert done.returncode == 1 and "file" in done.stderr


def test_doctor_says_what_to_do(atelier, tmp_path):
    done = atelier("doctor")
    assert done.returncode == 1 and "atelier install" in done.stdout
    atelier("install", "--user")
    done = atelier("doctor")
    assert "FIX   kernelspec" not in done.stdout and "ZeroMQ" in done.stdout
    spec = tmp_path / ".local/share/jupyter/kernels/atelier/kernel.json"
    fields = json.loads(spec.read_text())
    fields["argv"][0] = "/gone/atelier"
    spec.write_text(json.dumps(fields))
    done = atelier("doctor")
    assert done.returncode == 1 and "/gone/atelier" in done.stdout


def test_version_and_help(atelier_binary):
    for words in (["version"], ["--version"], ["help"], ["--help"]):
        done = subprocess.run([atelier_binary, *words], capture_output=True, text=True,
                              env=clean_environment())
        assert done.returncode == 0 and done.stdout.startswith("Atelier ")
