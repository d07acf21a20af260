"""image-classification from pictures to endpoint: trained, killed and resumed, asked over HTTP."""

import hashlib
import json
import os
import random
import re
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from harness import SLOW, Kernel

DATA = """%generate digits digits --rows 240 --seed 5
%split digits --train 0.75 --by label"""
TRAIN = """%%train {name} --data digits_train --validation digits_test --algorithm image-classification
num_layers = 20
image_shape = 1,28,28
epochs = {epochs}
mini_batch_size = 30
learning_rate = 0.05
augmentation_type = crop
top_k = 3"""


@pytest.fixture
def kernel(atelier_binary, tmp_path):
    with Kernel(tmp_path, command=[str(atelier_binary), "kernel"],
                ATELIER_WORKSPACE=str(tmp_path / "workspace"), ATELIER_THREADS="2") as started:
        yield started
        cell = started.run("%cleanup --yes", timeout=60 * SLOW)
        assert cell.reply["status"] == "ok", cell.reply.get("evalue")


def run(kernel, code):
    cell = kernel.run(code, timeout=200 * SLOW)
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    bundles = cell.contents("display_data") + cell.contents("execute_result")
    return cell.text() + "".join(b["data"]["text/plain"] for b in bundles)


def weights(folder):
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def test_a_training_killed_at_five_moments_ends_in_the_same_weights(kernel, tmp_path):
    """One job, killed -9 again and again as it goes on: while it starts, within an epoch, after
    one, while files are written. (ATELIER_SEED gives other moments.)"""
    moments = random.Random(int(os.environ.get("ATELIER_SEED", "0")))
    run(kernel, DATA)
    began = time.monotonic()
    run(kernel, TRAIN.format(name="whole", epochs=4))
    seconds = time.monotonic() - began
    whole = {weights(f) for f in (tmp_path / "workspace/models").iterdir()}
    assert len(whole) == 1
    message_id = kernel.client.execute(TRAIN.format(name="torn", epochs=4))

    def job():
        for folder in (tmp_path / "workspace/jobs").iterdir():
            if (folder / "job.json").exists() and json.loads((folder / "job.json").read_text())["name"] == "torn":
                return folder
        return None

    def checkpoint():
        try:
            return (folder / "checkpoint.safetensors").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    folder = wait_for(job)
    killed = 0
    while killed < 5:
        pid = wait_for(lambda: (folder / "pid").exists() and running((folder / "pid").read_text()))
        if killed in (1, 3):
            stood = checkpoint()
            wait_for(lambda: checkpoint() != stood or not running(str(pid)))
        time.sleep(moments.uniform(0, seconds / 5))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it was done: the moment was late
        cell = kernel.finish(message_id)
        if cell.reply["status"] == "ok":
            break
        killed += 1
        assert "SIGKILL" in cell.reply["evalue"] or "memory" in cell.reply["evalue"]
        message_id = kernel.client.execute("%resume torn")
    else:
        cell = kernel.finish(message_id)
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    assert killed >= 2 and "Going on from epoch" in (folder / "log.txt").read_text()
    assert {weights(f) for f in (tmp_path / "workspace/models").iterdir()} == whole


def running(text):
    """The process of a pid file, if there is one; as a number."""
    pid = int(text.split()[0]) if text.split() else 0
    try:
        return pid if pid and Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX" else 0
    except (FileNotFoundError, ProcessLookupError):
        return 0


def ask(address, body, **headers):
    request = urllib.request.Request(address, body, {k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def test_the_endpoint_answers_pictures_as_the_evaluation_did(kernel, tmp_path, atelier_data):
    run(kernel, DATA)
    run(kernel, TRAIN.format(name="reader", epochs=1))
    assert re.search(r"Epoch\[0\] Train-accuracy=0\.\d+", (next((tmp_path / "workspace/jobs").iterdir())
                                                           / "log.txt").read_text())
    run(kernel, "%predict reader --data digits_test --into scored")
    run(kernel, f"%export scored {tmp_path}/scored.csv")
    first = (tmp_path / "scored.csv").read_text().splitlines()[1].split(",")
    address = re.search(r"http://\S+/invocations", run(kernel, "%deploy reader --endpoint reader-ep")).group()
    shown = run(kernel, "%invoke reader-ep --data digits_test --row 1")
    top, probability = re.search(r"─\n(\d)\s+([\d.]+) %", shown).groups()
    assert top == first[-2]
    assert abs(float(probability) / 100 - float(first[-1])) < 1e-3
    # Over HTTP: what a picture is, its bytes say; what is none is refused with a message.
    grey = b"P5\n28 28\n255\n" + bytes(range(28)) * 28
    code, text = ask(address, grey, Content_Type="application/x-image")
    assert code == 200 and abs(sum(json.loads(text)) - 1) < 1e-5 and len(json.loads(text)) == 10
    code, text = ask(address, grey, Content_Type="image/png", Accept="application/jsonlines")
    assert code == 200 and len(json.loads(text)["prediction"]) == 10
    code, text = ask(address, b"no picture at all", Content_Type="image/jpeg")
    assert code == 424 and json.loads(text)["OriginalStatusCode"] == 400
    code, text = ask(address, grey, Content_Type="text/csv")
    assert code == 424 and json.loads(text)["OriginalStatusCode"] == 415
    code, text = ask(address, b"P5\n8 8\n255\n" + bytes(64), Content_Type="image/jpeg")
    assert code == 424 and "small" in json.loads(text)["Message"]
    photo = sorted((atelier_data / "images/photos").glob("*.jpg"))
    code, text = ask(address, photo[0].read_bytes(), Content_Type="image/jpeg")
    assert code == 200 and len(json.loads(text)) == 10


@pytest.mark.parametrize("settings, words", [
    ("num_layers = 18\nimage_shape = 1,28,28", "28 rows"),
    ("num_layers = 20\nimage_shape = 1,32,32", "28"),
    ("num_layerz = 20", "num_layers"),
    ("num_layers = 20\nimage_shape = 1,28,28\nuse_pretrained_model = 1", "--weights"),
])
def test_what_cannot_be_trained_is_said(kernel, settings, words):
    run(kernel, DATA)
    cell = kernel.run("%%train reader --data digits_train --algorithm image-classification\n" + settings,
                      timeout=60 * SLOW)
    assert cell.reply["status"] == "error"
    assert words in "\n".join(cell.reply["traceback"])


def test_a_table_is_not_a_set_of_pictures(kernel):
    run(kernel, "%generate de-icing flights --rows 200")
    cell = kernel.run("%%train x --data flights --algorithm image-classification --target deicing\nepochs = 1")
    assert "has no pictures" in cell.reply["evalue"]


def test_an_interrupt_keeps_the_best_and_resume_goes_on(kernel, tmp_path):
    run(kernel, DATA)
    message_id = kernel.client.execute(TRAIN.format(name="long", epochs=500) + "\ncheckpoint_frequency = 1")
    job, = wait_for(lambda: list((tmp_path / "workspace/jobs").glob("*/epoch-0001.safetensors")))
    kernel.process.send_signal(signal.SIGINT)
    cell = kernel.finish(message_id)
    assert cell.reply["ename"] == "Interrupted" or cell.reply["status"] == "error"
    wait_for(lambda: "long" in run(kernel, "%models"))
    assert "accuracy" in run(kernel, "%evaluate long --data digits_test --resamples 0")
    message_id = kernel.client.execute("%resume long")
    wait_for(lambda: "Going on from epoch" in (job.parent / "log.txt").read_text())
    kernel.process.send_signal(signal.SIGINT)
    kernel.finish(message_id)


def wait_for(condition):
    end = time.monotonic() + 60 * SLOW
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def test_a_training_that_diverges_is_told(kernel):
    run(kernel, DATA)
    # Without eps, adam divides by the zero of a gradient that is none.
    cell = kernel.run(TRAIN.format(name="wild", epochs=9) + "\noptimizer = adam\neps = 0", timeout=200 * SLOW)
    assert cell.reply["status"] == "error"
    assert "training has diverged" in cell.reply["evalue"]
    assert "learning_rate" in "\n".join(cell.reply["traceback"])


def test_precision_dtype_is_bfloat16_where_the_processor_has_it(kernel, tmp_path):
    run(kernel, DATA)
    run(kernel, TRAIN.format(name="half", epochs=3) + "\nprecision_dtype = float16")
    log = "".join(p.read_text() for p in (tmp_path / "workspace/jobs").glob("*/log.txt"))
    assert ("float16: trained in bfloat16" in log or
            "no bfloat16 instructions: trained in float32" in log)
    losses = [float(x) for x in re.findall(r"Train-cross-entropy=([\d.]+)", log)]
    assert len(losses) == 3 and losses[2] < losses[0] - 0.1
