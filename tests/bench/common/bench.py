"""What the benchmarks share: fair timing, records and the table.

A benchmark measures in turns (ours, peer, ours, peer, ...), so that a slow minute of the
machine hits all alike, takes medians, and reports each figure with `Report.add`:

    from bench import Report, interleave, median
    report = Report("csv")
    times = interleave({"atelier": ours, "duckdb": theirs}, rounds=7)
    report.add("bank 500 MB", "s", median(times["atelier"]),
               {"duckdb": median(times["duckdb"])}, target=0.7, floor=1.0)
    report.finish()

`finish` prints the table and writes build/bench/NAME.json, one record a line: name, unit,
ours, peers, best_peer, ratio (ours / the best peer), higher_is_better, isa, threads."""

import json
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("ATELIER_BINARY", ROOT / "build/release/atelier"))
DATA = pathlib.Path(os.environ.get("ATELIER_DATA", ROOT.parent / "shared/data"))

median = statistics.median


def interleave(contestants, rounds=5, warm_up=1):
    """Seconds of each call, by name. A contestant is a function; one that returns a number
    (seconds that it measured itself) is taken at its word."""
    times = {name: [] for name in contestants}
    for turn in range(warm_up + rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            own = run()
            took = time.perf_counter() - started
            if turn >= warm_up:
                measured = isinstance(own, (int, float)) and not isinstance(own, bool)
                times[name].append(own if measured else took)
    return times


def percentile(values, percent):
    """The nearest-rank percentile of unsorted values."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def threads():
    """What $ATELIER_THREADS or the machine gives."""
    wanted = os.environ.get("ATELIER_THREADS", "")
    return int(wanted) if wanted.isdigit() and int(wanted) > 0 else len(os.sched_getaffinity(0))


def isa():
    """The widest instruction set that the processor offers."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return "unknown"
    for flag, name in (("avx512f", "avx512"), ("avx2", "avx2"), ("asimd", "neon")):
        if flag in flags:
            return name
    return "scalar"


def peak_rss(command, **options):
    """Runs a command; gives (seconds, peak resident bytes, its stdout)."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024, output


class Report:
    def __init__(self, name):
        self.name = name
        self.records = []

    def add(self, name, unit, ours, peers=None, higher_is_better=False, target=None,
            floor=None, **more):
        """One figure. `target` and `floor` are bounds: of the ratio where there are peers,
        of the figure itself otherwise. `more` goes into the record as it is."""
        peers = dict(peers or {})
        best = None
        if peers:
            best = (max if higher_is_better else min)(peers, key=peers.get)
        ratio = ours / peers[best] if best and peers[best] else None
        record = {
            "name": name, "unit": unit, "ours": ours, "peers": peers, "best_peer": best,
            "ratio": ratio, "higher_is_better": higher_is_better, "target": target,
            "floor": floor, "isa": isa(), "threads": threads(), **more,
        }
        self.records.append(record)
        return record

    @staticmethod
    def verdict(record):
        """"target", "floor" or "below floor" for a figure that has bounds."""
        value = record["ours"] if record["ratio"] is None else record["ratio"]
        bounds = [(record["target"], "target"), (record["floor"], "floor")]
        if all(bound is None for bound, _ in bounds):
            return ""
        for bound, word in bounds:
            if bound is not None and (
                    value >= bound if record["higher_is_better"] else value <= bound):
                return word
        return "below floor" if record["floor"] is not None else "below target"

    def finish(self):
        folder = ROOT / "build/bench"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{self.name}.json", "w", encoding="utf-8") as out:
            for record in self.records:
                out.write(json.dumps(record) + "\n")
        rows = [("what", "unit", "atelier", "best peer", "ratio", "verdict", "others")]
        for r in self.records:
            best = f"{r['best_peer']} {figure(r['peers'][r['best_peer']])}" if r["best_peer"] else "-"
            others = ", ".join(f"{name} {figure(value)}" for name, value in r["peers"].items()
                               if name != r["best_peer"])
            ratio = "-" if r["ratio"] is None else f"{r['ratio']:.3f}"
            rows.append((r["name"], r["unit"], figure(r["ours"]), best, ratio,
                         self.verdict(r), others))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print(f"({isa()}, {threads()} threads)")


def figure(value):
    """Four significant digits, without an exponent where that is readable."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e7:
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:.3e}"
