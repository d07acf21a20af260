"""One bank row, asked again and again over kept connections (wrk): the endpoint of a linear
learner beside services of a like model: a well-tuned FastAPI with a boosted model asked in place,
one with the linear model in numpy, one that is as lean as FastAPI allows (plain dictionaries, no
numpy), and MLServer. A FastAPI
has one worker or two, whichever is quicker. wrk runs on the same processors as what it measures."""

import contextlib
import csv
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import numpy
import xgboost
from bench import BINARY, DATA, ROOT, Report, median
from sklearn.linear_model import LogisticRegression

# What a peer gets: nothing of ours to import.
PLAIN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
SECONDS = 3
ROUNDS = 3
PEERS = ROOT / "tests/bench/peers"
MLSERVER = pathlib.Path(sys.executable).parent / "mlserver"
BANK = DATA / "bank/bank-additional/bank-additional-full.csv"

SCRIPT = """
# %%
%fetch bank {bank}

# %%
%%clean bank
drop column duration

# %%
%%train subscriber --data bank_clean --target y --algorithm linear-learner
epochs = 3

# %%
%deploy subscriber --endpoint bank-ep
"""

WRK = """
wrk.method = "POST"
wrk.body = {body}
wrk.headers["Content-Type"] = {content_type}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{{"p50": %d, "p99": %d, "requests": %d, "us": %d, "errors": %d}}\\n',
    latency:percentile(50), latency:percentile(99), summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, seconds=60):
    for _ in range(int(seconds * 20)):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500: # it answers: that this page is not there does not matter
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {url}")


def wait_until_closed(port, seconds=20):
    for _ in range(int(seconds * 50)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"port {port} stays open")


def ask(url, body, content_type):
    request = urllib.request.Request(url, body.encode(), {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


class Contestant:
    def __init__(self, name, folder, url, body, content_type):
        self.name, self.url = name, url
        self.script = folder / f"{name.replace(' ', '-')}.lua"
        self.script.write_text(WRK.format(body=json.dumps(body),
                                          content_type=json.dumps(content_type)))
        self.results = {1: [], 64: []}
        print(f"{name}: {url} answers {ask(url, body, content_type).strip()[:100]!r}")

    def measure(self, connections, seconds=SECONDS):
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                               "--timeout", "10s", "-s",
                               self.script, self.url], capture_output=True, text=True,
                              check=True)
        result = json.loads(done.stdout.strip().split("\n")[-1])
        if result["errors"] > result["requests"] / 100:
            raise RuntimeError(f"{self.name}: {result['errors']} requests failed")
        return result

    def turn(self, connections):
        self.results[connections].append(self.measure(connections))

    def p50(self):
        return median([r["p50"] / 1e3 for r in self.results[1]])

    def p99(self):
        return median([r["p99"] / 1e3 for r in self.results[1]])

    @staticmethod
    def rate_of(result):
        return result["requests"] / result["us"] * 1e6

    def rate(self):
        return median([self.rate_of(result) for result in self.results[64]])


def rows():
    """The bank table without duration: names, rows, target."""
    with open(BANK, newline="", encoding="ascii") as file:
        table = list(csv.DictReader(file))
    names = [n for n in table[0] if n not in ("duration", "y")]
    return names, [[row[n] for n in names] for row in table], [row["y"] for row in table]


def fit(names, cells, target):
    """A logistic regression on one-hot columns and standardised numbers: (the model as the
    FastAPI peers read it, the sklearn model, its first row)."""
    columns, parts = [], []
    for i, name in enumerate(names):
        values = [row[i] for row in cells]
        try:
            x = numpy.array(values, float)
            mean, deviation = float(x.mean()), float(x.std()) or 1.0
            columns.append({"name": name, "mean": mean, "deviation": deviation})
            parts.append(((x - mean) / deviation)[:, None])
        except ValueError:
            levels = sorted(set(values))
            columns.append({"name": name, "levels": levels})
            parts.append(numpy.array([[v == level for level in levels] for v in values], float))
    x = numpy.hstack(parts)
    model = LogisticRegression(max_iter=200).fit(x, target)
    return {"bias": float(model.intercept_[0]), "labels": ["no", "yes"], "columns": columns,
            "weights": model.coef_[0].tolist()}, model, x[0].tolist()


def boost(folder, model, cells, target):
    """A boosted model of the same table beside the linear one's JSON, for the peer that asks
    it: levels by their numbers, 100 rounds of depth 6."""
    codes = [{level: k for k, level in enumerate(column["levels"])} if "levels" in column
             else None for column in model["columns"]]
    x = numpy.array([[float(cell) if code is None else code[cell]
                      for cell, code in zip(row, codes)] for row in cells], numpy.float32)
    y = numpy.array([label == model["labels"][1] for label in target], numpy.float32)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 2},
                            xgboost.DMatrix(x, y), 100)
    booster.save_model(folder / "model.json.ubj")


@contextlib.contextmanager
def running(command, ping, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               **options)
    try:
        wait_for(ping)
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def atelier(folder):
    script, workspace = folder / "bank.atl", folder / "workspace"
    script.write_text(SCRIPT.format(bank=BANK))
    environment = dict(os.environ, ATELIER_WORKSPACE=str(workspace))
    try:
        done = subprocess.run([BINARY, "run", script], env=environment, capture_output=True,
                              text=True, cwd=folder)
        if done.returncode:
            sys.exit(f"atelier run failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        # In the background it would be a session of its own, to which a busy kernel gives
        # another share of the processors than to the peers: it is run as they are.
        port = int((workspace / "server/port").read_text())
        os.kill(json.loads((workspace / "server/state.json").read_text())["pid"], signal.SIGTERM)
        wait_until_closed(port)
        command = [BINARY, "serve", "--workspace", workspace, "--port", str(port)]
        with running(command, f"http://127.0.0.1:{port}/ping"):
            yield f"http://127.0.0.1:{port}/endpoints/bank-ep/invocations"
    finally:
        clean = folder / "clean.atl"
        clean.write_text("%cleanup --yes\n")
        subprocess.run([BINARY, "run", clean], env=environment, capture_output=True, cwd=folder)


def fastapi(folder, model, module, workers):
    path, port = folder / "model.json", free_port()
    path.write_text(json.dumps(model))
    command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", str(PEERS),
               "--port", str(port), "--workers", str(workers), "--loop", "uvloop",
               "--http", "httptools", "--log-level", "error", "--no-access-log"]
    # One thread a worker: two that share two processors only get in each other's way.
    options = {"env": dict(PLAIN, MODEL=str(path), OPENBLAS_NUM_THREADS="1")}
    return running(command, f"http://127.0.0.1:{port}/docs", **options), \
        f"http://127.0.0.1:{port}/invocations"


def mlserver(folder, model):
    """In one process: with workers of its own it did not load the model here."""
    import joblib
    place = folder / "mlserver"
    place.mkdir()
    port = free_port()
    joblib.dump(model, place / "model.joblib")
    (place / "settings.json").write_text(json.dumps({
        "debug": False, "host": "127.0.0.1", "http_port": port, "grpc_port": free_port(),
        "metrics_port": free_port(), "parallel_workers": 0}))
    (place / "model-settings.json").write_text(json.dumps({
        "name": "bank", "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(place / "model.joblib")}}))
    command = [str(MLSERVER), "start", str(place)]
    return running(command, f"http://127.0.0.1:{port}/v2/models/bank/ready", env=PLAIN), \
        f"http://127.0.0.1:{port}/v2/models/bank/infer"


def quickest(stack, name, folder, start, body, content_type, counts):
    """(workers, peer): the peer with as many workers as answer most requests a second."""
    best, rates, alone = None, {}, {}
    for workers in counts:
        alone[workers] = stack.enter_context(contextlib.ExitStack())
        context, url = start(workers)
        alone[workers].enter_context(context)
        peer = Contestant(name, folder, url, body, content_type)
        peer.measure(8, 1)  # warm
        rates[workers] = median([peer.rate_of(peer.measure(64, 1)) for _ in range(3)])
        if best is None or rates[workers] > rates[best[0]]:
            best = workers, peer
    for workers in counts:
        if workers != best[0]:
            alone[workers].close()
    print(f"{name}: " + ", ".join(f"{rate:,.0f} requests/s with {n} worker{'s' * (n > 1)}"
                                  for n, rate in rates.items()))
    return best


def main():
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    if not BANK.exists():
        sys.exit(f"no {BANK.name} in the data folder (ATELIER_DATA)")
    report = Report("endpoint")
    names, cells, target = rows()
    model, sklearn_model, tensor = fit(names, cells, target)
    row = ",".join(cells[0])
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(atelier(folder))
        ours = Contestant("atelier", folder, url, row, "text/csv")
        boost(folder, model, cells, target)
        infer = json.dumps({"inputs": [{"name": "x", "shape": [1, len(tensor)],
                                        "datatype": "FP64", "data": tensor}]})
        found = {
            name: quickest(stack, name, folder, start, body, kind, counts)
            for name, start, body, kind, counts in (
                ("fastapi xgboost", lambda n: fastapi(folder, model, "fastapi_xgboost", n), row,
                 "text/csv", (1, 2)),
                ("fastapi numpy", lambda n: fastapi(folder, model, "fastapi_numpy", n), row,
                 "text/csv", (1, 2)),
                ("fastapi lean", lambda n: fastapi(folder, model, "fastapi_row", n), row,
                 "text/csv", (1, 2)),
                ("mlserver", lambda n: mlserver(folder, sklearn_model), infer,
                 "application/json", (1,)))
            if name != "mlserver" or MLSERVER.exists()}
        if "mlserver" not in found:
            print("mlserver is left out: it is not to be had for this Python")
        workers = {name: n for name, (n, _) in found.items()}
        peers = [peer for _, peer in found.values()]
        everyone = [ours, *peers]
        ours.measure(8, 1)  # warm
        for _ in range(ROUNDS):
            for connections in (1, 64):
                for contestant in everyone:
                    contestant.turn(connections)
    report.add("p50, 1 connection", "ms", ours.p50(), None, target=0.1, floor=0.2)
    report.add("p50, 1 connection", "ms", ours.p50(), {p.name: p.p50() for p in peers})
    report.add("p99, 1 connection", "ms", ours.p99(), {p.name: p.p99() for p in peers})
    for peer in peers:
        report.add(f"64 connections, beside {peer.name}", "requests/s", ours.rate(),
                   {peer.name: peer.rate()}, higher_is_better=True, target=10, floor=6,
                   workers=workers[peer.name])
    report.finish()


if __name__ == "__main__":
    main()
