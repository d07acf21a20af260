"""Several labels an image: from lists of every format to endpoint; and the top k of one label."""

import json
import random
import re
import urllib.request

import pytest
from harness import SLOW, Kernel
from test_images import image_record
from test_image_training import run, weights

SETTINGS = """num_layers = 20
image_shape = 1,28,28
epochs = {epochs}
mini_batch_size = 24
learning_rate = 0.05
multi_label = 1
"""


@pytest.fixture
def kernel(atelier_binary, tmp_path):
    with Kernel(tmp_path, command=[str(atelier_binary), "kernel"],
                ATELIER_WORKSPACE=str(tmp_path / "workspace"), ATELIER_THREADS="2") as started:
        yield started
        cell = started.run("%cleanup --yes", timeout=60 * SLOW)
        assert cell.reply["status"] == "ok", cell.reply.get("evalue")


def picture(flags, noise):
    """A grey PGM: a bar left, a bar above, a square in the corner, where their flags are set."""
    def value(x, y):
        lit = (flags[0] and x < 6) or (flags[1] and y < 6) or (flags[2] and x > 18 and y > 18)
        return noise.randrange(60) + (170 if lit else 20)
    return b"P5\n28 28\n255\n" + bytes(value(x, y) for y in range(28) for x in range(28))


def make(folder, count, seed):
    """The same images as a folder with a .lst, a .rec and a manifest of each form."""
    noise = random.Random(seed)
    flags = [[int(noise.random() < p) for p in (0.5, 0.3, 0.15)] for _ in range(count)]
    (folder / "p").mkdir(parents=True)
    lst, rec, manifest, numbers = [], b"", [], []
    for i, row in enumerate(flags):
        data = picture(row, noise)
        (folder / "p" / f"{i}.pgm").write_bytes(data)
        lst.append("\t".join([str(i), *map(str, row), f"p/{i}.pgm"]))
        rec += image_record(i, row, data)
        manifest.append(json.dumps({"source-ref": f"s3://b/p/{i}.pgm", "class": json.dumps(row)}))
        numbers.append(json.dumps({"source-ref": f"s3://b/p/{i}.pgm",
                                   "kinds": [k for k in range(3) if row[k]]}))
    (folder / "set.lst").write_text("\n".join(lst))
    (folder / "set.rec").write_bytes(rec)
    (folder / "set.manifest").write_text("\n".join(manifest))
    (folder / "numbers.manifest").write_text("\n".join(numbers))
    return flags


def exported(kernel, tmp_path, name):
    run(kernel, f"%export {name} {tmp_path}/{name}.jsonl")
    return [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]


def fetch(kernel, tmp_path, name, count, seed, source="set.rec", options='--classes "left,top,corner"'):
    flags = make(tmp_path / name, count, seed)
    run(kernel, f"%fetch {name} {tmp_path / name / source} {options}")
    return flags


def test_lists_of_every_format_are_the_same(kernel, tmp_path):
    flags = make(tmp_path / "set", 12, 1)
    want = ["[" + ",".join(map(str, row)) + "]" for row in flags]
    for name, source in (("a", "set.lst"), ("b", "set.rec"), ("c", "set.manifest")):
        run(kernel, f"%fetch {name} {tmp_path}/set/{source}")
        assert [row["label"] for row in exported(kernel, tmp_path, name)] == want, source


def test_several_labels_from_training_to_endpoint(kernel, tmp_path):
    fetch(kernel, tmp_path, "seen", 192, 1)
    truth = fetch(kernel, tmp_path, "unseen", 60, 2)
    run(kernel, "%%train marks --data seen --validation unseen --algorithm image-classification\n" +
        SETTINGS.format(epochs=5))
    log = next((tmp_path / "workspace/jobs").iterdir()) / "log.txt"
    assert re.search(r"Epoch\[4\] Validation-mean_average_precision=(0\.9|1\.0)", log.read_text()), log.read_text()
    said = run(kernel, "%evaluate marks --data unseen --resamples 20")
    for word in ("exact match", "mean average precision", "F1, macro", "left", "corner"):
        assert word in said
    precision = float(re.search(r"mean average precision\s+([\d.]+)", said).group(1))
    assert precision > 0.9
    assert "mean_average_precision" in run(kernel, "%models")
    card = run(kernel, "%models marks")
    assert "multilabel_classifier" in card and "mean average precision" in card
    run(kernel, "%predict marks --data unseen --into scored")
    rows = exported(kernel, tmp_path, "scored")
    right = sum(json.loads(row["predicted_label"]) == flags for row, flags in zip(rows, truth))
    assert right > 45, right
    for row in rows:
        assert json.loads(row["predicted_label"]) == [
            int(row[f"probability_{k}"] >= 0.5) for k in ("left", "top", "corner")]
    address = re.search(r"http://\S+/invocations", run(kernel, "%deploy marks --endpoint marks-ep")).group()
    body = (tmp_path / "unseen/p/0.pgm").read_bytes()
    request = urllib.request.Request(address, body, {"Content-Type": "application/x-image"})
    with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
        p = json.loads(answer.read())
    assert p == pytest.approx([rows[0][f"probability_{k}"] for k in ("left", "top", "corner")], abs=1e-4)
    assert "each label by itself" in run(kernel, "%invoke marks-ep --data unseen --row 1")


def test_labels_as_numbers_of_classes(kernel, tmp_path):
    flags = make(tmp_path / "set", 96, 3)
    run(kernel, f"%fetch kinds {tmp_path}/set/numbers.manifest")
    run(kernel, "%%train kinds-m --data kinds --algorithm image-classification\n" + SETTINGS.format(epochs=1))
    run(kernel, "%predict kinds-m --data kinds --into scored")
    rows = exported(kernel, tmp_path, "scored")
    assert len(rows) == len(flags)
    for row in rows:
        assert json.loads(row["predicted_label"]) == [k for k in range(3) if row[f"probability_{k}"] >= 0.5]
    assert "exact match" in run(kernel, "%evaluate kinds-m --data kinds --resamples 0")


def test_weighted_loss_learns_otherwise(kernel, tmp_path):
    fetch(kernel, tmp_path, "seen", 72, 4)
    train = "%%train m --data seen --holdout 0 --algorithm image-classification\n" + SETTINGS.format(epochs=1)
    run(kernel, train)
    said = run(kernel, train.replace("train m ", "train w ") + "use_weighted_loss = 1\n")
    logs = "".join(p.read_text() for p in (tmp_path / "workspace/jobs").glob("*/log.txt"))
    low, high = map(float, re.search(r"classes weigh from ([\d.]+) to ([\d.]+)", logs).groups())
    assert 0.1 < low < 0.9 and 1.2 < high < 10, said
    assert len({weights(f) for f in (tmp_path / "workspace/models").iterdir()}) == 2


@pytest.mark.parametrize("settings, words", [
    ("", "multi_label = 1"),
    ("multi_label = 1\nnum_classes = 5", "num_classes is 5"),
    ("multi_label = 1\ntop_k = 2", "top_k goes with one label"),
    ("use_weighted_loss = 1", "multi_label = 1"),
])
def test_what_does_not_fit_lists_is_said(kernel, tmp_path, settings, words):
    fetch(kernel, tmp_path, "seen", 12, 5)
    cell = kernel.run("%%train x --data seen --algorithm image-classification\nnum_layers = 20\n"
                      "image_shape = 1,28,28\n" + settings, timeout=60 * SLOW)
    assert cell.reply["status"] == "error"
    assert words in "\n".join(cell.reply["traceback"])


def test_one_label_is_no_list(kernel):
    run(kernel, "%generate digits digits --rows 40")
    cell = kernel.run("%%train x --data digits --algorithm image-classification\n" + SETTINGS.format(epochs=1),
                      timeout=60 * SLOW)
    assert "is no list of labels" in cell.reply["evalue"]


def test_top_k_is_reported_everywhere(kernel, tmp_path):
    run(kernel, "%generate digits digits --rows 120 --seed 5\n%split digits --train 0.75 --by label")
    run(kernel, "%%train reader --data digits_train --validation digits_test --algorithm image-classification\n"
        "num_layers = 20\nimage_shape = 1,28,28\nepochs = 1\nmini_batch_size = 30\ntop_k = 3")
    log = (next((tmp_path / "workspace/jobs").iterdir()) / "log.txt").read_text()
    for series in ("Train", "Validation"):
        one = float(re.search(rf"\[0\] {series}-accuracy=([\d.]+)", log).group(1))
        three = float(re.search(rf"\[0\] {series}-top_k_accuracy_3=([\d.]+)", log).group(1))
        assert one <= three <= 1
    shown = float(re.search(r"top-3 accuracy\s+([\d.]+)", run(kernel, "%evaluate reader --data digits_test")).group(1))
    assert abs(shown - three) < 0.04  # training validates in batches, with other rounding
    assert "top-5 accuracy" in run(kernel, "%evaluate reader --data digits_test --top-k 5 --resamples 0")
    card = run(kernel, "%models reader")
    assert "top 3 accuracy" in card and "top 5 accuracy" in card
    cell = kernel.run("%evaluate reader --data digits_test --top-k 10")
    assert "10 classes" in cell.reply["evalue"]


def test_classes_keep_the_order_of_their_numbers(kernel, tmp_path):
    """The endpoint's array is by the number of the class, as SageMaker's: 2 before 10."""
    noise = random.Random(7)
    rec = b"".join(image_record(i, float(i % 12), picture([i % 12 < 6, i % 2, i % 3 == 0], noise)) for i in range(60))
    (tmp_path / "t.rec").write_bytes(rec)
    run(kernel, f"%fetch t {tmp_path}/t.rec")
    run(kernel, "%%train m --data t --holdout 0 --algorithm image-classification\nnum_layers = 20\n"
        "image_shape = 1,28,28\nepochs = 1")
    card = json.loads((next((tmp_path / "workspace/models").iterdir()) / "model.json").read_text())
    assert card["target"]["labels"] == [str(k) for k in range(12)]
