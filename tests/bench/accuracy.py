"""What a net learns here and what PyTorch makes of the same net, images, order of steps, learning
rates and augmentation, from three seeds each, in turns, and how long each takes:

    Fashion-MNIST   ResNet-20, 3 epochs
    CIFAR           ResNet-20, 20 epochs, 10,000 images
    Caltech-101     ResNet-18 of 112 x 112, 15 epochs, 400 photographs in a RecordIO file

Runs take from minutes to half an hour; each is kept in build/bench/accuracy-runs.jsonl and not run
again. $ATELIER_ACCURACY picks tasks by a word of their names, with commas; $ATELIER_CNN_PYTHON
names a Python that has torch."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from bench import BINARY, DATA, ROOT, Report, median, threads

SEEDS = [1, 2, 3]
KEPT = ROOT / "build/bench/accuracy-runs.jsonl"
PEER = pathlib.Path(__file__).parent / "peers/accuracy_peer.py"
IMAGES = DATA / "images"
RECORDS = DATA / "recordio/caltech101_mini"

TASKS = {
    "Fashion-MNIST": {
        "train": IMAGES / "fashion-mnist/train-images-idx3-ubyte.gz",
        "test": IMAGES / "fashion-mnist/t10k-images-idx3-ubyte.gz",
        "speed": 2.2, # times the speed of PyTorch that is asked for
        "settings": {"num_layers": 20, "image_shape": "1,28,28", "mini_batch_size": 128,
                     "learning_rate": 0.1, "lr_scheduler_step": "2", "epochs": 3},
    },
    "CIFAR": {
        "train": IMAGES / "cifar10/cifar10_train_10k.bin",
        "test": IMAGES / "cifar10/cifar10_test_2k.bin",
        "speed": None,
        "settings": {"num_layers": 20, "image_shape": "3,28,28", "mini_batch_size": 64,
                     "learning_rate": 0.1, "lr_scheduler_step": "12,17", "epochs": 20,
                     "augmentation_type": "crop"},
    },
    "Caltech-101": {
        "train": RECORDS / "caltech101-10c-train.rec",
        "test": RECORDS / "caltech101-10c-val.rec",
        "speed": None,
        "settings": {"num_layers": 18, "image_shape": "3,112,112", "mini_batch_size": 32,
                     "learning_rate": 0.05, "lr_scheduler_step": "10,13", "epochs": 15,
                     "resize": 128, "augmentation_type": "crop"},
    },
}

LINE = re.compile(r"Epoch\[(\d+)\] (Validation-accuracy|Time cost)=([0-9.]+)")


def atelier(task, seed):
    """Accuracies by epoch, and seconds of all epochs."""
    settings = "\n".join(f"{name} = {value}" for name, value in task["settings"].items())
    script = f"""# %%
%fetch pictures {task["train"]}
# %%
%fetch unseen {task["test"]}
# %%
%%train net --data pictures --validation unseen --algorithm image-classification --seed {seed}
{settings}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "run.atl").write_text(script)
        done = subprocess.run([BINARY, "run", "run.atl", "--workspace", path / "w"], cwd=folder,
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        log = next((path / "w/jobs").glob("*/log.txt")).read_text()
    found = {"Validation-accuracy": {}, "Time cost": {}}
    for epoch, what, value in LINE.findall(log):
        found[what][int(epoch)] = float(value)
    return {"accuracy": list(found["Validation-accuracy"].values()),
            "seconds": sum(found["Time cost"].values())}


def python():
    named = os.environ.get("ATELIER_CNN_PYTHON")
    if named:
        return named
    if subprocess.run([sys.executable, "-c", "import torch, PIL"],
                      capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-r",
                        str(ROOT / "tests/requirements-cnn.txt")], check=True)
    return sys.executable


def pytorch(task, seed):
    job = json.dumps({**task["settings"], "train": str(task["train"]), "test": str(task["test"]),
                      "seed": seed, "threads": threads()})
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([python(), PEER, job], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def kept():
    if not KEPT.exists():
        return {}
    rows = [json.loads(line) for line in KEPT.read_text().splitlines()]
    return {(row["task"], row["system"], row["seed"]): row for row in rows}


def run(name, task):
    """Every run of a task that is not there yet, in turns."""
    for seed in SEEDS:
        for system, learn in (("atelier", atelier), ("pytorch", pytorch)):
            if (name, system, seed) in kept():
                continue
            started = time.monotonic()
            result = learn(task, seed)
            with open(KEPT, "a", encoding="utf-8") as out:
                out.write(json.dumps({"task": name, "system": system, "seed": seed, **result})
                          + "\n")
            print(f"  {name} {system} seed {seed}: {result['accuracy'][-1]:.4f} in "
                  f"{time.monotonic() - started:.0f} s", flush=True)


def main():
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    wanted = os.environ.get("ATELIER_ACCURACY", "").split(",")
    report = Report("accuracy")
    for name, task in TASKS.items():
        if not any(word in name for word in wanted):
            continue
        run(name, task)
        rows = kept()
        last = {system: [rows[name, system, seed]["accuracy"][-1] for seed in SEEDS]
                for system in ("atelier", "pytorch")}
        took = {system: median([rows[name, system, seed]["seconds"] for seed in SEEDS])
                for system in ("atelier", "pytorch")}
        mean = {system: sum(values) / len(values) for system, values in last.items()}
        # Within PyTorch's spread: at least what its worst seed gives, as a share of its mean.
        report.add(f"{name}, accuracy after {task['settings']['epochs']} epochs", "share",
                   mean["atelier"], {"pytorch": mean["pytorch"]}, higher_is_better=True,
                   floor=min(last["pytorch"]) / mean["pytorch"], seeds=last)
        report.add(f"{name}, speed of training", "epochs/s",
                   task["settings"]["epochs"] / took["atelier"],
                   {"pytorch": task["settings"]["epochs"] / took["pytorch"]},
                   higher_is_better=True, target=task["speed"])
    report.finish()


if __name__ == "__main__":
    main()
