"""Frames and signatures: what is not right is dropped, and the kernel goes on."""

import hashlib
import hmac
import json
import os

import pytest
import zmq
from harness import KEY, SLOW, quiet

DELIMITER = b"<IDS|MSG>"


def header(kind="kernel_info_request", **more):
    fields = {"msg_id": os.urandom(8).hex(), "msg_type": kind, "session": "raw",
              "username": "raw", "date": "2026-01-01T00:00:00Z", "version": "5.3"}
    return json.dumps({**fields, **more}).encode()


def sign(parts, key=KEY, digest=hashlib.sha256):
    return hmac.new(key, b"".join(parts), digest).hexdigest().encode()


def request(kind="kernel_info_request", content=b"{}", **more):
    return [header(kind, **more), b"{}", b"{}", content]


def answers(socket):
    """Whether a good request is still answered."""
    parts = request()
    socket.send_multipart([DELIMITER, sign(parts), *parts])
    reply = socket.recv_multipart()
    sent = json.loads(parts[0])["msg_id"]
    return json.loads(reply[3])["msg_id"] == sent


def signed(parts):
    return [DELIMITER, sign(parts), *parts]


def wrong_messages():
    parts = request()
    good = sign(parts)
    yield "forged", [DELIMITER, sign(parts, b"another key"), *parts]
    yield "of other parts", [DELIMITER, sign(request()), *parts]
    yield "short", [DELIMITER, good[:-1], *parts]
    yield "long", [DELIMITER, good + b"0", *parts]
    yield "prefix only", [DELIMITER, good[:8], *parts]
    yield "unsigned", [DELIMITER, b"", *parts]
    yield "upper case", [DELIMITER, good.upper(), *parts]
    yield "no delimiter", [b"x", good, *parts]
    yield "nothing", [b""]
    yield "too few frames", [DELIMITER, sign(parts[:3]), *parts[:3]]
    yield "only a delimiter", [DELIMITER]
    yield "header not JSON", signed([b"{", b"{}", b"{}", b"{}"])
    yield "header not UTF-8", signed([b'{"msg_type":"\xff"}', b"{}", b"{}", b"{}"])
    yield "header an array", signed([b"[]", b"{}", b"{}", b"{}"])
    yield "header without type", signed([b'{"msg_id":"1"}', b"{}", b"{}", b"{}"])
    yield "type a number", signed([b'{"msg_id":"1","msg_type":3}', b"{}", b"{}", b"{}"])
    yield "header too large", signed(request(padding="x" * 70000))
    yield "many identities", [b"i"] * 40 + signed(parts)
    yield "many frames", signed(parts) + [b"x"] * 2000


@pytest.mark.parametrize("name,frames", list(wrong_messages()), ids=lambda v: v if
                         isinstance(v, str) else "")
@pytest.mark.parametrize("channel", ["shell", "control", "stdin"])
def test_wrong_messages_are_dropped_without_a_word(echo, channel, name, frames):
    quiet(echo.client, 0.02)
    with echo.socket(zmq.DEALER, channel) as socket:
        socket.send_multipart(frames)
        if channel == "stdin":
            with echo.socket(zmq.DEALER, "shell") as shell:
                assert answers(shell)
        else:
            assert answers(socket)
        assert socket.poll(10) == 0
    # Only the good request was heard: two status messages, of one parent.
    heard = [echo.client.get_iopub_msg(timeout=10 * SLOW) for _ in range(2)]
    heard += quiet(echo.client, 0.03)
    assert [m["content"].get("execution_state") for m in heard] == ["busy", "idle"]


def test_a_replayed_message_is_dropped_on_every_channel(echo):
    frames = signed(request())
    with echo.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart(frames)
        shell.recv_multipart()
        shell.send_multipart(frames)
        assert answers(shell)
        assert shell.poll(20) == 0
    with echo.socket(zmq.DEALER, "control") as control:
        control.send_multipart(frames)
        assert answers(control)
        assert control.poll(20) == 0


def test_a_wrong_signature_does_not_use_up_the_message(echo):
    """The digest is recorded after it was verified: who forges cannot block others."""
    parts = request()
    with echo.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart([DELIMITER, b"0" * 64, *parts])
        shell.send_multipart(signed(parts))
        assert json.loads(shell.recv_multipart()[3])["msg_id"] == json.loads(parts[0])["msg_id"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"code":"\xff"}', b"null", b"[" * 5000])
@pytest.mark.parametrize("kind", ["execute", "complete", "kernel_info", "history"])
def test_a_broken_content_gets_an_error_reply(echo, kind, content):
    parts = request(f"{kind}_request", content)
    with echo.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart(signed(parts))
        reply = shell.recv_multipart()
        assert json.loads(reply[2])["msg_type"] == f"{kind}_reply"
        assert json.loads(reply[5])["status"] == "error"
        assert answers(shell)


def test_buffers_are_unsigned_and_welcome(echo):
    parts = request()
    with echo.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart([*signed(parts), b"buffer", os.urandom(100)])
        assert json.loads(shell.recv_multipart()[5])["status"] == "ok"


def test_identities_come_back(echo):
    parts = request()
    with echo.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart([b"first", b"second", *signed(parts)])
        assert shell.recv_multipart()[:3] == [b"first", b"second", DELIMITER]


def test_our_own_signature_is_right_and_parents_are_objects(echo):
    parts = request()
    with echo.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart(signed(parts))
        reply = shell.recv_multipart()
    assert reply[1] == sign(reply[2:6])
    assert reply[3] == parts[0]  # the header's own bytes
    assert json.loads(reply[2])["version"] >= "5.2"


def test_a_peer_that_vanishes_and_comes_back_is_served(echo):
    """Jupyter's nudge uses short-lived sockets, also with the identity of an older one."""
    for _ in range(20):
        with echo.socket(zmq.DEALER, "shell") as shell:
            shell.send_multipart(signed(request()))
    with echo.socket(zmq.DEALER, "shell") as shell:
        assert answers(shell)


def test_a_hundred_clients_at_once(echo):
    context = zmq.Context()
    sockets = []
    for _ in range(100):
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.rcvtimeo = 10000 * SLOW
        socket.connect(echo.endpoint("shell"))
        socket.send_multipart(signed(request()))
        sockets.append(socket)
    for socket in sockets:
        assert json.loads(socket.recv_multipart()[5])["status"] == "ok"
        socket.close()
    context.term()


def test_without_a_key_nothing_is_signed(start):
    kernel = start(key=b"")
    assert kernel.run("print open").text() == "open\n"
    with kernel.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart([DELIMITER, b"whatever", *request()])
        assert shell.recv_multipart()[1] == b""


def test_sha512(start):
    kernel = start(change={"signature_scheme": "hmac-sha512"})
    assert kernel.run("print wide").text() == "wide\n"


def test_replay_memory_spans_more_than_one_generation(start):
    """The first of many messages is still known when the younger set is full."""
    kernel = start(connect=False)
    first = signed(request("comm_info_request"))
    with kernel.socket(zmq.DEALER, "control") as control:
        control.send_multipart(signed(request()))
        control.recv_multipart()
    with kernel.socket(zmq.DEALER, "stdin") as stdin, \
            kernel.socket(zmq.DEALER, "shell") as shell:
        shell.send_multipart(first)
        shell.recv_multipart()
        # Messages that stdin has no use for are verified, and no more.
        for _ in range(2000):
            stdin.send_multipart(signed(request("nothing")))
        assert answers(shell)
        shell.send_multipart(first)
        assert answers(shell)
        assert shell.poll(50) == 0
