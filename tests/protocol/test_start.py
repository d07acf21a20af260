"""Connection files: transports, what is refused and how it is said."""

import json
import os
import stat

import pytest
import zmq
from harness import SLOW


def refused(kernel):
    """Ends with 1 and says why."""
    assert kernel.process.wait(10 * SLOW) == 1
    return kernel.log()


@pytest.mark.parametrize("change,words", [
    ({"signature_scheme": "hmac-md5"}, ["hmac-md5", "hmac-sha256"]),
    ({"signature_scheme": "none"}, ["none"]),
    ({"transport": "carrier-pigeon"}, ["carrier-pigeon", "tcp"]),
    ({"shell_port": 0}, ["shell_port"]),
    ({"hb_port": "abc"}, ["hb_port"]),
    ({"iopub_port": 70000}, ["iopub_port"]),
    ({"ip": ""}, ["ip"]),
    ({"key": 3}, ["key"]),
    ({"curve_publickey": "x" * 40}, ["curve_secretkey"]),
    ({"curve_publickey": "~" * 40, "curve_secretkey": "~" * 40}, ["Z85"]),
])
def test_a_wrong_field_is_named(start, change, words):
    said = refused(start(change=change, connect=False))
    for word in words:
        assert word in said


@pytest.mark.parametrize("text,words", [
    ("", "line 1"),
    ("{", "line 1"),
    ("[]", "not a JSON object"),
    ('{"registration_port": 5}', "ip"),
    ('{"ip": "127.0.0.1", "registration_port": 5}', "handshake"),
    ("\xff", "line 1"),
    ("{" + " " * 100000, "bytes"),
])
def test_a_broken_file_is_refused(tmp_path, start, text, words):
    kernel = start(connect=False)
    kernel.close()
    file = tmp_path / "broken.json"
    file.write_bytes(text.encode("latin-1"))
    import subprocess

    from harness import echo_binary
    done = subprocess.run([echo_binary(), "-f", file], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 1 and words in done.stderr and "broken.json" in done.stderr


def test_a_missing_file_is_named(tmp_path):
    import subprocess

    from harness import echo_binary
    done = subprocess.run([echo_binary(), "-f", tmp_path / "none.json"], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 1 and "none.json" in done.stderr


def test_a_port_that_is_taken_is_said(start):
    first = start()
    second = start(change={"shell_port": first.fields["shell_port"]}, connect=False)
    assert str(first.fields["shell_port"]) in refused(second)
    assert first.run("print still here").text() == "still here\n"


def test_ipc(tmp_path, start):
    kernel = start(transport="ipc")
    assert kernel.run("print over a unix socket").text() == "over a unix socket\n"
    sockets = [p for p in tmp_path.iterdir() if stat.S_ISSOCK(os.stat(p).st_mode)]
    assert len(sockets) == 5
    kernel.control("shutdown_request", {"restart": False})
    assert kernel.process.wait(5) == 0
    assert [p for p in sockets if p.exists()] == []


def test_a_path_that_is_too_long_for_a_socket_is_said(tmp_path, start):
    kernel = start(transport="ipc", change={"ip": str(tmp_path / ("long" * 40))}, connect=False)
    assert "too long" in refused(kernel)


@pytest.mark.skipif(not zmq.has("curve"), reason="this pyzmq has no CURVE")
def test_curve(start):
    public, secret = (key.decode() for key in zmq.curve_keypair())
    kernel = start(change={"curve_publickey": public, "curve_secretkey": secret},
                   connect=False)
    session = kernel.session()

    def ask(encrypted):
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        if encrypted:
            socket.curve_serverkey = public.encode()
            socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.connect(kernel.endpoint("shell"))
        session.send(socket, "kernel_info_request", {})
        answered = socket.poll(3000 * SLOW if encrypted else 500)
        content = json.loads(socket.recv_multipart()[5]) if answered else None
        socket.close()
        context.term()
        return content

    assert ask(encrypted=True)["status"] == "ok"
    assert ask(encrypted=False) is None
