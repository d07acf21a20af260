"""Convolutions, each algorithm alone: GFLOP/s and per cent of the processor's multiply-add peak
for the shapes of the ResNets, all three passes, every instruction set, 1 and all threads; beside
oneDNN through PyTorch (channels_last) where torch is installed. With $ATELIER_BENCH_CONV only the
cases whose name holds it."""

import json
import os
import shlex
import subprocess
import time

from bench import ROOT, Report, median, threads

try:
    import torch
except ImportError:
    torch = None


def helper():
    """Builds conv_bench.c against the release library."""
    program = ROOT / "build/bench/conv_bench"
    program.parent.mkdir(parents=True, exist_ok=True)
    libraries = subprocess.run(["pkg-config", "--libs", "sqlite3", "jansson", "libsodium"],
                               check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-I.", "tests/bench/conv_bench.c",
                    "build/release/ops/libatelier_ops.a", "-o", str(program),
                    *shlex.split(libraries), "-lm", "-lpthread", "-ldl"], check=True, cwd=ROOT)
    return program


def ask(program, *words):
    done = subprocess.run([str(program), *map(str, words)], check=True, capture_output=True,
                          text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class OneDnn:
    """The three passes of one case in PyTorch."""

    def __init__(self, case):
        layout = torch.channels_last
        self.options = {"stride": case["stride"], "padding": case["pad"]}
        self.x = torch.randn(case["n"], case["c"], case["h"], case["w"]).to(memory_format=layout)
        self.w = torch.randn(case["k"], case["c"], case["r"], case["s"]).to(memory_format=layout)
        self.y = torch.randn_like(self.forward())

    def forward(self):
        return torch.nn.functional.conv2d(self.x, self.w, **self.options)

    def backward(self, mask):
        stride, pad = [self.options["stride"]] * 2, [self.options["padding"]] * 2
        return torch.ops.aten.convolution_backward(
            self.y, self.x, self.w, None, stride, pad, [1, 1], False, [0, 0], 1, mask)

    def data(self):
        return self.backward([True, False, False])

    def weights(self):
        return self.backward([False, True, False])

    def seconds(self, name, count):
        taken = []
        with torch.no_grad():
            for _ in range(1 + max(3, count)):
                started = time.perf_counter()
                getattr(self, name)()
                taken.append(time.perf_counter() - started)
        return median(taken[1:])


def rate(case, seconds):
    rows, columns = ((case[side] + 2 * case["pad"] - case[kernel]) // case["stride"] + 1
                     for side, kernel in (("h", "r"), ("w", "s")))
    return (2e-9 * case["n"] * case["k"] * case["c"] * case["r"] * case["s"] * rows * columns
            / seconds)


def measure(report, program, case, count, rounds):
    """Ours and oneDNN in turns."""
    peers = {name: [] for name in ("forward", "data", "weights")}
    ours = {}
    one_dnn = OneDnn(case) if torch else None
    if torch:
        torch.set_num_threads(count)
    for _ in range(rounds):
        for record in ask(program, case["number"], count, 0.5):
            key = record["isa"], record["pass"], record["algorithm"]
            ours.setdefault(key, []).append(record)
        for name, taken in peers.items():
            if one_dnn:
                taken.append(one_dnn.seconds(name, 5))
    peak = {isa: median(r["gflops"] for r in records)
            for (isa, _, algorithm), records in ours.items() if algorithm == "peak"}
    for (isa, name, algorithm), records in ours.items():
        if algorithm == "peak":
            continue
        figure = median(r["gflops"] for r in records)
        # PyTorch picks its own ISA: comparable with the widest alone.
        comparable = one_dnn and isa == list(peak)[-1]
        report.add(f"{case['case']} {name} {algorithm} {isa} x{count}", "GFLOP/s", figure,
                   {"oneDNN": rate(case, median(peers[name]))} if comparable else None,
                   higher_is_better=True, of_peak=figure / peak[isa] if isa in peak else None,
                   chosen=records[0]["chosen"], used_isa=isa, used_threads=count,
                   prepare=median(r["prepare"] for r in records))
        share = f"{100 * figure / peak[isa]:5.1f} %" if isa in peak else ""
        print(f"{case['case']:22} {name:8} {algorithm:10} {isa:7} x{count} {figure:7.1f} "
              f"GFLOP/s {share}{' *' if records[0]['chosen'] else ''}", flush=True)


def main():
    program = helper()
    report = Report("conv")
    rounds = int(os.environ.get("ATELIER_BENCH_ROUNDS", "3"))
    wanted = os.environ.get("ATELIER_BENCH_CONV", "")
    for case in ask(program, "list"):
        for count in sorted({1, threads()}):
            if wanted in case["case"]:
                measure(report, program, case, count, rounds)
    report.finish()


if __name__ == "__main__":
    main()
