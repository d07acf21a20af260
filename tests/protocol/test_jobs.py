"""Jobs under a real kernel: interrupt, shutdown and restart; two kernels on one workspace."""

import os
import pathlib
import re
import signal
import time

import pytest
from harness import SLOW, Kernel

LONG = ("%%train long --data ice --target deicing\nepochs = 100000\n"
        "early_stopping_patience = 100000\nnum_models = 1")


@pytest.fixture
def start(atelier_binary, tmp_path):
    kernels = []
    command = [str(atelier_binary), "kernel"]
    workspace = {"ATELIER_WORKSPACE": str(tmp_path / "workspace")}

    def starter():
        kernels.append(Kernel(tmp_path, command=command, **workspace))
        return kernels[-1]

    yield starter
    for kernel in kernels:
        kernel.close()
    with Kernel(tmp_path, command=command, **workspace) as last:
        cell = last.run("%cleanup --yes", timeout=60 * SLOW)
        assert cell.reply["status"] == "ok", cell.reply["evalue"]


def well(cell):
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    return cell


def shown(cell):
    bundles = cell.contents("display_data") + cell.contents("execute_result")
    return cell.text() + "".join(b["data"]["text/plain"] for b in bundles)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds):
    end = time.monotonic() + seconds * SLOW
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def begin(kernel, workspace):
    """Starts the long job; gives the request and the job's process."""
    well(kernel.run("%generate de-icing ice --rows 3000 --seed 1"))
    message_id = kernel.client.execute(LONG)
    pids = []

    def found():
        pids[:] = [int(p.read_text().split()[0]) for p in workspace.glob("jobs/*/pid")]
        return bool(pids)

    assert until(found, 10)
    time.sleep(0.2)
    return message_id, pids[0]


def interrupt(kernel, message_id):
    """How long until the cell is idle."""
    begun = time.monotonic()
    kernel.control("interrupt_request")
    cell = kernel.finish(message_id)
    assert cell.reply["status"] == "error"
    assert cell.reply["ename"] == "Interrupted"
    assert "stopping" in cell.reply["evalue"]
    return time.monotonic() - begun


def test_an_interrupt_frees_the_cell_at_once_and_stops_the_job_a_second_later(start, tmp_path):
    kernel = start()
    message_id, pid = begin(kernel, tmp_path / "workspace")
    begun = time.monotonic()
    assert interrupt(kernel, message_id) < 0.3 * SLOW
    well(kernel.run("SELECT 1 AS one"))
    assert until(lambda: not alive(pid), 10)
    assert time.monotonic() - begun > 0.9  # not sooner: a shutdown might have followed
    assert until(lambda: "stopped" in shown(well(kernel.run("%jobs"))), 2)
    assert "long" in shown(well(kernel.run("%models")))  # the best epoch so far is kept
    well(kernel.run("%evaluate long --data ice", timeout=60 * SLOW))


def test_an_interrupt_before_a_shutdown_lets_the_job_run_on(start, tmp_path):
    kernel = start()
    message_id, pid = begin(kernel, tmp_path / "workspace")
    interrupt(kernel, message_id)
    kernel.control("shutdown_request", {"restart": True})
    assert until(lambda: kernel.process.poll() is not None, 5)
    time.sleep(1.5)
    assert alive(pid)
    second = start()
    assert "running" in shown(well(second.run("%jobs")))
    # Attaches to the job again; an interrupt lets go of it as before.
    message_id = second.client.execute("%resume long")
    second.wait_for_stream("following")
    assert interrupt(second, message_id) < 0.3 * SLOW
    assert until(lambda: not alive(pid), 10)


def test_a_shutdown_while_the_cell_waits_lets_the_job_run_on(start, tmp_path):
    kernel = start()
    _, pid = begin(kernel, tmp_path / "workspace")
    kernel.control("shutdown_request", {"restart": False})
    assert until(lambda: kernel.process.poll() is not None, 5)
    time.sleep(1.5)
    assert alive(pid)


def test_a_terminated_kernel_leaves_its_job(start, tmp_path):
    kernel = start()
    _, pid = begin(kernel, tmp_path / "workspace")
    kernel.process.send_signal(signal.SIGTERM)
    assert until(lambda: kernel.process.poll() is not None, 5)
    time.sleep(1.5)
    assert alive(pid)


def test_a_crashed_job_is_told_and_can_be_resumed(start, tmp_path):
    kernel = start()
    message_id, pid = begin(kernel, tmp_path / "workspace")
    os.kill(pid, signal.SIGABRT)  # sanitizers take SIGSEGV for themselves
    cell = kernel.finish(message_id)
    assert "SIGABRT" in cell.reply["evalue"]
    assert "%resume long" in "\n".join(cell.reply["traceback"])
    message_id = kernel.client.execute("%resume long")
    kernel.wait_for_stream("starts again at the first epoch")
    time.sleep(0.3)
    interrupt(kernel, message_id)


def test_the_same_cell_runs_again_after_an_interrupt(start, tmp_path):
    kernel = start()
    message_id, pid = begin(kernel, tmp_path / "workspace")
    interrupt(kernel, message_id)
    short = LONG.replace("100000", "3")
    well(kernel.run(short, timeout=60 * SLOW))
    assert not alive(pid)


def test_two_kernels_share_a_workspace(start):
    first, second = start(), start()
    for i in range(10):
        asked = [(k, k.client.execute(f"CREATE TABLE {name}{i} AS SELECT {i} AS n;\n"
                                      f"CREATE TABLE shared AS SELECT '{name}' AS who"))
                 for k, name in ((first, "a"), (second, "b"))]
        for kernel, message_id in asked:
            well(kernel.finish(message_id))
    for kernel in (first, second):
        text = shown(well(kernel.run("%datasets")))
        assert set(re.findall(r"\b[ab]\d\b", text)) == {f"{n}{i}" for n in "ab" for i in range(10)}
    who = [shown(well(k.run("SELECT who FROM shared"))) for k in (first, second)]
    assert who[0] == who[1]
