"""./run bench kernel: start from exec to kernel_info_reply, with a raw client that reconnects
at once; resident memory when idle; the round trip of a small cell; interrupt to idle; a
flood of lines. Beside ipykernel where the environment has it."""

import hashlib
import hmac
import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import zmq
from bench import BINARY, Report, interleave, median, percentile

KEY = b"bench"
CHANNELS = ("shell", "control", "iopub", "stdin", "hb")
# Nobody's server: its limits on output would be measured instead of us.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("JPY_SESSION_NAME",)}
LINES = 1_000_000


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def packed(kind, content):
    """The frames of a signed request, and its msg_id."""
    message_id = os.urandom(8).hex()
    head = {"msg_id": message_id, "msg_type": kind, "session": "bench", "username": "bench",
            "date": "2026-01-01T00:00:00Z", "version": "5.3"}
    parts = [json.dumps(head).encode(), b"{}", b"{}", json.dumps(content).encode()]
    signature = hmac.new(KEY, b"".join(parts), hashlib.sha256).hexdigest().encode()
    return [b"<IDS|MSG>", signature, *parts], message_id


class Raw:
    """A kernel and sockets to it. `started`: seconds from exec to kernel_info_reply."""

    def __init__(self, argv, folder):
        ports = free_ports(len(CHANNELS))
        file = pathlib.Path(folder) / f"{os.urandom(4).hex()}.json"
        file.write_text(json.dumps({
            **{f"{c}_port": p for c, p in zip(CHANNELS, ports)}, "ip": "127.0.0.1",
            "transport": "tcp", "key": KEY.decode(), "signature_scheme": "hmac-sha256"}))
        self.context = zmq.Context()
        self.sockets = {}
        for name, kind in (("shell", zmq.DEALER), ("control", zmq.DEALER), ("iopub", zmq.SUB)):
            s = self.sockets[name] = self.context.socket(kind)
            s.linger = 0
            s.rcvtimeo = 60000
            s.rcvhwm = 0
            s.reconnect_ivl = 1
            if kind == zmq.SUB:
                s.subscribe(b"")
            s.connect(f"tcp://127.0.0.1:{ports[CHANNELS.index(name)]}")
        frames, _ = packed("kernel_info_request", {})
        begun = time.perf_counter()
        self.process = subprocess.Popen([*argv, str(file)], env=ENVIRONMENT, cwd=folder,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.sockets["shell"].send_multipart(frames)
        self.sockets["shell"].recv_multipart()
        self.started = time.perf_counter() - begun

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def idle(self, message_id):
        """Waits for the idle of a request; gives the bytes of stream text before it."""
        size = 0
        while True:
            frames = self.sockets["iopub"].recv_multipart()
            at = frames.index(b"<IDS|MSG>")
            if json.loads(frames[at + 3]).get("msg_id") != message_id:
                continue
            content = json.loads(frames[at + 5])
            size += len(content.get("text", ""))
            if content.get("execution_state") == "idle":
                return size

    def cell(self, code):
        """Runs a cell to its reply and its idle: (seconds, bytes printed)."""
        frames, message_id = packed("execute_request", {"code": code, "silent": False})
        begun = time.perf_counter()
        self.sockets["shell"].send_multipart(frames)
        self.sockets["shell"].recv_multipart()
        printed = self.idle(message_id)
        return time.perf_counter() - begun, printed

    def interrupt(self, code):
        """Seconds from an interrupt_request to the idle of a cell that sleeps."""
        frames, message_id = packed("execute_request", {"code": code, "silent": False})
        self.sockets["shell"].send_multipart(frames)
        time.sleep(0.2)
        begun = time.perf_counter()
        self.sockets["control"].send_multipart(packed("interrupt_request", {})[0])
        self.idle(message_id)
        took = time.perf_counter() - begun
        self.sockets["shell"].recv_multipart()
        self.sockets["control"].recv_multipart()
        return took

    def close(self):
        self.process.kill()
        self.process.wait()
        for s in self.sockets.values():
            s.close()
        self.context.term()


# What to start, a small cell, one that sleeps, one that prints LINES lines.
KERNELS = {"atelier": ([str(BINARY), "kernel", "-f"], "SELECT 1", "!sleep 30",
                       f"!seq {LINES}")}
if importlib.util.find_spec("ipykernel"):
    KERNELS["ipykernel"] = ([sys.executable, "-m", "ipykernel_launcher", "-f"], "1",
                            "import time; time.sleep(30)",
                            f"for i in range({LINES}): print(i + 1)")


def main():
    report = Report("kernel")
    with tempfile.TemporaryDirectory() as folder:
        ENVIRONMENT["ATELIER_WORKSPACE"] = str(pathlib.Path(folder) / "workspace")

        def start(name):
            kernel = Raw(KERNELS[name][0], folder)
            kernel.close()
            return kernel.started

        def peers(values):
            return {name: value for name, value in values.items() if name != "atelier"}

        starts = interleave({name: lambda name=name: start(name) for name in KERNELS},
                            rounds=11)
        middle = {name: median(times) * 1e3 for name, times in starts.items()}
        # The bound is on our own figure, not on the ratio.
        report.add("exec to kernel_info_reply", "ms", middle["atelier"], target=15, floor=15)
        for name, value in peers(middle).items():
            report.add(f"  the same of {name}", "ms", value)

        kernels = {name: Raw(KERNELS[name][0], folder) for name in KERNELS}
        time.sleep(1)
        resident = {name: k.resident() / 1e6 for name, k in kernels.items()}
        report.add("resident when idle", "MB", resident["atelier"], target=12, floor=12)
        for name, value in peers(resident).items():
            report.add(f"  the same of {name}", "MB", value)

        trips = interleave({name: lambda k=k, name=name: k.cell(KERNELS[name][1])[0]
                            for name, k in kernels.items()}, rounds=200, warm_up=10)
        for percent in (50, 99):
            figures = {name: percentile(t, percent) * 1e3 for name, t in trips.items()}
            report.add(f"a small cell to idle, p{percent}", "ms", figures["atelier"],
                       peers(figures))

        stops = interleave({name: lambda k=k, name=name: k.interrupt(KERNELS[name][2])
                            for name, k in kernels.items()}, rounds=9)
        figures = {name: median(t) * 1e3 for name, t in stops.items()}
        report.add("interrupt to idle", "ms", figures["atelier"], peers(figures))

        expected = sum(len(str(i + 1)) + 1 for i in range(LINES))
        floods = {}
        for name, kernel in kernels.items():
            seconds, printed = kernel.cell(KERNELS[name][3])
            if printed != expected:
                raise RuntimeError(f"{name}: {printed} of {expected} bytes came")
            floods[name] = LINES / seconds
        report.add("lines a second, none lost", "1/s", floods["atelier"], peers(floods),
                   higher_is_better=True)
        for kernel in kernels.values():
            kernel.close()
    report.finish()


main()
