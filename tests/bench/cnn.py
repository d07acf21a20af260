"""ResNets: training and inference beside PyTorch and, for inference, onnxruntime and openvino,
on the same threads, in turns. Each contestant is a process that lives as long as its row.

$ATELIER_CNN_ROWS picks rows by a word of their names, $ATELIER_CNN_PEERS peers by theirs, with
commas (PyTorch's compile takes minutes); $ATELIER_CNN_PYTHON names a Python that has
the peers, else they are installed beside the other benchmarks' (requirements-cnn.txt)."""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import cnn_feed
from bench import ROOT, Report, interleave, median, threads

PROGRAM = ROOT / "build/bench/cnn_bench"
HALF = ["autocast", "bf16"]  # where the processor has avx512_bf16
TRAIN, INFER = ["eager", "compile"], ["eager", "compile", "jit", "onnxruntime", "openvino"]
# A name that begins with bf16 is of bfloat16.
ROWS = [  # name, mode, depth, side, batch, classes, peers, target, floor
    ("ResNet-18 train b32", "train", 18, 224, 32, 1000, TRAIN, 2.2, 1.8),
    ("ResNet-18 inference b32", "infer", 18, 224, 32, 1000, INFER, 2.0, 1.7),
    ("ResNet-18 inference b1", "infer", 18, 224, 1, 1000, INFER, 1.6, 1.3),
    ("ResNet-50 train b32", "train", 50, 224, 32, 1000, TRAIN, 1.9, 1.6),
    ("ResNet-50 inference b32", "infer", 50, 224, 32, 1000, INFER, 1.3, 1.1),
    ("ResNet-50 inference b1", "infer", 50, 224, 1, 1000, INFER, 1.2, 1.05),
    ("ResNet-20 train b128", "train", 20, 32, 128, 10, TRAIN, 2.5, 2.0),
    ("ResNet-20 inference b128", "infer", 20, 32, 128, 10, INFER, 1.8, 1.4),
    ("bf16 train ResNet-18 b32", "train", 18, 224, 32, 1000, HALF, 1.6, 1.3),
    ("bf16 inference ResNet-18 b32", "infer", 18, 224, 32, 1000, HALF, None, None),
]
# What a contestant runs before its clock is read: enough to be fair, short enough to alternate.
SECONDS_A_TURN = 1.0


def python():
    """A Python that can import the peers."""
    named = os.environ.get("ATELIER_CNN_PYTHON")
    if named:
        return named
    if subprocess.run([sys.executable, "-c", "import torch, onnxruntime, openvino"],
                      capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-r",
                        str(ROOT / "tests/requirements-cnn.txt")], check=True)
    return sys.executable


def helper():
    """Builds cnn_bench.c against the release library."""
    libraries = subprocess.run(["pkg-config", "--libs", "sqlite3", "jansson", "libsodium",
                                "libjpeg"],
                               check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-I.", "tests/bench/cnn_bench.c",
                    "tests/bench/cnn_feed.c",
                    "build/release/ops/libatelier_ops.a", "-o", str(PROGRAM),
                    *shlex.split(libraries), "-lm", "-lpthread", "-ldl"], check=True, cwd=ROOT)


class Contestant:
    """A process that runs steps on demand; `first` seconds from its start to its first step."""

    def __init__(self, command):
        started = time.perf_counter()
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads()))
        environment.pop("PYTHONPATH", None)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1][-2000:])
        self.about = json.loads(line)
        self.first = time.perf_counter() - started
        self.ask(1)
        self.times = max(1, round(SECONDS_A_TURN / self.ask(1)["seconds"]))
        self.peak = 0

    def ask(self, what):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def run(self):
        answer = self.ask(self.times)
        self.peak = max(self.peak, answer["peak_mb"])
        return answer["seconds"]

    def end(self):
        self.process.communicate()


def profile(ours):
    """The layers that took longest, for what falls short."""
    rows = ours.ask("profile")
    total = sum(row[0] + row[1] for row in rows.values())
    kinds = {}
    for name, row in rows.items():
        kind = kinds.setdefault(name.split()[0], [0, 0])
        kind[0] += row[0]
        kind[1] += row[1]
    print("  " + ", ".join(f"{kind} {100 * a / total:.0f} + {100 * b / total:.0f} %"
                           for kind, (a, b) in kinds.items() if a + b > total / 100))
    longest = sorted(rows.items(), key=lambda item: -item[1][0] - item[1][1])[:6]
    for name, row in longest:
        print(f"    {100 * (row[0] + row[1]) / total:4.1f} % {name} {' '.join(row[2:])}")


def measure(report, row, interpreter, rounds):
    name, mode, depth, side, batch, classes, peers, target, floor = row
    arguments = [mode, *map(str, (depth, side, batch, classes, threads()))]
    script = str(pathlib.Path(__file__).parent / "peers/cnn_peer.py")
    precision = ["bf16"] if name.startswith("bf16") else []
    contestants = {"atelier": Contestant([str(PROGRAM), *arguments, *precision])}
    wanted = os.environ.get("ATELIER_CNN_PEERS", ",".join(peers)).split(",")
    for which in (peer for peer in peers if peer in wanted):
        try:
            contestants[which] = Contestant([interpreter, script, which, *arguments])
        except RuntimeError as error:
            print(f"  {which} does not run here: {str(error).strip().splitlines()[-1:]}")
    contestants["atelier"].ask("profile")
    taken = interleave({k: c.run for k, c in contestants.items()}, rounds=rounds, warm_up=1)
    rates = {k: batch / median(v) for k, v in taken.items()}
    best = {k: batch / min(v) for k, v in taken.items()}
    report.add(name, "img/s", rates.pop("atelier"), rates, target=target, floor=floor,
               higher_is_better=True, best={k: round(v, 1) for k, v in best.items()})
    profile(contestants["atelier"])
    peaks = {k: c.peak for k, c in contestants.items()}
    report.add(name + ", peak memory", "MB", peaks.pop("atelier"), peaks,
               planned=contestants["atelier"].about["planned_mb"])
    waits = {k: c.first - median(taken[k]) for k, c in contestants.items()}
    report.add(name + ", start to first step less a step", "s", waits.pop("atelier"), waits)
    for contestant in contestants.values():
        contestant.end()


def has_bf16():
    return "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii")


def main():
    (ROOT / "build/bench").mkdir(parents=True, exist_ok=True)
    interpreter = python()
    helper()
    report = Report("cnn")
    rounds = int(os.environ.get("ATELIER_BENCH_ROUNDS", "5"))
    wanted = os.environ.get("ATELIER_CNN_ROWS", "")
    for row in ROWS:
        if row[0].startswith("bf16") and not has_bf16():
            print(f"  {row[0]}: this processor has no bfloat16 instructions")
        elif wanted in row[0]:
            measure(report, row, interpreter, rounds)
    if wanted in "JPEGs":
        cnn_feed.measure(report, PROGRAM, Contestant, rounds)
    report.finish()


if __name__ == "__main__":
    main()
