"""A workspace on a network file system: SFTP, mounted by sshfs from this machine without a
network. What the index does there is read from its file, not asked of the product."""

import os
import pathlib
import random
import shutil
import subprocess
import time

import pytest
from harness import SLOW, Kernel

SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/lib/ssh/sftp-server",
                "/usr/libexec/openssh/sftp-server")
NOTICE = "on a network file system"


def unmount(folder):
    for tool in ("fusermount3", "fusermount", "umount"):
        if shutil.which(tool):
            options = ["-u", "-z"] if tool != "umount" else ["-l"]
            if subprocess.run([tool, *options, folder], capture_output=True).returncode == 0:
                return


@pytest.fixture
def mounted(tmp_path):
    """(the folder on the server, the same folder through the mount)"""
    server = next((s for s in SFTP_SERVERS if os.path.exists(s)), None)
    if not shutil.which("sshfs") or not server:
        pytest.skip("no sshfs or no sftp-server on this machine")
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    # In place of ssh: the server on its standard input and output, whatever the host.
    wire = tmp_path / "wire"
    wire.write_text(f"#!/bin/sh\nexec {server}\n")
    wire.chmod(0o755)
    made = subprocess.run(["sshfs", "-o", f"ssh_command={wire}", f"nowhere:{there}", here],
                          capture_output=True, text=True, timeout=60)
    if made.returncode:
        pytest.skip(f"sshfs cannot mount here: {made.stderr.strip()}")
    yield there, here
    unmount(here)


@pytest.fixture
def start(atelier_binary, tmp_path):
    kernels = []

    def starter(workspace):
        kernels.append(Kernel(tmp_path, command=[str(atelier_binary), "kernel"],
                              ATELIER_WORKSPACE=str(workspace)))
        return kernels[-1]

    yield starter
    for kernel in kernels:
        kernel.close()


def well(kernel, code, timeout=60):
    cell = kernel.run(code, timeout=timeout * SLOW)
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    return cell


def journal(workspace):
    """1: rollback journal, 2: write-ahead log (sqlite.org/fileformat.html, offset 18)."""
    header = (pathlib.Path(workspace) / "atelier.db").read_bytes()[:20]
    assert header.startswith(b"SQLite format 3\0")
    assert header[18] == header[19]
    return header[18]


def test_a_local_workspace_has_a_write_ahead_log_and_no_notice(start, tmp_path):
    kernel = start(tmp_path / "local")
    cell = well(kernel, "CREATE TABLE a AS SELECT 1 AS n")
    assert NOTICE not in cell.text("stderr")
    assert journal(tmp_path / "local") == 2


def test_a_mounted_workspace_has_a_rollback_journal_and_one_notice(start, mounted):
    there, here = mounted
    (here / "workspace").mkdir()
    kernel = start(here / "workspace")
    # Completion opens a workspace that exists and has no place for a notice: it is not lost.
    kernel.ask("complete_request", {"code": "%show ", "cursor_pos": 6})
    first = well(kernel, "CREATE TABLE a AS SELECT 1 AS n UNION ALL SELECT 2")
    assert first.text("stderr").count(NOTICE) == 1
    assert "ATELIER_WORKSPACE" in first.text("stderr")
    second = well(kernel, "SELECT sum(n) AS total FROM a")
    assert NOTICE not in second.text("stderr")
    assert journal(there / "workspace") == 1
    files = {path.name for path in (there / "workspace").iterdir()}
    assert "atelier.db" in files
    assert not files & {"atelier.db-wal", "atelier.db-shm"}
    # Neither does the kernel map the index.
    maps = pathlib.Path(f"/proc/{kernel.process.pid}/maps").read_text()
    assert "atelier.db" not in maps


def test_the_walk_on_a_mount_with_two_kernels_and_a_kill(start, mounted):
    there, here = mounted
    chance = random.Random(13)
    first, second = start(here / "workspace"), start(here / "workspace")
    well(first, "%generate de-icing ice --rows 1000 --seed 1")
    well(second, "CREATE TABLE cold AS SELECT * FROM ice WHERE temperature < 0")
    well(first, "%%train m --data ice --target deicing\nepochs = 2")
    well(second, "%evaluate m --data ice")
    try:
        well(first, "%deploy m --endpoint ep")
        well(second, "%%invoke ep --content-type application/json\n"
                     '{"instances": [["FRA", "DE", -3.0, 97.0, 1.0, 0.2]]}')
    finally:
        well(first, "%cleanup --yes")
    done = 0
    for round_number in range(5):
        kernel = start(here / "workspace")
        killed_at = time.monotonic() + chance.uniform(0.05, 0.5) * SLOW
        while time.monotonic() < killed_at:
            well(kernel, f"CREATE TABLE latest AS SELECT {done + 1} AS n")
            done += 1
        kernel.client.execute(f"CREATE TABLE latest AS SELECT {done + 1} AS n")
        time.sleep(chance.uniform(0, 0.05))
        kernel.process.kill()
        kernel.process.wait()
        cell = well(second, "SELECT 'n=' || n AS n FROM latest")
        shown = "".join(b["data"]["text/plain"] for b in cell.contents("display_data")
                        + cell.contents("execute_result"))
        # The last that was reported, or the one that was on its way.
        assert f"n={done}" in shown or f"n={done + 1}" in shown
        done += f"n={done + 1}" in shown
    assert journal(there / "workspace") == 1
