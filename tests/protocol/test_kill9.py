"""Kill -9 of the kernel, of a job and of the server at random moments: nothing that was
reported done is lost."""

import json
import os
import random
import re
import signal
import threading
import time

import pytest
from harness import SLOW, Kernel

ROUNDS = 20
# Other moments than those of every day: ATELIER_SEED=1, 2, ...
SEED = 1000 * int(os.environ.get("ATELIER_SEED", "0"))


@pytest.fixture
def start(atelier_binary, tmp_path):
    """Starts kernels, one after another, on one workspace."""
    kernels = []

    def starter():
        kernels.append(Kernel(tmp_path, command=[str(atelier_binary), "kernel"],
                              ATELIER_WORKSPACE=str(tmp_path / "workspace")))
        return kernels[-1]

    yield starter
    for kernel in kernels:
        kernel.close()
    with Kernel(tmp_path, command=[str(atelier_binary), "kernel"],
                ATELIER_WORKSPACE=str(tmp_path / "workspace")) as last:
        last.run("%cleanup --yes", timeout=60 * SLOW)


def well(cell):
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    return cell


def shown(cell):
    """All that a cell showed, as plain text."""
    bundles = cell.contents("display_data") + cell.contents("execute_result")
    return cell.text() + "".join(b["data"]["text/plain"] for b in bundles)


def kill_after(process, seconds):
    """SIGKILL from a thread of its own, while the cells go on."""
    def kill():
        time.sleep(seconds)
        process.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def run_until_killed(kernel, cells, timeout=30):
    """Runs cells until the kernel is gone; yields each that was replied to with ok."""
    for code in cells:
        if kernel.process.poll() is not None:
            return
        message_id = kernel.client.execute(code)
        end = time.monotonic() + timeout
        while True:
            try:
                reply = kernel.client.get_shell_msg(timeout=0.1)
            except Exception:  # queue.Empty: the reply may still come, or never
                if kernel.process.poll() is not None or time.monotonic() > end:
                    return
                continue
            if reply["parent_header"].get("msg_id") == message_id:
                break
        assert reply["content"]["status"] == "ok", reply["content"]
        yield code


def datasets_of(kernel):
    text = shown(well(kernel.run("%datasets")))
    return set(re.findall(r"\b(?:t\d+_\d+|latest|base)\b", text))


def number_in(kernel, table):
    cell = well(kernel.run(f"SELECT 'n=' || max(n) AS n FROM {table}"))
    return int(re.search(r"n=(\d+)", shown(cell)).group(1))


def test_kill_of_the_kernel_loses_no_dataset(start):
    chance = random.Random(SEED + 9)
    done, latest = {"base"}, -1
    first = start()
    well(first.run("CREATE TABLE base AS SELECT 1 AS n UNION ALL SELECT 2"))
    first.close()
    for round_number in range(ROUNDS):
        kernel = start()
        there = datasets_of(kernel)
        assert done <= there, done - there
        if latest >= 0:
            # The last that was reported, or the one that was on its way.
            assert number_in(kernel, "latest") in (latest, latest + 1)
            latest = number_in(kernel, "latest")

        def cells():
            for i in range(10000):
                yield f"CREATE TABLE t{round_number}_{i} AS SELECT n + {i} AS n FROM base"
                yield f"CREATE TABLE latest AS SELECT {latest + 1} AS n"

        killer = kill_after(kernel.process, chance.uniform(0.0, 0.25) * SLOW)
        for code in run_until_killed(kernel, cells()):
            name = code.split()[2]
            done.add(name)
            if name == "latest":
                latest += 1
        killer.join()
        kernel.process.wait()
    kernel = start()
    assert done <= datasets_of(kernel)
    for name in sorted(done - {"base", "latest"}):
        assert number_in(kernel, name) == int(name.split("_")[1]) + 2
    assert len(done) > ROUNDS


def jobs_in(workspace):
    """{folder: pid} of the jobs whose process has said who it is."""
    found = {}
    for folder in sorted((workspace / "jobs").iterdir()):
        try:
            found[folder] = int((folder / "pid").read_text().split()[0])
        except (OSError, IndexError):
            pass
    return found


def models_of(kernel):
    return set(re.findall(r"\bm\d+\b", shown(well(kernel.run("%models")))))


def make_data(kernel):
    well(kernel.run("%generate de-icing ice --rows 3000 --seed 1"))


def test_kill_of_a_job_is_an_error_and_loses_nothing(start, tmp_path):
    chance = random.Random(SEED + 10)
    kernel = start()
    make_data(kernel)
    done, killed = set(), 0
    for i in range(ROUNDS):
        before = set(jobs_in(tmp_path / "workspace"))
        message_id = kernel.client.execute(
            f"%%train m{i} --data ice --target deicing\nepochs = 400\nnum_models = 1\n"
            "early_stopping_patience = 400")
        end = time.monotonic() + 20 * SLOW
        new = {}
        while not new and time.monotonic() < end:
            new = {f: p for f, p in jobs_in(tmp_path / "workspace").items()
                   if f not in before}
        assert len(new) == 1
        folder, pid = new.popitem()
        time.sleep(chance.uniform(0, 0.4) * SLOW)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it was done already
        cell = kernel.finish(message_id, timeout=60 * SLOW)
        if cell.reply["status"] == "ok":
            done.add(f"m{i}")
        else:
            killed += 1
            assert "killed" in cell.reply["evalue"]
            assert "memory" in cell.reply["evalue"]
            assert kernel.run(f"%jobs m{i}").reply["status"] == "ok"
        assert kernel.process.poll() is None
        assert done <= models_of(kernel)
    assert killed > 0
    kernel.close()
    again = start()
    assert done <= models_of(again)
    for name in done:
        well(again.run(f"%evaluate {name} --data ice"))


def test_a_job_outlives_a_killed_kernel(start):
    chance = random.Random(SEED + 11)
    first = start()
    make_data(first)
    first.close()
    started = set()
    for i in range(ROUNDS // 4):
        kernel = start()
        kernel.client.execute(f"%%train m{i} --data ice --target deicing\nepochs = 60")
        killer = kill_after(kernel.process, chance.uniform(0.1, 0.6) * SLOW)
        killer.join()
        kernel.process.wait()
        kernel = start()
        text = shown(well(kernel.run("%jobs")))
        if re.search(rf"\bm{i}\b", text):
            started.add(f"m{i}")
            # Follows the job if it still runs; a finished one says that it is complete.
            reply = kernel.run(f"%resume m{i}", timeout=60 * SLOW).reply
            assert reply["status"] == "ok" or "complete" in reply["evalue"]
        assert started <= models_of(kernel)
        kernel.close()
    assert started


def test_kill_of_the_server_keeps_the_endpoints(start, tmp_path):
    chance = random.Random(SEED + 12)
    kernel = start()
    make_data(kernel)
    well(kernel.run("%%train m0 --data ice --target deicing\nepochs = 2", timeout=60 * SLOW))
    well(kernel.run("%deploy m0 --endpoint ice-ep", timeout=60 * SLOW))
    question = "%%invoke ice-ep --content-type application/json\n" + json.dumps(
        {"instances": [{"airport": "FRA", "country": "DE", "temperature": -3.0,
                        "humidity": 97.0, "wind": 1.0, "precipitation": 0.2}]})
    expected = shown(well(kernel.run(question, timeout=60 * SLOW)))
    for _ in range(ROUNDS):
        text = shown(well(kernel.run("%workspace")))
        pid = int(re.search(r"process (\d+)", text).group(1))
        message_id = kernel.client.execute(question)
        time.sleep(chance.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        kernel.finish(message_id, timeout=60 * SLOW)  # an answer or a clear error
        assert "ice-ep" in shown(well(kernel.run("%endpoints")))
        well(kernel.run("%deploy m0 --endpoint ice-ep", timeout=60 * SLOW))
        assert shown(well(kernel.run(question, timeout=60 * SLOW))) == expected
