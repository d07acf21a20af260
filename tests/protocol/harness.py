"""A kernel process, a real client for it, and raw sockets beside that."""

import contextlib
import json
import os
import pathlib
import subprocess
import time
from queue import Empty

import zmq
from jupyter_client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = b"a-key-for-the-tests"
# Sanitizers slow everything down: bounds on time are multiplied by this.
SLOW = 5 if os.environ.get("ATELIER_SLOW") else 1
# What must not reach the kernels under test from whoever runs the tests.
FOREIGN = ("JPY_SESSION_NAME", "JPY_PARENT_PID", "ATELIER_IOPUB_RATE")


def echo_binary():
    """The kernel over the fake language, from the build under test."""
    folders = [os.environ.get("ATELIER_BUILD")]
    if os.environ.get("ATELIER_BINARY"):
        folders.append(pathlib.Path(os.environ["ATELIER_BINARY"]).parent)
    folders += [ROOT / "build/release", ROOT / "build/dev"]
    for folder in filter(None, folders):
        binary = pathlib.Path(folder) / "tests/echo_kernel"
        if binary.exists():
            return str(binary)
    raise FileNotFoundError("no echo_kernel: build the tree first")


def clean_environment(**more):
    environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    return {**environment, **more}


class Cell:
    """What came of one execute_request."""

    def __init__(self, reply, messages):
        self.message = reply
        self.reply = reply["content"]
        self.messages = messages

    def types(self):
        return [m["msg_type"] for m in self.messages]

    def contents(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    def text(self, name="stdout"):
        return "".join(c["text"] for c in self.contents("stream") if c["name"] == name)


class Kernel:
    """One process. `arguments` follow the connection file; `change` edits that file's
    fields before the start."""

    def __init__(self, folder, command=None, arguments=(), key=KEY, transport="tcp",
                 change=None, connect=True, **environment):
        self.file = str(folder / f"kernel-{os.urandom(4).hex()}.json")
        ip = str(folder / "ipc") if transport == "ipc" else "127.0.0.1"
        write_connection_file(self.file, ip=ip, key=key, transport=transport)
        self.fields = json.loads(pathlib.Path(self.file).read_text())
        if change:
            self.fields.update(change)
            pathlib.Path(self.file).write_text(json.dumps(self.fields))
        self.key = key
        self.errors = open(folder / f"errors-{os.urandom(4).hex()}", "w+b")
        self.process = subprocess.Popen(
            [*(command or [echo_binary()]), "-f", self.file, *arguments],
            env=clean_environment(**environment), stdin=subprocess.DEVNULL,
            stdout=self.errors, stderr=self.errors, start_new_session=True)
        self.client = None
        if connect:
            self.client = self.connect()

    def connect(self):
        client = BlockingKernelClient(connection_file=self.file)
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        return client

    def log(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read().decode()

    def close(self):
        if self.client:
            self.client.stop_channels()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- asking

    def output(self, message_id, timeout=30):
        """The iopub messages of one request, down to its idle."""
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            messages.append(message)
            if (message["msg_type"] == "status"
                    and message["content"]["execution_state"] == "idle"):
                return messages

    def reply(self, message_id, timeout=30):
        while True:
            message = self.client.get_shell_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") == message_id:
                return message

    def finish(self, message_id, timeout=30):
        return Cell(self.reply(message_id, timeout), self.output(message_id, timeout))

    def run(self, code, timeout=30, **options):
        return self.finish(self.client.execute(code, **options), timeout)

    def ask(self, kind, content=None, timeout=30):
        """A shell request of any kind: (content of the reply, iopub messages)."""
        message = self.client.session.msg(kind, content or {})
        self.client.shell_channel.send(message)
        identity = message["header"]["msg_id"]
        return self.reply(identity, timeout)["content"], self.output(identity, timeout)

    def control(self, kind, content=None, timeout=30):
        message = self.client.session.msg(kind, content or {})
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply

    def wait_for_stream(self, text, timeout=30):
        """Reads iopub until `text` was printed."""
        seen = ""
        while text not in seen:
            message = self.client.get_iopub_msg(timeout=timeout)
            if message["msg_type"] == "stream":
                seen += message["content"]["text"]

    def wait_for_state(self, state, timeout=30):
        while True:
            message = self.client.get_iopub_msg(timeout=timeout)
            if (message["msg_type"] == "status"
                    and message["content"]["execution_state"] == state):
                return message

    # ---- raw sockets

    def endpoint(self, channel):
        port = self.fields[f"{channel}_port"]
        if self.fields["transport"] == "ipc":
            return f"ipc://{self.fields['ip']}-{port}"
        return f"tcp://{self.fields['ip']}:{port}"

    @contextlib.contextmanager
    def socket(self, kind, channel):
        context = zmq.Context()
        socket = context.socket(kind)
        socket.linger = 0
        socket.rcvtimeo = 10000 * SLOW
        socket.connect(self.endpoint(channel))
        try:
            yield socket
        finally:
            socket.close()
            context.term()

    def session(self):
        return Session(key=self.key)


def quiet(client, seconds=0.3):
    """All iopub messages that come within this time."""
    messages = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            messages.append(client.get_iopub_msg(timeout=0.05))
        except Empty:
            pass
    return messages
