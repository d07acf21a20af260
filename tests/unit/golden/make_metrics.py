"""Makes metrics.json: predictions, generated and real, with scikit-learn's figures for them.

    python make_metrics.py DATA_FOLDER > metrics.json      (scikit-learn 1.9, numpy 2)

DATA_FOLDER holds breast_cancer.csv, penguins.csv and california_housing.csv.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics as m
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def listed(values):
    return [None if not np.isfinite(v) else float(v) for v in np.asarray(values, float).ravel()]


def binary(name, y, score, label=None):
    y, score = np.asarray(y), np.asarray(score, float)
    label = (score >= 0.5).astype(int) if label is None else np.asarray(label)
    fpr, tpr, roc_t = m.roc_curve(y, score, drop_intermediate=False)
    precision, recall, pr_t = m.precision_recall_curve(y, score)
    tn, fp, fn, tp = m.confusion_matrix(y, label, labels=[0, 1]).ravel()
    return {
        "name": name, "kind": "binary", "y": y.tolist(), "score": score.tolist(),
        "label": label.tolist(),
        "confusion": [int(tn), int(fp), int(fn), int(tp)],
        "accuracy": m.accuracy_score(y, label),
        "balanced_accuracy": m.balanced_accuracy_score(y, label),
        "precision": m.precision_score(y, label, zero_division=0),
        "recall": m.recall_score(y, label, zero_division=0),
        "f1": m.f1_score(y, label, zero_division=0),
        "auc": m.roc_auc_score(y, score),
        "log_loss": m.log_loss(y, score, labels=[0, 1]),
        "brier": m.brier_score_loss(y, score),
        "average_precision": m.average_precision_score(y, score),
        "roc": {"x": listed(fpr), "y": listed(tpr), "threshold": listed(roc_t)},
        # Ours run from recall 0 upwards; scikit-learn's the other way, without the end's threshold.
        "pr": {"x": listed(recall[::-1]), "y": listed(precision[::-1]),
               "threshold": [None] + listed(pr_t[::-1])},
    }


def multiclass(name, y, scores, classes):
    y, scores = np.asarray(y), np.asarray(scores, float)
    label = scores.argmax(axis=1)
    every = list(range(classes))
    each = m.precision_recall_fscore_support(y, label, labels=every, zero_division=0)
    return {
        "name": name, "kind": "multiclass", "classes": classes, "y": y.tolist(),
        "score": scores.ravel().tolist(), "label": label.tolist(),
        "confusion": m.confusion_matrix(y, label, labels=every).ravel().tolist(),
        "precision": each[0].tolist(), "recall": each[1].tolist(), "f1": each[2].tolist(),
        "present": [bool(np.any(y == k) or np.any(label == k)) for k in every],
        "accuracy": m.accuracy_score(y, label),
        "balanced_accuracy": m.balanced_accuracy_score(y, label),
        "precision_macro": m.precision_score(y, label, average="macro", zero_division=0),
        "recall_macro": m.recall_score(y, label, average="macro", zero_division=0),
        "f1_macro": m.f1_score(y, label, average="macro", zero_division=0),
        "log_loss": m.log_loss(y, scores, labels=every),
    }


def multilabel(name, y, scores):
    y, scores = np.asarray(y, int), np.asarray(scores, float)
    called = (scores >= 0.5).astype(int)
    each = m.precision_recall_fscore_support(y, called, zero_division=0)
    seen = [k for k in range(y.shape[1]) if y[:, k].any()]
    average = [m.average_precision_score(y[:, k], scores[:, k]) for k in seen]
    return {
        "name": name, "kind": "multilabel", "labels": y.shape[1], "y": y.ravel().tolist(),
        "score": scores.ravel().tolist(), "precision": each[0].tolist(),
        "recall": each[1].tolist(), "f1": each[2].tolist(),
        "accuracy": 1 - m.hamming_loss(y, called), "exact_match": m.accuracy_score(y, called),
        "mean_average_precision": float(np.mean(average)),
        "f1_macro": m.f1_score(y, called, average="macro", zero_division=0),
        "f1_micro": m.f1_score(y, called, average="micro", zero_division=0),
        "log_loss": float(np.mean([m.log_loss(y[:, k], scores[:, k], labels=[0, 1])
                                   for k in range(y.shape[1])])),
    }


def regression(name, y, score):
    y, score = np.asarray(y, float), np.asarray(score, float)
    return {
        "name": name, "kind": "regression", "y": y.tolist(), "score": score.tolist(),
        "mse": m.mean_squared_error(y, score),
        "rmse": m.root_mean_squared_error(y, score),
        "mae": m.mean_absolute_error(y, score),
        "r2": m.r2_score(y, score),
        "median_absolute_error": m.median_absolute_error(y, score),
        "max_error": m.max_error(y, score),
    }


def real(folder):
    cancer = pd.read_csv(folder / "breast_cancer.csv", header=None, skiprows=1).to_numpy()
    x, xt, y, yt = train_test_split(cancer[:, :-1], cancer[:, -1].astype(int), test_size=0.2,
                                    random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    yield binary("breast cancer", yt, model.predict_proba(xt)[:, 1])

    birds = pd.read_csv(folder / "penguins.csv").dropna()
    codes = birds["species"].astype("category").cat.codes.to_numpy()
    numbers = birds.select_dtypes("number").to_numpy()
    x, xt, y, yt = train_test_split(numbers, codes, test_size=0.3, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.02)).fit(x, y)
    yield multiclass("penguins", yt, model.predict_proba(xt), 3)

    homes = pd.read_csv(folder / "california_housing.csv").dropna()
    x, xt, y, yt = train_test_split(homes.iloc[:, :8].to_numpy(),
                                    homes["median_house_value"].to_numpy(), random_state=0)
    model = LinearRegression().fit(x, y)
    yield regression("california housing", yt[:100], model.predict(xt)[:100])


def generated():
    rng = np.random.default_rng(5)
    y = (rng.random(90) < 0.2).astype(int)
    score = 1 / (1 + np.exp(-(2 * y - 1 + rng.normal(size=90))))
    yield binary("generated", y, score)
    yield binary("many equal scores", y, score.round(1))
    yield binary("probabilities of 0 and 1", y, (score > 0.4).astype(float))
    yield binary("nothing called positive", y, score, np.zeros(90, int))
    yield binary("own threshold", y, score, (score > 0.7).astype(int))
    yield binary("two rows", [1, 0], [0.4, 0.4])

    y = rng.integers(0, 4, 60)
    logits = rng.normal(size=(60, 6)) + 2 * np.eye(6)[y]
    logits[:, 5] = -30.0  # class 5 is neither true nor predicted; 4 is predicted only
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    yield multiclass("absent classes", y, scores, 6)
    hard = np.eye(3)[rng.integers(0, 3, 50)]
    yield multiclass("probabilities of 0 and 1, three classes", rng.integers(0, 3, 50), hard, 3)

    y = rng.normal(1e6, 3.0, 101)
    yield regression("far from zero", y, y + rng.normal(size=101))
    yield regression("constant truth", np.full(9, 2.5), np.full(9, 2.5))
    yield regression("constant truth, wrong", np.full(8, 2.5), np.arange(8.0))


def several():
    rng = np.random.default_rng(11)
    y = (rng.random((70, 5)) < [0.5, 0.2, 0.05, 0.8, 0]).astype(int)
    scores = 1 / (1 + np.exp(-(2 * y - 1 + rng.normal(size=y.shape))))
    yield multilabel("several labels, one in no row", y, scores)
    yield multilabel("several labels, equal scores", y[:, :4], scores[:, :4].round(1))
    yield multilabel("several labels, probabilities of 0 and 1", y[:, :4],
                     (scores[:, :4] > 0.4).astype(float))


def main():
    folder = Path(sys.argv[1])
    cases = [*generated(), *real(folder), *several()]
    print("[\n" + ",\n".join(json.dumps(c, allow_nan=False) for c in cases) + "\n]")


main()
