"""Trainings of images that start from a model: the same classes go on, others get a new last layer,
frozen layers stay as they are."""

import json
import os
import re
import signal
import struct
import time

import pytest
from harness import SLOW
from test_image_labels import kernel  # noqa: F401  (fixture)
from test_image_training import run, weights

DATA = """%generate digits digits --rows 240 --seed 5
%split digits --train 0.75 --by label"""
FIRST = """%%train base --data digits_train --validation digits_test --algorithm image-classification
num_layers = 20
image_shape = 1,28,28
epochs = {epochs}
mini_batch_size = 30
learning_rate = 0.05"""
NEXT = """%%train {name} --data {data} --algorithm image-classification {options}
epochs = {epochs}
mini_batch_size = 30
learning_rate = {rate}"""


def tensors(path):
    """The arrays of a safetensors file, as bytes by name."""
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    head = json.loads(data[8:8 + length])
    return {name: data[8 + length + a["data_offsets"][0]:8 + length + a["data_offsets"][1]]
            for name, a in head.items() if name != "__metadata__"}


def card_of(tmp_path, name):
    """The folder of a model, and its card."""
    for folder in (tmp_path / "workspace/jobs").iterdir():
        job = json.loads((folder / "job.json").read_text())
        if job["name"] == name and (folder / "result.json").exists():
            model = tmp_path / "workspace/models" / json.loads((folder / "result.json").read_text())["model_id"]
            return model, json.loads((model / "model.json").read_text()), (folder / "log.txt").read_text()
    raise AssertionError(f"no job made {name}")


def train(kernel, **how):  # noqa: F811
    how = {"data": "digits_train --validation digits_test", "options": "--from base", "epochs": 1, "rate": 0.01, **how}
    return run(kernel, NEXT.format(**how) + how.get("more", ""))


def test_the_same_classes_go_on(kernel, tmp_path):  # noqa: F811
    run(kernel, DATA)
    run(kernel, FIRST.format(epochs=2))
    folder, base, _ = card_of(tmp_path, "base")
    train(kernel, name="more", rate=0)
    # A rate of 0 leaves every learned weight; running values of batch norms follow the data.
    more, card, log = card_of(tmp_path, "more")
    before, after = tensors(folder / "weights.safetensors"), tensors(more / "weights.safetensors")
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed and all("running" in name for name in changed)
    assert "the last layer goes on" in log
    assert card["resnet"] == base["resnet"] and card["hyperparameters"]["num_layers"] == "20"
    assert card["started_from"]["model"] == "base" and card["started_from"]["last layer"] == "kept"
    train(kernel, name="third", options="--from more")
    third, card, _ = card_of(tmp_path, "third")
    assert [step["model"] for step in card["lineage"]] == ["more", "base"]
    said = run(kernel, "%models third")
    assert "started from model" in said and "more" in said


def test_other_classes_get_a_new_last_layer(kernel, tmp_path):  # noqa: F811
    run(kernel, DATA)
    run(kernel, FIRST.format(epochs=1))
    run(kernel, "CREATE TABLE few AS SELECT * FROM digits WHERE label < '5'")
    train(kernel, name="five", data="few")
    _, card, log = card_of(tmp_path, "five")
    assert "learned anew" in log and card["started_from"]["last layer"] == "new"
    assert card["target"]["labels"] == list("01234") and card["resnet"]["classes"] == 5
    # The same classes, of which a selection knows only the names: they keep their order.
    run(kernel, "CREATE TABLE again AS SELECT id, label FROM few ORDER BY label DESC")
    train(kernel, name="five-again", data="again", options="--from five")
    assert "the last layer goes on" in card_of(tmp_path, "five-again")[2]


@pytest.mark.parametrize("more, words", [
    ("\nnum_layers = 32", ["num_layers is 32", "model base has 20"]),
    ("\nimage_shape = 1,24,24", ["image_shape is 1,24,24", "model base has 1,28,28"]),
    ("\nmulti_label = 1", ["multi_label is 1", "model base has 0"]),
    ("\nnum_classes = 12", ["num_classes is 12", "model base has 10"]),
])
def test_another_net_is_refused_with_both_named(kernel, tmp_path, more, words):  # noqa: F811
    run(kernel, DATA)
    run(kernel, FIRST.format(epochs=1))
    cell = kernel.run(NEXT.format(name="x", data="digits_train", options="--from base", epochs=1, rate=0.01) + more,
                      timeout=60 * SLOW)
    assert cell.reply["status"] == "error"
    for word in words:
        assert word in cell.reply["evalue"]


def test_what_nothing_can_start_from_is_said(kernel, tmp_path):  # noqa: F811
    run(kernel, DATA)
    run(kernel, "%generate de-icing flights --rows 200\n")
    run(kernel, "%train plane --data flights --target deicing")
    for options, word in [("--from plane", "model plane: it is a model of linear-learner"),
                          ("--from nobody", "nobody"),
                          ("--freeze", "--freeze was given, but nothing to start from"),
                          ("--freeze-stages 2", "--freeze-stages was given"),
                          ("--from plane --weights x", "both say"),
                          ("--from plane --freeze --freeze-stages 1", "leave one out")]:
        cell = kernel.run(NEXT.format(name="x", data="digits_train", options=options, epochs=1, rate=0.01), timeout=60 * SLOW)
        assert cell.reply["status"] == "error"
        assert word in "\n".join([cell.reply["evalue"], *cell.reply["traceback"]]), options
    cell = kernel.run("%train x --data flights --target deicing --from plane")
    assert "--from goes with image-classification" in cell.reply["evalue"]


@pytest.mark.parametrize("augment", ["none", "crop"])
def test_frozen_layers_stay_bit_for_bit(kernel, tmp_path, augment):  # noqa: F811
    run(kernel, DATA)
    run(kernel, FIRST.format(epochs=2))
    folder, _, _ = card_of(tmp_path, "base")
    before = tensors(folder / "weights.safetensors")
    more = f"\naugmentation_type = {augment}"
    train(kernel, name="head", options="--from base --freeze", epochs=3, more=more)
    head, card, log = card_of(tmp_path, "head")
    after = tensors(head / "weights.safetensors")
    assert {name for name in before if before[name] != after[name]} == {"fc1.weight", "fc1.bias"}
    assert card["frozen"] == "all but the last layer"
    assert "650 weights are learned" in log
    # What validation found is what an evaluation finds.
    shown = re.search(r"accuracy\s+([\d.]+)", run(kernel, "%evaluate head --data digits_test --resamples 0"))
    assert abs(float(shown.group(1)) - card["validation"]["accuracy"]) < 0.04
    train(kernel, name="part", options="--from base --freeze-stages 2", more=more)
    part, card, _ = card_of(tmp_path, "part")
    after = tensors(part / "weights.safetensors")
    changed = {name.split("_")[0] for name in before if before[name] != after[name]}
    assert changed == {"stage3", "bn1.weight", "bn1.bias", "bn1.running", "fc1.weight", "fc1.bias"}
    assert card["frozen"] == "the stem and 2 stages"


@pytest.mark.parametrize("augment", ["none", "crop"])
def test_a_killed_frozen_training_goes_on(kernel, tmp_path, augment):  # noqa: F811
    run(kernel, DATA)
    run(kernel, FIRST.format(epochs=1))
    how = {"data": "digits_train --validation digits_test", "options": "--from base --freeze", "epochs": 12, "rate": 0.01}
    more = f"\naugmentation_type = {augment}"
    run(kernel, NEXT.format(name="whole", **how) + more)
    whole = weights(card_of(tmp_path, "whole")[0])
    message_id = kernel.client.execute(NEXT.format(name="torn", **how) + more)

    def half_way():
        for folder in (tmp_path / "workspace/jobs").iterdir():
            job = folder / "job.json"
            if job.exists() and json.loads(job.read_text())["name"] == "torn" and (folder / "log.txt").exists():
                return folder if "Epoch[3] Validation-accuracy" in (folder / "log.txt").read_text() else None
        return None

    end = time.monotonic() + 60 * SLOW
    while not (folder := half_way()):
        assert time.monotonic() < end
    try:
        os.kill(int((folder / "pid").read_text().split()[0]), signal.SIGKILL)
    except ProcessLookupError:
        pass  # done already: as fast as that
    cell = kernel.finish(message_id)
    if cell.reply["status"] == "error":
        run(kernel, "%resume torn")
        assert "Going on from epoch" in (folder / "log.txt").read_text()
    assert weights(card_of(tmp_path, "torn")[0]) == whole
