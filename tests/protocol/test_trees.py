"""Trees and neighbours in cells: against Python's own xgboost and scikit-learn on the same
rows; served = evaluated; the same seed, an interrupt, settings that are wrong."""

import csv
import json
import os
import re
import signal
import time
import urllib.request

import numpy
import pytest
from harness import SLOW, Kernel
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

ALGORITHMS = ["xgboost", "random-forest", "extra-trees", "knn", "lightgbm"]


@pytest.fixture
def kernel(atelier_binary, tmp_path):
    with Kernel(tmp_path, command=[str(atelier_binary), "kernel"],
                ATELIER_WORKSPACE=str(tmp_path / "workspace"), ATELIER_THREADS="2") as started:
        yield started
        cell = started.run("%cleanup --yes", timeout=60 * SLOW)
        assert cell.reply["status"] == "ok", cell.reply.get("evalue")


def run(kernel, code):
    cell = kernel.run(code, timeout=200 * SLOW)
    if cell.reply["status"] != "ok" and "is not on this machine" in cell.reply["evalue"]:
        pytest.skip(cell.reply["evalue"])
    assert cell.reply["status"] == "ok", cell.reply.get("evalue")
    bundles = cell.contents("display_data") + cell.contents("execute_result")
    return cell.text() + "".join(b["data"]["text/plain"] for b in bundles)


def columns(path):
    rows = list(csv.DictReader(open(path)))
    return {name: [row[name] for row in rows] for name in rows[0]}


def scored(kernel, folder, model, data):
    """A dataset with the model's answers, as columns of a CSV."""
    run(kernel, f"%predict {model} --data {data} --into {model}_said")
    run(kernel, f"%export {model}_said {folder / (model + '.csv')}")
    return columns(folder / (model + ".csv"))


def halves(kernel, folder, source, target):
    """A table of numbers, split; each half as numpy arrays too."""
    run(kernel, f"%fetch whole {source}\n%split whole --train 0.7 --seed 1")
    parts = []
    for half in ("train", "test"):
        run(kernel, f"%export whole_{half} {folder / (half + '.csv')}")
        table = columns(folder / (half + ".csv"))
        y = numpy.array(table.pop(target))
        x = numpy.array([[float(c) if c else numpy.nan for c in column]
                         for column in table.values()]).T
        parts.append((x, y))
    return parts


def numbers(values):
    return numpy.array(values, float)


def test_xgboost_says_what_xgboost_says(kernel, tmp_path, atelier_data):
    """The same library with the same parameters: the same predictions."""
    xgboost = pytest.importorskip("xgboost")
    (x, y), (other, _) = halves(kernel, tmp_path, atelier_data / "tabular/phoneme.csv --header no "
                                "--names a,b,c,d,e,y", "y")
    run(kernel, "%%train twin --data whole_train --target y --algorithm xgboost --holdout 0 --seed 0\n"
        "num_round = 60\neta = 0.2\nmax_depth = 5\nlambda = 2\nalpha = 0.1\nmin_child_weight = 3")
    said = numbers(scored(kernel, tmp_path, "twin", "whole_test")["probability"])
    booster = xgboost.train({"objective": "binary:logistic", "eta": 0.2, "max_depth": 5, "lambda": 2,
                             "alpha": 0.1, "min_child_weight": 3, "tree_method": "hist", "nthread": 2},
                            xgboost.DMatrix(x, y.astype(float)), 60)
    assert numpy.abs(booster.predict(xgboost.DMatrix(other)) - said).max() < 1e-5


def test_lightgbm_says_what_lightgbm_says(kernel, tmp_path, atelier_data):
    lightgbm = pytest.importorskip("lightgbm")
    (x, y), (other, _) = halves(kernel, tmp_path, atelier_data / "tabular/phoneme.csv --header no "
                                "--names a,b,c,d,e,y", "y")
    run(kernel, "%%train twin --data whole_train --target y --algorithm lightgbm --holdout 0 --seed 0\n"
        "num_boost_round = 60\nbagging_freq = 0\nfeature_fraction = 1\nlambda_l2 = 2\nnum_leaves = 20")
    said = numbers(scored(kernel, tmp_path, "twin", "whole_test")["probability"])
    booster = lightgbm.train({"objective": "binary", "learning_rate": 0.1, "max_depth": 6, "lambda_l2": 2,
                              "num_leaves": 20, "min_data_in_leaf": 3, "verbosity": -1, "num_threads": 2,
                              "deterministic": True, "force_col_wise": True},
                             lightgbm.Dataset(x.astype(numpy.float32), y.astype(float)), 60)
    assert numpy.abs(booster.predict(other.astype(numpy.float32)) - said).max() < 1e-5


def test_xgboost_of_several_classes(kernel, tmp_path, atelier_data):
    xgboost = pytest.importorskip("xgboost")
    (x, y), (other, truth) = halves(kernel, tmp_path, f"{atelier_data}/tabular/Vehicle.csv", "Class")
    run(kernel, "%%train twin --data whole_train --target Class --algorithm xgboost --holdout 0\nnum_round = 30")
    said = scored(kernel, tmp_path, "twin", "whole_test")
    names, codes = numpy.unique(y, return_inverse=True)
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 4, "tree_method": "hist"},
                            xgboost.DMatrix(x, codes), 30)
    theirs = booster.predict(xgboost.DMatrix(other))
    assert (names[theirs.argmax(1)] == numpy.array(said["predicted_label"])).all()
    assert numpy.abs(theirs.max(1) - numbers(said["probability"])).max() < 1e-5
    assert accuracy_score(truth, said["predicted_label"]) > 0.7


@pytest.mark.parametrize("algorithm, theirs", [("random-forest", RandomForestClassifier),
                                               ("extra-trees", ExtraTreesClassifier)])
def test_forests_are_as_good_as_those_of_scikit_learn(kernel, tmp_path, atelier_data, algorithm, theirs):
    """The same rows, 100 trees each. Seeds of scikit-learn's differ by 0.002 on them."""
    (x, y), (other, truth) = halves(kernel, tmp_path, atelier_data / "tabular/phoneme.csv --header no "
                                    "--names a,b,c,d,e,y", "y")
    run(kernel, f"%%train m --data whole_train --target y --algorithm {algorithm} --holdout 0")
    ours = roc_auc_score(truth.astype(int), numbers(scored(kernel, tmp_path, "m", "whole_test")["probability"]))
    model = theirs(n_jobs=2, random_state=0).fit(x, y)
    assert ours > roc_auc_score(truth.astype(int), model.predict_proba(other)[:, 1]) - 0.008


def test_neighbours_are_those_of_scikit_learn(kernel, tmp_path, atelier_data):
    (x, y), (other, _) = halves(kernel, tmp_path, atelier_data / "tabular/phoneme.csv --header no "
                                "--names a,b,c,d,e,y", "y")
    run(kernel, "%%prepare plain --data whole_train\nimpute mean in numeric")
    run(kernel, "%%train m --data whole_train --target y --algorithm knn --recipe plain --holdout 0\nk = 9")
    ours = numbers(scored(kernel, tmp_path, "m", "whole_test")["probability"])
    model = KNeighborsClassifier(9, algorithm="brute").fit(x, y.astype(int))
    # Neighbours at the same distance may be taken in another order: rows occur twice.
    assert (numpy.abs(model.predict_proba(other)[:, 1] - ours) < 1e-9).mean() > 0.98


TABLES = [("phoneme.csv --header no --names a,b,c,d,e,y", "y", "auc"),
          ("Vehicle.csv", "Class", "accuracy"), ("mpg.csv", "mpg", "r2")]
LEAST = {"xgboost": {"auc": 0.93, "accuracy": 0.68, "r2": 0.8},
         "random-forest": {"auc": 0.94, "accuracy": 0.68, "r2": 0.8},
         "extra-trees": {"auc": 0.94, "accuracy": 0.68, "r2": 0.8},
         "lightgbm": {"auc": 0.93, "accuracy": 0.68, "r2": 0.8},
         "knn": {"auc": 0.9, "accuracy": 0.6, "r2": 0.75}}


@pytest.mark.parametrize("table, target, metric", TABLES, ids=[t[2] for t in TABLES])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_problem(kernel, tmp_path, atelier_data, algorithm, table, target, metric):
    """The kind of problem is found; text, missing cells and classes are coped with."""
    run(kernel, f"%fetch whole {atelier_data}/tabular/{table}\n%split whole --train 0.7 --seed 3")
    run(kernel, f"%%train m --data whole_train --target {target} --algorithm {algorithm}")
    said = scored(kernel, tmp_path, "m", "whole_test")
    if metric == "auc":
        value = roc_auc_score(numbers(said["y"]), numbers(said["probability"]))
    elif metric == "accuracy":
        value = accuracy_score(said[target], said["predicted_label"])
    else:
        value = r2_score(numbers(said[target]), numbers(said["predicted_label"]))
    assert value > LEAST[algorithm][metric]


def ask(address, body):
    request = urllib.request.Request(address, body.encode(), {"Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_served_as_evaluated(kernel, tmp_path, atelier_data, algorithm):
    """Categories, missing cells and all; twice the same bytes of the same seed."""
    run(kernel, f"%fetch titanic {atelier_data}/tabular/titanic.csv\n%split titanic --by Survived --seed 4")
    for name in ("twin", "m"):
        run(kernel, f"%%train {name} --data titanic_train --target Survived --algorithm {algorithm} --seed 9")
    kept = sorted((tmp_path / "workspace/models").glob("*/weights.safetensors"))
    assert len(kept) == 2 and kept[0].read_bytes() == kept[1].read_bytes()
    said = scored(kernel, tmp_path, "m", "titanic_test")
    address = re.search(r"http://\S+/invocations",
                        run(kernel, "%deploy m --endpoint m-ep --response predicted_label,probability")).group()
    table = list(csv.reader(open(tmp_path / "m.csv")))
    names, rows = table[0][:-2], table[1:60]
    shown = run(kernel, "%models m")
    assert algorithm in shown and "trees" in shown or algorithm == "knn"
    body = [",".join('"' + cell.replace('"', '""') + '"' if cell else ""
                     for name, cell in zip(names, row) if name != "Survived")
            for row in [names, *rows]]
    answers = ask(address, "\n".join(body) + "\n").splitlines()
    assert len(answers) == len(rows)
    for i, answer in enumerate(answers):
        label, probability = answer.split(",")
        assert label == said["predicted_label"][i]
        positive = float(said["probability"][i])
        assert float(probability) == pytest.approx(positive if label == "1" else 1 - positive, abs=1e-12)


LONG = {"xgboost": "num_round = 100000\nearly_stopping_rounds = 0", "random-forest": "n_estimators = 100000"}


def wait_for(condition):
    end = time.monotonic() + 60 * SLOW
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


@pytest.mark.parametrize("algorithm", LONG)
def test_an_interrupt_keeps_what_there_is(kernel, tmp_path, algorithm):
    run(kernel, "%generate de-icing flights --rows 4000")
    message_id = kernel.client.execute(
        f"%%train long --data flights --target deicing --algorithm {algorithm}\n{LONG[algorithm]}")
    wait_for(lambda: [f for f in (tmp_path / "workspace/jobs").glob("*/events.jsonl")
                      if f.read_text().count('"point"') > 4])
    kernel.process.send_signal(signal.SIGINT)
    cell = kernel.finish(message_id)
    if "is not on this machine" in cell.reply.get("evalue", ""):
        pytest.skip(cell.reply["evalue"])
    assert cell.reply["status"] == "error"
    wait_for(lambda: "long" in run(kernel, "%models"))
    assert "AUC" in run(kernel, "%evaluate long --data flights --resamples 0")
    # A limit of time ends it well.
    begun = time.monotonic()
    run(kernel, f"%%train brief --data flights --target deicing --max-runtime 1 --algorithm {algorithm}\n"
        + LONG[algorithm])
    assert time.monotonic() - begun < 15 * SLOW


def test_a_killed_training_is_done_again_to_the_same_bytes(kernel, tmp_path):
    train = "%%train {} --data flights --target deicing --algorithm random-forest\nn_estimators = 600"
    run(kernel, "%generate de-icing flights --rows 3000")
    run(kernel, train.format("whole"))
    whole, = (tmp_path / "workspace/models").glob("*/weights.safetensors")
    message_id = kernel.client.execute(train.format("torn"))
    job = wait_for(lambda: [f.parent for f in (tmp_path / "workspace/jobs").glob("*/job.json")
                            if json.loads(f.read_text())["name"] == "torn" and (f.parent / "pid").exists()])[0]
    wait_for(lambda: (job / "events.jsonl").exists() and '"point"' in (job / "events.jsonl").read_text())
    os.kill(int((job / "pid").read_text().split()[0]), signal.SIGKILL)
    assert kernel.finish(message_id).reply["status"] == "error"
    run(kernel, "%resume torn")
    kept = list((tmp_path / "workspace/models").glob("*/weights.safetensors"))
    assert len(kept) == 2 and len({path.read_bytes() for path in kept}) == 1


@pytest.mark.parametrize("algorithm, settings, words", [
    ("xgboost", "num_rounds = 3", "did you mean 'num_round'?"),
    ("xgboost", "eta = 2", "0 to 1"),
    ("xgboost", "objective = binary:logistics", "binary:logistic"),
    ("xgboost", "objective = reg:gamma", "the setting `objective` asks for a regressor"),
    ("random-forest", "max_features = some", "max_features is 'some'"),
    ("extra-trees", "num_trees = 5", "n_estimators"),
    ("lightgbm", "metric = rmse", "does not fit a binary_classifier"),
    ("knn", "k = 0", "1 to 500"),
    ("knn", "k = 400", "only 270 training rows"),
    ("knn", "index_metric = L1", "COSINE"),
    ("xgbost", "", "did you mean xgboost"),
])
def test_what_cannot_be_trained_is_said(kernel, algorithm, settings, words):
    run(kernel, "%generate de-icing flights --rows 300")
    cell = kernel.run(f"%%train x --data flights --target deicing --algorithm {algorithm}\n{settings}",
                      timeout=60 * SLOW)
    assert cell.reply["status"] == "error"
    if "is not on this machine" not in cell.reply["evalue"]:
        assert words in "\n".join(cell.reply["traceback"])


def test_a_library_that_lacks_is_said(atelier_binary, tmp_path):
    with Kernel(tmp_path, command=[str(atelier_binary), "kernel"], ATELIER_XGBOOST="/nowhere/libxgboost.so",
                ATELIER_WORKSPACE=str(tmp_path / "workspace")) as kernel:
        run(kernel, "%generate de-icing flights --rows 300")
        cell = kernel.run("%%train x --data flights --target deicing --algorithm xgboost", timeout=60 * SLOW)
        text = "\n".join(cell.reply["traceback"])
        assert "the algorithm xgboost cannot be used" in text and "pip install xgboost-cpu" in text
        assert json.loads(json.dumps(cell.reply))["ename"] == "Unsupported"
