"""A server that hangs does not hang the kernel: whoever waits for it can be interrupted."""

import json
import os
import pathlib
import signal
import time

import pytest
from harness import SLOW, Kernel

ROW = "OSL,Norway,-3.5,92,2.1,0.0"


def well(cell):
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    return cell


def holder(workspace):
    """The process of the server, from its state file."""
    return json.loads((workspace / "server/state.json").read_text())["pid"]


def kill(pid):
    """Kills it and waits until it is gone."""
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 10 * SLOW
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.01)


def interrupted(kernel, code):
    """Runs the cell, interrupts it once it waits, and expects it idle: within half a second
    (mostly 20 to 50 ms), and three times that where other tests have the processors."""
    message_id = kernel.client.execute(code)
    time.sleep(0.7 * SLOW)
    begun = time.monotonic()
    kernel.control("interrupt_request")
    cell = kernel.finish(message_id)
    took = time.monotonic() - begun
    assert cell.reply["status"] == "error", f"{code} did not wait"
    assert cell.reply["ename"] == "Interrupted"
    assert took < 1.5 * SLOW, f"{code}: idle after {took:.2f} s"
    well(kernel.run("SELECT 1 AS one"))
    return cell


@pytest.fixture
def served(atelier_binary, tmp_path):
    """A kernel with a model at two endpoints, and its workspace."""
    workspace = tmp_path / "workspace"
    command = [str(atelier_binary), "kernel"]
    with Kernel(tmp_path, command=command, ATELIER_WORKSPACE=str(workspace)) as kernel:
        well(kernel.run("%generate de-icing ice --rows 500 --seed 1"))
        well(kernel.run("%%train cold --data ice --target deicing\nepochs = 2",
                        timeout=60 * SLOW))
        well(kernel.run("%deploy cold --endpoint one\n%deploy cold --endpoint two"))
        yield kernel, workspace
        well(kernel.run("%cleanup --yes", timeout=60 * SLOW))


def test_every_magic_lets_go_of_a_stopped_server(served):
    kernel, workspace = served
    pid = holder(workspace)
    os.kill(pid, signal.SIGSTOP)
    try:
        cell = interrupted(kernel, "%deploy cold --endpoint three")
        assert "has not loaded" in cell.reply["evalue"]
        interrupted(kernel, f"%%invoke one\n{ROW}")
        interrupted(kernel, "%delete two")
        well(kernel.run("%endpoints"))  # only looks
    finally:
        os.kill(pid, signal.SIGCONT)
    # What was asked of the server is done now that it can.
    well(kernel.run("%deploy cold --endpoint four"))
    assert holder(workspace) == pid
    well(kernel.run(f"%%invoke three\n{ROW}"))
    cell = kernel.run(f"%%invoke two\n{ROW}")
    assert cell.reply["status"] == "error" and "two" in cell.reply["evalue"]


def test_cleanup_lets_go_of_a_stopped_server(served):
    kernel, workspace = served
    pid = holder(workspace)
    os.kill(pid, signal.SIGSTOP)
    try:
        interrupted(kernel, "%cleanup --yes")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_server_that_hangs_while_it_starts(served):
    """Its model is a pipe that nobody writes to."""
    kernel, workspace = served
    kill(holder(workspace))
    [model] = (workspace / "models").glob("*/model.json")
    text = model.read_bytes()
    model.unlink()
    os.mkfifo(model)
    cell = interrupted(kernel, "%endpoints --start")
    assert "start" in cell.reply["evalue"]
    listed = well(kernel.run("%endpoints")).contents("display_data")[0]["data"]["text/plain"]
    assert "Starting" in listed
    with open(model, "wb") as pipe:  # the server that waits reads one copy, and starts
        pathlib.Path(f"{model}.new").write_bytes(text)
        os.replace(f"{model}.new", model)
        pipe.write(text)
    cell = well(kernel.run("%endpoints --start", timeout=60 * SLOW))
    assert "InService" in cell.contents("display_data")[0]["data"]["text/plain"]


def test_a_server_that_cannot_start_says_why_and_what_to_do(served):
    kernel, workspace = served
    kill(holder(workspace))
    os.rename(workspace / "server", workspace / "away")
    (workspace / "server").write_text("in the way")
    try:
        cell = kernel.run("%endpoints --start")
    finally:
        (workspace / "server").unlink()
        os.rename(workspace / "away", workspace / "server")
    assert cell.reply["status"] == "error"
    assert "the server does not start" in cell.reply["evalue"]
    assert "log" in "\n".join(cell.reply["traceback"])
