"""The server as clients meet it: the real binary, over HTTP, with boto3 and with raw sockets."""

import concurrent.futures
import csv
import http.client
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

SLOW = 4 if os.environ.get("ATELIER_SLOW") else 1

TRAIN = """
# %%
%generate de-icing flights --rows 1500 --seed 3

# %%
%export flights flights.csv

# %%
%%train icing --data flights --target deicing --algorithm linear-learner
epochs = 5

# %%
%deploy icing --endpoint ice-ep

# %%
%deploy icing --endpoint ice-all --response predicted_label,probability,probabilities,labels

# %%
%predict icing --data flights --into answers

# %%
%export answers answers.csv
"""


def run_cells(binary, folder, text, check=True):
    """Runs cells in the workspace of this folder; gives the finished process."""
    script = folder / "cells.atl"
    script.write_text(text)
    done = subprocess.run([binary, "run", script], cwd=folder, capture_output=True, text=True,
                          timeout=100, env={**os.environ, "ATELIER_WORKSPACE": str(folder / "w")})
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def server_of(folder):
    """(pid, port) of the server of this folder's workspace."""
    state = json.loads((folder / "w/server/state.json").read_text())
    return state["pid"], state["port"]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_gone(pid, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


@pytest.fixture(scope="module")
def trained(atelier_binary, tmp_path_factory):
    """A folder with a workspace that serves two endpoints."""
    folder = tmp_path_factory.mktemp("server")
    run_cells(atelier_binary, folder, TRAIN)
    yield folder
    pid, _ = server_of(folder)
    if alive(pid):
        os.kill(pid, signal.SIGTERM)
        assert wait_gone(pid)


@pytest.fixture
def port(trained):
    pid, number = server_of(trained)
    assert alive(pid)
    return number


def rows(folder, name="flights.csv"):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


INPUTS = ["airport", "country", "temperature", "humidity", "wind", "precipitation"]


def as_csv(table, columns, header=False):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(columns)
    writer.writerows([row[name] for name in columns] for row in table)
    return out.getvalue()


def ask(port, body, path="/endpoints/ice-ep/invocations", method="POST", **headers):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            body = body.encode()
        connection.request(method, path, body, names)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def refused(port, body, original, **headers):
    """The message with which the runtime path refuses; its status is checked."""
    status, got, text = ask(port, body, **headers)
    answer = json.loads(text)
    assert (status, got["x-amzn-ErrorType"]) == (424, "ModelError"), text
    assert answer["OriginalStatusCode"] == original, text
    return json.loads(answer["OriginalMessage"])


# ---- what it answers ---------------------------------------------------------------------


def test_ping(port):
    assert ask(port, None, "/ping", "GET")[0] == 200
    assert ask(port, None, "/ping", "DELETE")[0] == 405
    assert ask(port, None, "/nothing", "GET")[0] == 404


def test_served_equals_predicted(trained, port):
    """Bit for bit, in one request and row by row."""
    table, expected = rows(trained), rows(trained, "answers.csv")
    path = "/endpoints/ice-all/invocations"
    body = as_csv(table, INPUTS)
    status, _, text = ask(port, body, path, Content_Type="text/csv")
    assert status == 200, text
    answers = list(csv.reader(io.StringIO(text)))
    assert len(answers) == len(expected)
    for answer, want in zip(answers, expected):
        assert answer[0] == want["predicted_label"]
        probabilities = dict(zip(json.loads(answer[3]), json.loads(answer[2])))
        assert float(answer[1]) == probabilities[answer[0]]
        assert float(answer[1]) == float(want["probability"]) or \
            probabilities["yes"] == float(want["probability"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for line, answer in list(zip(body.splitlines(), text.splitlines()))[:200]:
        connection.request("POST", path, line, {"Content-Type": "text/csv"})
        assert connection.getresponse().read().decode() == answer + "\n"
    connection.close()


def test_header_json_and_json_lines(trained, port):
    table = rows(trained)[:20]
    plain = ask(port, as_csv(table, INPUTS), Content_Type="text/csv")[2]
    labels = plain.split()
    # A header in any order, with the target among it, which is passed over.
    shuffled = ["deicing", *reversed(INPUTS)]
    assert ask(port, as_csv(table, shuffled, header=True), Content_Type="text/csv")[2] == plain
    assert ask(port, as_csv(table, INPUTS, header=True))[2] == plain  # no Content-Type is CSV
    numbers = set(INPUTS) - {"airport", "country"}

    def value(row, name):
        return None if row[name] == "" else float(row[name]) if name in numbers else row[name]

    named = [{name: value(row, name) for name in (*INPUTS, "deicing")} for row in table]
    listed = [[value(row, name) for name in INPUTS] for row in table]
    for instances in (named, listed, [{"features": values} for values in listed]):
        status, headers, text = ask(port, json.dumps({"instances": instances}),
                                    Content_Type="application/json")
        assert status == 200 and headers["Content-Type"] == "application/json", text
        assert [p["predicted_label"] for p in json.loads(text)["predictions"]] == labels
    lines = "\n".join(json.dumps(row) for row in named) + "\n\n"
    status, headers, text = ask(port, lines, Content_Type="application/jsonlines")
    assert headers["Content-Type"] == "application/jsonlines"
    assert [json.loads(line)["predicted_label"] for line in text.splitlines()] == labels


@pytest.mark.parametrize("accept, kind", [
    ("application/json", "application/json"), ("text/csv", "text/csv; charset=utf-8"),
    ("*/*", "text/csv; charset=utf-8"), ("text/html, application/jsonlines;q=0.5",
                                         "application/jsonlines"),
    ("application/json;q=0.2, text/csv;q=0.9", "text/csv; charset=utf-8")])
def test_accept(trained, port, accept, kind):
    body = as_csv(rows(trained)[:2], INPUTS)
    status, headers, _ = ask(port, body, Content_Type="text/csv", Accept=accept)
    assert (status, headers["Content-Type"]) == (200, kind)


def test_missing_cells(port):
    """An empty field, null and NA are the same missing cell."""
    path = "/endpoints/ice-all/invocations"
    answers = {ask(port, body, path, Content_Type=kind, Accept="text/csv")[2]
               for body, kind in [("OSL,,,80,3,0\n", "text/csv"), ("OSL,NA,NA,80,3,0\n", "text/csv"),
                                  ('{"instances":[["OSL",null,null,80,3,0]]}', "application/json")]}
    assert len(answers) == 1 and ",0." in answers.pop()


# ---- what it refuses ---------------------------------------------------------------------


def test_errors_name_row_and_column(port):
    good = "OSL,Norway,-2.5,91,3,0.2\n"
    said = refused(port, good + "OSL,Norway,cold,91,3,0.2\n", 400)
    assert (said["row"], said["column"]) == (2, "temperature")
    assert "row 2, column 'temperature': 'cold' is not a number" in said["message"]
    said = refused(port, good + "OSL,Norway\n", 400)
    assert said["row"] == 2 and "2 fields where 6 are expected" in said["message"]
    said = refused(port, good.replace(",", ";"), 400)
    assert "commas" in said["hint"]
    said = refused(port, "OSL,Norway,-2.5,91,3,0.2,no\n", 400)
    assert "deicing" in said["hint"]
    said = refused(port, "airport,country,temperature,humidty,wind,precipitation\n" + good, 400)
    assert "humidty" in said["message"] and "humidity" in said["hint"]
    said = refused(port, "", 400)
    assert "empty" in said["message"]
    said = refused(port, "\n\n", 400)
    assert "no rows" in said["message"]
    assert "UTF-8" in refused(port, b"OSL,Norw\xe5y,1,2,3,4", 400)["message"]
    assert refused(port, "OSL,Norway,inf,91,3,0.2", 400)["column"] == "temperature"


@pytest.mark.parametrize("body, words", [
    ("{", "instances"), ("[]", "instances"), ('{"instances": []}', "no rows"),
    ('{"instances": [{"airport": "OSL"}]}', "row 1, column 'country'"),
    ('{"instances": [["OSL", "Norway", -2, 90, 3]]}', "5 values where 6"),
    ('{"instances": [["OSL", "Norway", [1], 90, 3, 0]]}', "row 1, column 'temperature'"),
    ('{"instances": [["OSL", "Norway", -2, 90, 3, 0]] x', "'x'"),
    ('{"instances": [["OSL", "Norway", 01, 90, 3, 0]]}', "'01"),
    ('{"instances": [["OSL\\ud800", "Norway", 1, 90, 3, 0]]}', "escape"),
    ('{"instances": [{"airprt": "OSL"}]}', "airprt")])
def test_bad_json(port, body, words):
    assert words in refused(port, body, 400, Content_Type="application/json")["message"]


def test_unknown_types_and_large_bodies(port):
    assert "text/csv" in refused(port, "x", 415, Content_Type="image/png")["hint"]
    refused(port, "x", 415, Content_Type="text/csv; charset=latin-1")
    refused(port, "x", 406, Content_Type="text/csv", Accept="text/html")
    limit = 6291456
    refused(port, b"," * (limit + 1), 413)
    said = refused(port, b"," * limit, 400)
    assert said["row"] == 1


def test_unknown_endpoint_and_several(port):
    status, headers, text = ask(port, "x", "/endpoints/none/invocations")
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationError")
    assert "ice-ep" in json.loads(text)["Message"]
    status, _, text = ask(port, "x", "/invocations")
    assert status == 400 and "ice-all, ice-ep" in json.loads(text)["message"]


def test_foreign_hosts(port):
    for host, status in [(f"127.0.0.1:{port}", 200), (f"localhost:{port}", 200),
                         (f"[::1]:{port}", 200), ("evil.example", 403),
                         (f"evil.example:{port}", 403), ("127.0.0.1", 403),
                         (f"127.0.0.1.evil.example:{port}", 403)]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest("GET", "/ping", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        assert connection.getresponse().status == status, host
        connection.close()


# ---- boto3 -------------------------------------------------------------------------------


@pytest.fixture
def runtime(port):
    return boto3.client(
        "sagemaker-runtime", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-1",
        aws_access_key_id="x", aws_secret_access_key="x",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=20))


def test_boto3(runtime, trained):
    table = rows(trained)[:3]
    answer = runtime.invoke_endpoint(EndpointName="ice-ep", Body=as_csv(table, INPUTS))
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ContentType"] == "text/csv; charset=utf-8"
    assert len(answer["Body"].read().split()) == 3
    with pytest.raises(runtime.exceptions.ModelError) as raised:
        runtime.invoke_endpoint(EndpointName="ice-ep", ContentType="text/csv", Body="a,b")
    assert raised.value.response["OriginalStatusCode"] == 400
    assert "2 fields where 6" in str(raised.value)
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        runtime.invoke_endpoint(EndpointName="nowhere", Body="1")
    assert raised.value.response["Error"]["Code"] == "ValidationError"


# ---- many and slow clients ---------------------------------------------------------------


def test_64_connections_at_once(trained, port):
    body = as_csv(rows(trained)[:1], INPUTS)
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(64)]

    def talk(connection):
        out = []
        for _ in range(20):
            connection.request("POST", "/endpoints/ice-ep/invocations", body,
                               {"Content-Type": "text/csv"})
            answer = connection.getresponse()
            out.append((answer.status, answer.read()))
        return out

    for connection in connections:
        connection.connect()
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        answers = [a for got in pool.map(talk, connections) for a in got]
    for connection in connections:
        connection.close()
    assert len(answers) == 64 * 20 and len(set(answers)) == 1 and answers[0][0] == 200


def test_a_slow_client_hinders_nobody(trained, port):
    body = as_csv(rows(trained)[:1], INPUTS)
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    for client in slow:
        client.sendall(b"POST /endpoints/ice-ep/invocations HTTP/1.1\r\nHost: localhost:%d\r\n"
                       b"Content-Length: 100\r\n\r\nOS" % port)
    started = time.monotonic()
    assert ask(port, body)[0] == 200
    assert time.monotonic() - started < 1 * SLOW
    for client in slow:
        client.close()


def test_time_outs(atelier_binary, trained, tmp_path):
    """A server of its own with a short patience; in the foreground, ended by SIGTERM."""
    shutil.copytree(trained / "w", tmp_path / "w", ignore=shutil.ignore_patterns("server"))
    process = subprocess.Popen([atelier_binary, "serve", "--workspace", tmp_path / "w",
                                "--timeout", "1", "--allow-host", "shop.example"],
                               stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        port = int(line.rsplit(":", 1)[1])
        assert ask(port, "x", Host="shop.example:80")[0] == 424
        idle = socket.create_connection(("127.0.0.1", port))
        idle.settimeout(8 * SLOW)
        assert idle.recv(1) == b""
        dribbler = socket.create_connection(("127.0.0.1", port))
        started = time.monotonic()
        with pytest.raises(OSError):
            dribbler.sendall(b"GET /ping HTTP/1.1\r\nX-Long: ")
            while time.monotonic() - started < 10 * SLOW:
                dribbler.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - started < 8 * SLOW
        process.send_signal(signal.SIGTERM)
        assert process.wait(10 * SLOW) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


# ---- its life ----------------------------------------------------------------------------


def test_daemon_is_on_its_own(trained, port):
    pid, _ = server_of(trained)
    assert os.getsid(pid) != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    opened = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{pid}/fd/2").endswith("server/log.txt")
    assert not [name for name in opened if "cells.atl" in name or "pipe:" in name]


def test_a_second_server_is_refused(atelier_binary, trained, port):
    done = subprocess.run([atelier_binary, "serve", "--workspace", trained / "w"],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "already runs" in done.stderr


def test_kill_and_restart_on_the_same_port(atelier_binary, trained, port):
    pid, _ = server_of(trained)
    body = as_csv(rows(trained)[:5], INPUTS)
    before = ask(port, body)[2]
    os.kill(pid, signal.SIGKILL)
    assert wait_gone(pid)  # it may hold its lock for a moment more
    listed = run_cells(atelier_binary, trained, "%endpoints\n").stdout
    assert "Stopped" in listed and "ice-ep" in listed
    said = run_cells(atelier_binary, trained, "%%invoke ice-ep\n" + body).stdout
    assert before.split()[0] in said
    again, same_port = server_of(trained)
    assert again != pid and same_port == port
    assert ask(port, body)[2] == before
    assert "InService" in run_cells(atelier_binary, trained, "%endpoints\n").stdout


def test_killed_at_any_moment_nothing_is_lost(atelier_binary, trained, port):
    """Kill -9 while an endpoint is replaced: what %deploy had reported is served again."""
    body = as_csv(rows(trained)[:3], INPUTS)
    moments = random.Random(7)
    for turn in range(20):
        keys = ["predicted_label", "predicted_label,probability"][turn % 2]
        pid, _ = server_of(trained)
        killer = threading.Timer(moments.uniform(0, 0.1) * SLOW,
                                 lambda: alive(pid) and os.kill(pid, signal.SIGKILL))
        killer.start()
        done = run_cells(atelier_binary, trained,
                         f"%deploy icing --endpoint ice-ep --response {keys}\n", check=False)
        killer.join()
        assert wait_gone(pid)
        run_cells(atelier_binary, trained, "%endpoints --start\n")
        again, same_port = server_of(trained)
        assert same_port == port and again != pid
        status, _, text = ask(port, body)
        assert status == 200
        if done.returncode == 0:  # it was reported
            assert ("," in text) == ("," in keys)
    run_cells(atelier_binary, trained, "%deploy icing --endpoint ice-ep\n")


def test_a_starting_server_is_closed_or_right(atelier_binary, trained, port):
    """While a killed server comes back, an endpoint is never told not to exist."""
    body = as_csv(rows(trained)[:1], INPUTS)
    stop, answers = [], []

    def hammer():
        while not stop:
            try:
                answers.append(ask(port, body)[0])
            except OSError:
                pass  # nobody listens yet

    for _ in range(5):
        pid, _ = server_of(trained)
        os.kill(pid, signal.SIGKILL)
        assert wait_gone(pid)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = [pool.submit(hammer) for _ in range(2)]
            run_cells(atelier_binary, trained, "%endpoints --start\n")
            stop.append(True)
            for one in running:
                one.result()
        stop.clear()
    assert answers and set(answers) == {200}, sorted(set(answers))


def test_invoke_shows_the_refusal(atelier_binary, trained, port):
    done = run_cells(atelier_binary, trained, "%%invoke ice-ep\n1,2\n", check=False)
    assert done.returncode == 1
    assert "2 fields where 6 are expected" in done.stdout + done.stderr


def test_deploy_replaces_without_a_gap(atelier_binary, trained, port):
    """Requests that run while an endpoint is replaced all succeed."""
    body = as_csv(rows(trained)[:1], INPUTS)
    stop, failures = [], []

    def hammer():
        while not stop:
            status = ask(port, body)[0]
            if status != 200:
                failures.append(status)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [pool.submit(hammer) for _ in range(2)]
        try:
            done = run_cells(atelier_binary, trained, "%deploy icing --endpoint ice-ep "
                                                      "--response predicted_label,probability\n")
        finally:
            stop.append(True)
        for future in running:
            future.result()
    assert not failures
    assert f"127.0.0.1:{port}" in done.stdout
    assert "," in ask(port, body)[2]
    run_cells(atelier_binary, trained, "%deploy icing --endpoint ice-ep\n")


def test_a_deleted_workspace_ends_its_server(atelier_binary, trained, tmp_path):
    shutil.copytree(trained / "w", tmp_path / "w", ignore=shutil.ignore_patterns("server"))
    run_cells(atelier_binary, tmp_path, "%endpoints --start\n")
    pid, other = server_of(tmp_path)
    assert ask(other, None, "/ping", "GET")[0] == 200
    shutil.rmtree(tmp_path / "w")
    assert wait_gone(pid)


def test_deploy_is_quick(atelier_binary, trained, port):
    started = time.monotonic()
    run_cells(atelier_binary, trained, "%deploy icing --endpoint ice-ep\n")
    assert time.monotonic() - started < 1 * SLOW


def test_missing_markers_outlive_the_source(atelier_binary, trained, port):
    """Served as evaluated: what meant a missing cell when the source was read still does."""
    (trained / "marks.csv").write_text("x,z,y\n" + "".join(
        f"{'unknown' if i % 5 == 0 else i % 7},{i % 3},{'no' if i % 7 < 3 else 'yes'}\n"
        for i in range(300)))
    run_cells(atelier_binary, trained, """
# %%
%fetch marks marks.csv --missing unknown

# %%
%split marks --train 0.8

# %%
%%train marked --data marks_train --target y --algorithm linear-learner
epochs = 2

# %%
%fetch marks flights.csv

# %%
%deploy marked --endpoint marked-ep
""")
    path = "/endpoints/marked-ep/invocations"
    status, _, text = ask(port, "unknown,1\n,1\n", path, Content_Type="text/csv", Accept="text/csv")
    assert status == 200, text
    first, second = text.split()
    assert first == second


def test_a_model_of_predictions_is_served(atelier_binary, trained, port):
    run_cells(atelier_binary, trained, """
# %%
%%train second --data answers --target deicing --algorithm linear-learner
epochs = 2

# %%
%deploy second --endpoint second-ep

# %%
%evaluate icing --data answers
""")
    body = as_csv(rows(trained, "answers.csv")[:3], INPUTS + ["predicted_label", "probability"])
    status, _, text = ask(port, body, "/endpoints/second-ep/invocations", Content_Type="text/csv")
    assert status == 200 and len(text.split()) == 3, text
