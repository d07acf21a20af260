"""Reading CSV into typed columns in memory, beside pandas, pyarrow, polars and DuckDB: the bank
table repeated to 500 MB, 20 columns of decimals, and the bank file itself. Every reading of the
large files has a process of its own, which tells its seconds and its peak memory."""

import json
import os
import pathlib
import random
import shlex
import subprocess
import sys

from bench import DATA, ROOT, Report, interleave, median, threads

BANK = DATA / "bank/bank-additional/bank-additional-full.csv"
PEERS = {
    "pandas": "import pandas\nread = lambda: pandas.read_csv(path)",
    "pyarrow": "import pyarrow, pyarrow.csv\npyarrow.set_cpu_count(threads)\n"
               "read = lambda: pyarrow.csv.read_csv(path)",
    "polars": "import polars\nread = lambda: polars.read_csv(path, infer_schema_length=50000)",
    "duckdb": "import duckdb\ncon = duckdb.connect()\ncon.execute(f'SET threads = {threads}')\n"
              "read = lambda: con.execute("
              "f\"CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('{path}')\")",
}
FRAME = """
import json, resource, statistics, time
path, threads, times = {path!r}, {threads}, {times}
{code}
seconds = []
for _ in range(times):
    started = time.perf_counter()
    kept = read()
    seconds.append(time.perf_counter() - started)
    del kept
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(seconds=statistics.median(seconds), peak_mb=peak)))
"""


def bank(path, repeats):
    if not path.exists():
        head, rows = BANK.read_bytes().split(b"\n", 1)
        with open(path, "wb") as out:
            out.write(head + b"\n")
            for _ in range(repeats):
                out.write(rows)
    return path


def decimals(path, rows=2_400_000, columns=20):
    """Six decimals, mean 0, deviation 10: 470 MB; a block of rows comes again and again."""
    if not path.exists():
        random.seed(1)
        block = "".join(
            ",".join(f"{random.gauss(0, 10):.6f}" for _ in range(columns)) + "\n"
            for _ in range(48_000))
        with open(path, "w", encoding="ascii") as out:
            out.write(",".join(f"x{i}" for i in range(columns)) + "\n")
            for _ in range(rows // 48_000):
                out.write(block)
    return path


def helper():
    """Builds csv_bench.c against the release library."""
    program = ROOT / "build/bench/csv_bench"
    libraries = subprocess.run(["pkg-config", "--libs", "sqlite3", "jansson", "libsodium"],
                               check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-I.", "tests/bench/csv_bench.c",
                    "build/release/ops/libatelier_ops.a", "-o", str(program),
                    *shlex.split(libraries), "-lm", "-lpthread", "-ldl"], check=True, cwd=ROOT)
    return program


def run(command):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["POLARS_MAX_THREADS"] = str(threads())
    done = subprocess.run(command, check=True, capture_output=True, text=True,
                          env=environment, cwd="/")
    return json.loads(done.stdout.strip().splitlines()[-1])  # DuckDB draws a bar before it


def measure(report, name, path, rounds, times, bounds):
    program = ROOT / "build/bench/csv_bench"
    peaks = {}

    def contestant(who, command):
        def once():
            result = run(command)
            peaks.setdefault(who, []).append(result["peak_mb"])
            return result["seconds"]
        return once

    contestants = {"atelier": contestant(
        "atelier", [str(program), str(path), str(threads()), str(times)])}
    for peer, code in PEERS.items():
        script = FRAME.format(path=str(path), threads=threads(), times=times, code=code)
        contestants[peer] = contestant(peer, [sys.executable, "-c", script])
    taken = interleave(contestants, rounds=rounds, warm_up=1 if times == 1 else 0)
    seconds = {who: median(values) for who, values in taken.items()}
    own = seconds.pop("atelier")
    size = pathlib.Path(path).stat().st_size / 1e6
    report.add(name, "s", own, seconds, megabytes=size, **bounds)
    if times == 1:
        peak = {who: max(values) for who, values in peaks.items()}
        own = peak.pop("atelier")
        report.add(name + ", peak memory", "MB", own, peak, target=1.0, floor=1.0)
    else:
        report.add(name + ", under 13 ms", "s", own, target=0.013)


def main():
    folder = ROOT / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    helper()
    report = Report("csv")
    rounds = int(os.environ.get("ATELIER_BENCH_ROUNDS", "5"))
    bounds = {"target": 0.7, "floor": 1.0}
    measure(report, "bank x 100", bank(folder / "bank-4m.csv", 100), rounds, 1, bounds)
    measure(report, "20 float columns", decimals(folder / "floats.csv"), rounds, 1, bounds)
    measure(report, "bank file", BANK, rounds, 30, {})
    report.finish()


if __name__ == "__main__":
    main()
