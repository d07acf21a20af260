"""iopub: the welcome, streams, stray prints, floods, subscribers that stop."""

import contextlib
import json
import time

import pytest
import zmq
from harness import SLOW, quiet


def receive(socket):
    """(topic, type, parent, content) of the next message of a raw subscriber."""
    frames = socket.recv_multipart()
    at = frames.index(b"<IDS|MSG>")
    head, parent, _, content = (json.loads(f) for f in frames[at + 2:at + 6])
    return frames[0], head["msg_type"], parent, content


@contextlib.contextmanager
def subscriber(kernel, topic=b"", mark=0):
    context = zmq.Context()
    socket = context.socket(zmq.SUB)
    socket.linger = 0
    socket.rcvhwm = mark
    socket.rcvtimeo = 10000 * SLOW
    socket.subscribe(topic)
    socket.connect(kernel.endpoint("iopub"))
    try:
        yield socket
    finally:
        socket.close()
        context.term()


def test_every_subscriber_is_welcomed_also_a_second_one_of_the_same_topic(echo):
    for _ in range(3):
        with subscriber(echo) as first, subscriber(echo) as second:
            for socket in (first, second):
                topic, kind, parent, content = receive(socket)
                assert (topic, kind, parent) == (b"", "iopub_welcome", {})
                assert content == {"subscription": ""}


def test_the_welcome_names_the_topic(echo):
    with subscriber(echo, b"stream") as socket:
        topic, kind, _, content = receive(socket)
        assert (topic, kind, content) == (b"stream", "iopub_welcome", {"subscription": "stream"})
        echo.run("print hello")
        topic, kind, _, content = receive(socket)
        assert (topic, kind, content["text"]) == (b"stream.stdout", "stream", "hello\n")


def test_a_topic_that_is_not_utf8_is_ignored(echo):
    with subscriber(echo, b"\xff\xfe") as socket:
        assert echo.run("print x").text() == "x\n"
        assert socket.poll(50) == 0


def test_starting_is_held_until_somebody_listens(start):
    kernel = start(connect=False)
    time.sleep(0.2)
    with subscriber(kernel) as socket:
        assert receive(socket)[1] == "iopub_welcome"
        _, kind, parent, content = receive(socket)
        assert (kind, parent, content) == ("status", {}, {"execution_state": "starting"})


def test_prints_of_a_library_land_in_the_cell_in_order(echo):
    cell = echo.run("puts one\nprintf two\ncomplain three")
    assert cell.text() == "one\ntwo" and cell.text("stderr") == "three\n"


def test_a_thread_that_prints_after_idle_has_the_parent_of_its_cell(echo):
    message_id = echo.client.execute("late")
    echo.finish(message_id)
    (late,) = [m for m in quiet(echo.client, 0.5) if m["msg_type"] == "stream"]
    assert late["content"]["text"] == "late\n"
    assert late["parent_header"]["msg_id"] == message_id


def test_a_slow_print_is_seen_while_the_cell_runs(echo):
    message_id = echo.client.execute("print now\nsleep 1")
    begun = time.monotonic()
    echo.wait_for_stream("now")
    assert time.monotonic() - begun < 0.5 * SLOW
    echo.finish(message_id)


def test_bytes_that_are_no_utf8_travel_and_split_letters_are_joined(echo):
    assert echo.run("bytes").text() == "caf\u00e9 \ufffd\ufffd\ufffd"


def test_streams_are_joined_and_nothing_is_lost(echo):
    begun = time.monotonic()
    cell = echo.run("lines 100000", timeout=60)
    took = time.monotonic() - begun
    assert cell.text() == "".join(f"line {i}\n" for i in range(100000))
    assert len(cell.contents("stream")) < 200
    assert took < 5 * SLOW


def test_two_streams_keep_their_order(echo):
    cell = echo.run("\n".join(f"print {i}\nwarn {i}" for i in range(100)))
    names = [c["name"] for c in cell.contents("stream")]
    assert names == ["stdout", "stderr"] * 100


def test_a_flood_of_displays_is_lossless_to_one_who_reads_late(echo):
    """Far more than any high-water mark, while the reader sleeps for a while."""
    with subscriber(echo) as socket:
        receive(socket)
        message_id = echo.client.execute("flood 5000")
        time.sleep(0.5)
        shown = []
        while True:
            _, kind, parent, content = receive(socket)
            if parent.get("msg_id") != message_id:
                continue
            if kind == "display_data":
                shown.append(int(content["data"]["text/plain"]))
            if content.get("execution_state") == "idle":
                break
    assert shown == list(range(5000))
    assert len(echo.finish(message_id).contents("display_data")) == 5000


def test_one_who_takes_nothing_does_not_hold_up_the_others(start):
    kernel = start()
    context = zmq.Context()
    stopped = context.socket(zmq.SUB)
    stopped.linger = 0
    stopped.rcvhwm = 1
    stopped.rcvbuf = 4096
    stopped.subscribe(b"")
    stopped.connect(kernel.endpoint("iopub"))
    assert stopped.poll(10000)
    try:
        begun = time.monotonic()
        cell = kernel.run("flood 20000", timeout=60)
        took = time.monotonic() - begun
        assert cell.reply["status"] == "ok"
        assert len(cell.contents("display_data")) == 20000
        assert 4 < took < 30 * SLOW
        # And from then on it is not waited for again.
        begun = time.monotonic()
        kernel.run("print x")
        assert time.monotonic() - begun < 1 * SLOW
    finally:
        stopped.close()
        context.term()


def test_a_jupyter_servers_limits_are_kept_to(start):
    """1000 messages and 1 MB a second in windows of 3 s."""
    kernel = start(JPY_SESSION_NAME="notebook.ipynb")
    arrivals = []
    message_id = kernel.client.execute("flood 3500\nlines 300000")
    lines = ""
    while True:
        message = kernel.client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != message_id:
            continue
        size = len(json.dumps(message["content"])) if message["msg_type"] == "stream" else 0
        arrivals.append((time.monotonic(), size))
        lines += message["content"].get("text", "")
        if message["content"].get("execution_state") == "idle":
            break
    assert lines.count("\n") == 300000
    for i, (begin, _) in enumerate(arrivals):
        window = [size for at, size in arrivals[i:] if at < begin + 3]
        assert len(window) <= 3000 and sum(window) <= 3_000_000


@pytest.mark.parametrize("rate", ["0", "1e9"])
def test_the_rate_can_be_set(start, rate):
    kernel = start(JPY_SESSION_NAME="notebook.ipynb", ATELIER_IOPUB_RATE=rate)
    begun = time.monotonic()
    assert kernel.run("lines 300000").text().count("\n") == 300000
    assert time.monotonic() - begun < 3 * SLOW


def test_an_interrupted_flood_stops_soon_under_a_limit(start):
    """What waits to be sent is 2 s' worth, not all that a cell could print."""
    kernel = start(ATELIER_IOPUB_RATE="1e6")
    message_id = kernel.client.execute("lines 5000000")
    kernel.wait_for_state("busy")
    time.sleep(0.5)
    begun = time.monotonic()
    kernel.control("interrupt_request")
    while kernel.wait_for_state("idle")["parent_header"].get("msg_id") != message_id:
        pass
    assert time.monotonic() - begun < 4 * SLOW
