"""Interrupts, shutdown, signals, orphans, heartbeat."""

import os
import random
import signal
import statistics
import subprocess
import sys
import time

import pytest
import zmq
from harness import SLOW, clean_environment, echo_binary


def interrupt_by_message(kernel):
    assert kernel.control("interrupt_request")["content"] == {"status": "ok"}


def interrupt_by_signal(kernel):
    kernel.process.send_signal(signal.SIGINT)


WAYS = pytest.mark.parametrize("interrupt", [interrupt_by_message, interrupt_by_signal])


@WAYS
def test_an_interrupt_stops_a_running_cell_within_milliseconds(echo, interrupt):
    taken = []
    for _ in range(5):
        message_id = echo.client.execute("sleep 30")
        time.sleep(0.05)
        begun = time.monotonic()
        interrupt(echo)
        cell = echo.finish(message_id)
        taken.append(time.monotonic() - begun)
        assert cell.reply["ename"] == "Interrupted"
    assert statistics.median(taken) < 0.1 * SLOW


@WAYS
def test_an_interrupt_while_idle_does_nothing_and_leaves_nothing(echo, interrupt):
    for _ in range(5):
        interrupt(echo)
    time.sleep(0.05)
    for _ in range(5):
        assert echo.run("sleep 0.01\nprint well").text() == "well\n"
    assert echo.process.poll() is None


def test_interrupts_at_random_moments_leave_all_right(echo):
    """Each cell ends, in one of two ways, and the counter has counted every one."""
    chance = random.Random(7)
    before = echo.run("print x").reply["execution_count"]
    for i in range(100):
        message_id = echo.client.execute("sleep 0.02\nprint done", stop_on_error=False)
        time.sleep(chance.random() * 0.03)
        (interrupt_by_message if i % 2 else interrupt_by_signal)(echo)
        cell = echo.finish(message_id)
        assert cell.reply["status"] == "ok" or cell.reply["ename"] == "Interrupted"
        assert cell.reply["execution_count"] == before + i + 1


def test_control_answers_while_a_cell_runs(echo):
    message_id = echo.client.execute("sleep 1")
    begun = time.monotonic()
    for _ in range(10):
        assert echo.control("kernel_info_request")["content"]["status"] == "ok"
    assert time.monotonic() - begun < 0.8 * SLOW
    assert echo.finish(message_id).reply["status"] == "ok"


def test_the_heartbeat_echoes_verbatim_also_while_a_cell_prints(echo):
    message_id = echo.client.execute("lines 200000")
    with echo.socket(zmq.REQ, "hb") as beat:
        for payload in (b"ping", b"", os.urandom(1000)):
            beat.send(payload)
            assert beat.recv() == payload
    echo.finish(message_id)


@pytest.mark.parametrize("channel", ["control", "shell"])
@pytest.mark.parametrize("restart", [False, True])
def test_shutdown_is_answered_told_to_all_and_ends_the_process(start, channel, restart):
    kernel = start()
    content = {"restart": restart}
    if channel == "control":
        reply = kernel.control("shutdown_request", content)["content"]
    else:
        reply, _ = kernel.ask("shutdown_request", content)
    assert reply == {"status": "ok", "restart": restart}
    assert kernel.process.wait(2 * SLOW) == 0


def test_all_clients_hear_of_a_shutdown(start):
    kernel = start()
    kernel.control("shutdown_request", {"restart": False})
    heard = []
    while "shutdown_reply" not in heard:
        heard.append(kernel.client.get_iopub_msg(timeout=5)["msg_type"])


def test_shutdown_while_a_cell_runs(start):
    kernel = start()
    kernel.client.execute("sleep 60")
    kernel.wait_for_state("busy")
    kernel.control("interrupt_request")
    kernel.control("shutdown_request", {"restart": False})
    assert kernel.process.wait(2 * SLOW) == 0


def test_shutdown_of_a_cell_that_does_not_listen(start):
    kernel = start()
    kernel.client.execute("hang")
    kernel.wait_for_state("busy")
    kernel.control("shutdown_request", {"restart": False})
    # Before the client's SIGTERM, which comes after 2.5 s.
    assert kernel.process.wait(2.4 * SLOW) == 1


def test_sigterm_ends_it(start):
    kernel = start()
    kernel.client.execute("sleep 60")
    kernel.process.terminate()
    assert kernel.process.wait(2 * SLOW) == 0


def test_the_end_amid_a_burst_of_requests(start):
    """Messages still arrive while the threads end, one after the other."""
    for _ in range(5):
        kernel = start()
        for i in range(200):
            kernel.client.execute(f"print {i}\nputs {i}")
            if i == 100:
                kernel.process.terminate()
        assert kernel.process.wait(2 * SLOW) == 0


def test_it_follows_the_process_that_launched_it(tmp_path, start):
    """Not its own parent here: JPY_PARENT_PID names another process, which dies."""
    owner = subprocess.Popen(["sleep", "60"])
    kernel = start(JPY_PARENT_PID=str(owner.pid))
    kernel.client.execute("sleep 60")
    kernel.wait_for_state("busy")
    owner.kill()
    owner.wait()
    assert kernel.process.wait(2 * SLOW) == 0


def test_it_does_not_outlive_its_parent(tmp_path, start):
    kernel = start(connect=False)  # for a connection file with free ports
    kernel.close()
    script = ("import subprocess, sys, os, time\n"
              "p = subprocess.Popen(sys.argv[1:], start_new_session=True)\n"
              "print(p.pid, flush=True)\ntime.sleep(0.5)\nos._exit(0)")
    pid = int(subprocess.run([sys.executable, "-c", script, echo_binary(), "-f", kernel.file],
                             stdout=subprocess.PIPE, env=clean_environment(), check=True,
                             timeout=20).stdout)
    end = time.monotonic() + 2 * SLOW
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the kernel lives on as an orphan")


def test_a_parent_that_is_not_visible_here_is_not_taken_for_dead(start):
    """In a container JPY_PARENT_PID may come from outside."""
    kernel = start(JPY_PARENT_PID="999999999")
    time.sleep(0.7)
    assert kernel.run("print alive").text() == "alive\n"


def test_restart_on_the_same_ports(tmp_path, start):
    kernel = start()
    kernel.control("shutdown_request", {"restart": True})
    kernel.process.wait(5)
    again = subprocess.Popen([echo_binary(), "-f", kernel.file], env=clean_environment())
    try:
        kernel.client.stop_channels()
        kernel.client = kernel.connect()
        assert kernel.run("print again").reply["execution_count"] == 1
    finally:
        again.terminate()
        again.wait(5)
