"""`atelier train` as SageMaker starts a training container, under a root of the test's own."""

import json
import os
import signal
import struct
import subprocess
import tarfile
import time
import zlib

import numpy as np
import pytest
from harness import SLOW, clean_environment

SIDE = 12
SMALL_NET = {"num_layers": "20", "image_shape": f"1,{SIDE},{SIDE}", "num_classes": "3", "num_training_samples": "36",
             "mini_batch_size": "12", "epochs": "2", "learning_rate": "0.05", "kv_store": "dist_sync",
             "_tuning_objective_metric": "validation:accuracy"}


@pytest.fixture
def root(tmp_path):
    for folder in ("input/config", "input/data", "model", "output"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def configure(root, hyperparameters, channels=None, hosts=("algo-1",)):
    config = root / "input/config"
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    about = {name: {"ContentType": kind, "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated",
                    "RecordWrapperType": "None"} for name, kind in (channels or {}).items()}
    (config / "inputdataconfig.json").write_text(json.dumps(about))
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": hosts[0], "hosts": list(hosts)}))


def start(atelier_binary, root, *arguments):
    return subprocess.Popen([atelier_binary, "train", "--root", root, *arguments], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=clean_environment(ATELIER_THREADS="2", TRAINING_JOB_NAME="job-1", TMPDIR=str(root)))


def train(atelier_binary, root, *arguments):
    process = start(atelier_binary, root, *arguments)
    out, err = process.communicate(timeout=110 * SLOW)
    left = sorted(p.name for p in root.iterdir())
    assert not [name for name in left if name.startswith("atelier-")], "scratch was left"
    return process.returncode, out, err


def succeeds(atelier_binary, root, *arguments):
    code, out, err = train(atelier_binary, root, *arguments)
    assert code == 0, out + err
    assert not (root / "output/failure").exists()
    assert sorted(p.name for p in (root / "model").iterdir()) == ["model.json", "weights.safetensors"]
    return out, json.loads((root / "model/model.json").read_text())


def fails(atelier_binary, root, *words):
    code, _, err = train(atelier_binary, root)
    failure = (root / "output/failure").read_text()
    assert code == 1 and not list((root / "model").iterdir())
    for word in words:
        assert word in failure and word in err, failure
    return failure


# ---- pictures ---------------------------------------------------------------------------

def png(pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def picture(label, rng):
    """Bright stripes whose number is the label's."""
    stripes = 127 + 100 * np.sin(np.arange(SIDE) * (label + 1) * 0.6 + rng.uniform(0, 1))
    return np.clip(stripes[:, None] + rng.normal(0, 15, (SIDE, SIDE)), 0, 255).astype(np.uint8)


def labels_of(classes, each):
    return [i % classes for i in range(classes * each)]


def write_rec(path, labels, seed):
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        for i, label in enumerate(labels):
            data = struct.pack("<IfQQ", 0, label, i, 0) + png(picture(label, rng))
            out.write(struct.pack("<II", 0xced7230a, len(data)) + data + b"\0" * (-len(data) % 4))


def write_list(root, channel, labels, seed):
    rng = np.random.default_rng(seed)
    lines = []
    for i, label in enumerate(labels):
        path = root / f"input/data/{channel}/kind{label}/{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture(label, rng)))
        lines.append(f"{i}\t{label}\tkind{label}/{i}.png\n")
    folder = root / f"input/data/{channel}_lst"
    folder.mkdir()
    (folder / f"{channel}.lst").write_text("".join(lines))


def records(root, classes=3, each=12):
    write_rec(root / "input/data/train/train.rec", labels_of(classes, each), 1)
    write_rec(root / "input/data/validation/val.rec", labels_of(classes, 4), 2)


def test_records_are_learned(atelier_binary, root):
    records(root, classes=11, each=6)
    configure(root, {**SMALL_NET, "num_classes": "11", "num_training_samples": "66", "top_k": "2"},
              {"train": "application/x-recordio", "validation": "application/x-recordio"})
    out, card = succeeds(atelier_binary, root)
    assert "job job-1" in out and "Channel train: 66 pictures (RecordIO)" in out
    for line in ("Epoch[0] Train-accuracy=0.", "Epoch[1] Train-accuracy=0.", "Epoch[0] Train-top_k_accuracy_2=",
                 "Epoch[0] Time cost=", "Epoch[1] Validation-accuracy=", "Storing the best model with validation accuracy"):
        assert line in out
    assert card["algorithm"] == "image-classification"
    # The endpoint's answer is an array by the numbers of the labels.
    assert card["target"]["labels"] == [str(k) for k in range(11)]
    assert (card["rows"], card["validation_rows"]) == (66, 44)


def test_pictures_with_lists_are_learned_and_a_model_is_trained_on(atelier_binary, root):
    for channel, each in (("train", 12), ("validation", 4)):
        write_list(root, channel, labels_of(3, each), each)
    configure(root, SMALL_NET, {c: "application/x-image" for c in ("train", "validation", "train_lst", "validation_lst")})
    out, card = succeeds(atelier_binary, root)
    assert "36 pictures (a list of images)" in out
    assert card["target"]["labels"] == ["kind0", "kind1", "kind2"] and card["validation_rows"] == 12
    first = (root / "model/weights.safetensors").read_bytes()
    folder = root / "input/data/model"
    folder.mkdir()
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for path in (root / "model").iterdir():
            archive.add(path, path.name)
            path.unlink()
    configure(root, {**SMALL_NET, "learning_rate": "0.0001", "epochs": "1"})
    out, card = succeeds(atelier_binary, root)
    second = (root / "model/weights.safetensors").read_bytes()
    assert second != first and len(second) == len(first)
    # The last layer too is where it was, but for one epoch of small steps.
    before, after = (last_layer(content) for content in (first, second))
    assert 0 < np.abs(after - before).max() < 0.01 < np.abs(before).max()
    # Weights by their names alone: the last layer is learned anew.
    (folder / "model.tar.gz").unlink()
    (folder / "net.safetensors").write_bytes(first.replace(before.tobytes(), (before + 10).tobytes()))
    for path in (root / "model").iterdir():
        path.unlink()
    succeeds(atelier_binary, root)
    assert np.abs(last_layer((root / "model/weights.safetensors").read_bytes())).max() < 5


def last_layer(content):
    length = struct.unpack("<Q", content[:8])[0]
    begin, end = json.loads(content[8:8 + length])["fc1.weight"]["data_offsets"]
    return np.frombuffer(content[8 + length + begin:8 + length + end], np.float32)


def test_sigterm_leaves_the_best_so_far(atelier_binary, root):
    records(root)
    configure(root, {**SMALL_NET, "epochs": "5000"})
    process = start(atelier_binary, root)
    for line in process.stdout:
        if "Epoch[1] Validation-accuracy" in line:
            process.send_signal(signal.SIGTERM)
            break
    out, err = process.communicate(timeout=60 * SLOW)
    assert process.returncode == 0, err
    card = json.loads((root / "model/model.json").read_text())
    assert any("interrupted" in note for note in card["notes"])
    assert not (root / "output/failure").exists()


def test_a_killed_job_goes_on_from_its_checkpoints(atelier_binary, root):
    """Managed spot training: what lies in checkpoints/ is there again in the next container."""
    records(root)
    (root / "checkpoints").mkdir()
    configure(root, {**SMALL_NET, "epochs": "5000"})
    process = start(atelier_binary, root)
    for line in process.stdout:
        if "Epoch[2] Validation-accuracy" in line:
            break
    end = time.monotonic() + 60 * SLOW
    while not (root / "checkpoints/checkpoint.safetensors").exists() and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60 * SLOW)
    for scratch in root.glob("atelier-*"):  # the next container has a disk of its own
        subprocess.run(["rm", "-r", scratch], check=True)
    configure(root, {**SMALL_NET, "epochs": "4"})
    out, card = succeeds(atelier_binary, root)
    assert "Going on from epoch" in out
    assert "Epoch[0] Train-accuracy" not in out


def test_several_labels_are_learned(atelier_binary, root):
    rng = np.random.default_rng(3)
    for channel, count in (("train", 36), ("validation", 12)):
        folder = root / f"input/data/{channel}"
        folder.mkdir()
        with open(folder / f"{channel}.rec", "wb") as out:
            for i in range(count):
                flags = rng.integers(0, 2, 3)
                image = sum(picture(k, rng) * (flag / 3) for k, flag in enumerate(flags))
                data = struct.pack("<IfQQ3f", 3, 0, i, 0, *flags) + png(np.asarray(image, np.uint8).reshape(SIDE, SIDE))
                out.write(struct.pack("<II", 0xced7230a, len(data)) + data + b"\0" * (-len(data) % 4))
    configure(root, {**SMALL_NET, "multi_label": "1", "use_weighted_loss": "1"})
    out, card = succeeds(atelier_binary, root)
    assert card["validation_rows"] == 12 and card["target"]["labels"] == ["0", "1", "2"]


# ---- rows -------------------------------------------------------------------------------

def rows(count, seed, decimals):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10, (count, 4))
    y = (x @ np.array([1, -1, 0.5, 0]) + rng.normal(0, 1, count) > 0).astype(int)
    return "".join(",".join([str(label), *(f"{v:.{decimals}f}" for v in line)]) + "\n" for label, line in zip(y, x))


def write_rows(root):
    for name, seed in (("part-0.csv", 1), ("part-1.csv", 2)):
        path = root / "input/data/train" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(rows(200, seed, 0).rstrip("\n"))  # no end of line, whole numbers
    (root / "input/data/train/_SUCCESS").write_text("")
    (root / "input/data/validation").mkdir()
    (root / "input/data/validation/rows.csv").write_text(rows(100, 3, 3))


@pytest.mark.parametrize("problem, metric", [("binary_classifier", "binary_classification_accuracy"),
                                             ("regressor", "mse")])
def test_rows_are_learned(atelier_binary, root, problem, metric):
    write_rows(root)
    configure(root, {"predictor_type": problem, "feature_dim": "4", "epochs": "4", "mini_batch_size": "50"},
              {"train": "text/csv;label_size=1", "validation": "text/csv"})
    out, card = succeeds(atelier_binary, root)
    assert "Channel train: 400 rows, 4 columns after the label" in out
    assert "#quality_metric: host=algo-1, epoch=0" in out
    assert "#progress_metric: host=algo-1, completed" in out
    assert card["algorithm"] == "linear-learner" and card["validation_rows"] == 100
    if problem == "binary_classifier":
        assert card["validation"]["accuracy"] > 0.9
    else:
        assert card["validation"]["r2"] > 0.3


# ---- failures ---------------------------------------------------------------------------

@pytest.mark.parametrize("change, words", [
    ({"num_layerz": "20"}, ("num_layerz", "num_layers")),
    ({"epochs": 3}, ("epochs", "text")),
    ({"epochs": "many"}, ("epochs", "many")),
    ({"num_layers": "19"}, ("19",)),
    ({"image_shape": "1,64,64", "num_layers": "18"}, ("12 x 12", "36 of 36")),
])
def test_wrong_hyperparameters_of_pictures_are_told(atelier_binary, root, change, words):
    records(root)
    configure(root, {**SMALL_NET, **change})
    fails(atelier_binary, root, *words)


def test_other_failures_are_told(atelier_binary, root):
    configure(root, {})
    fails(atelier_binary, root, "channel train", "input/data/train")
    write_rows(root)
    configure(root, {"feature_dim": "5"})
    fails(atelier_binary, root, "feature_dim is 5", "4 columns")
    configure(root, {}, hosts=("algo-1", "algo-2"))
    fails(atelier_binary, root, "2 hosts")
    configure(root, {}, {"train": "application/x-recordio-protobuf"})
    fails(atelier_binary, root, "text/csv")
    configure(root, {}, {"train": "application/x-recordio"})
    fails(atelier_binary, root, "train holds no pictures")
    configure(root, {})
    config = root / "input/config/inputdataconfig.json"
    config.write_text(json.dumps({"train": {"TrainingInputMode": "Pipe"}}))
    fails(atelier_binary, root, "Pipe", "FastFile")
    config.write_text("{")
    fails(atelier_binary, root, "inputdataconfig.json")


def test_usage(atelier_binary):
    done = subprocess.run([atelier_binary, "train", "--rot", "x"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "--root FOLDER" in done.stderr
