"""Makes explore.json: SciPy's, scikit-learn's and NumPy's figures for what ops/explore
computes of real tables.

    python make_explore.py DATA_FOLDER > explore.json

(SciPy 1.17, scikit-learn 1.9, NumPy 2; DATA_FOLDER is the folder of the shared data.)
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.stats import contingency
from sklearn.metrics import r2_score, roc_auc_score

DATA = Path(sys.argv[1])
FOLDS, BINS, NAMES = 5, 64, 256
MASK = (1 << 64) - 1


def table(path):
    with open(DATA / path, newline="") as file:
        rows = list(csv.reader(file))
    return {name: [row[i] or None for row in rows[1:]] for i, name in enumerate(rows[0])}


def numbers(column):
    return np.array([np.nan if v is None else float(v) for v in column])


def correlations(x, y):
    both = np.isfinite(x) & np.isfinite(y)
    return {"rows": int(both.sum()), "pearson": stats.pearsonr(x[both], y[both]).statistic,
            "spearman": stats.spearmanr(x[both], y[both]).statistic}


def cramers_v(a, b):
    """Bergsma 2013, from SciPy's chi squared."""
    both = [(u, v) for u, v in zip(a, b) if u is not None and v is not None]
    counts = contingency.crosstab([u for u, _ in both], [v for _, v in both]).count
    n, (r, k) = counts.sum(), counts.shape
    phi = stats.chi2_contingency(counts, correction=False).statistic / n
    phi = max(0, phi - (r - 1) * (k - 1) / (n - 1))
    r, k = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return {"rows": int(n), "strength": np.sqrt(phi / min(r - 1, k - 1))}


def ratio(names, y):
    """Kelley's epsilon squared, from SciPy's one-way analysis of variance."""
    groups = {}
    for name, v in zip(names, y):
        if name is not None and np.isfinite(v):
            groups.setdefault(name, []).append(v)
    n, k = sum(map(len, groups.values())), len(groups)
    f = stats.f_oneway(*groups.values()).statistic
    eta = f * (k - 1) / (f * (k - 1) + n - k)
    return {"rows": n, "strength": np.sqrt(max(0, 1 - (1 - eta) * (n - 1) / (n - k)))}


def fold_of(row):
    z = (row + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
    return (z ^ z >> 31) % FOLDS


def slots(column, is_number):
    """A slot for each row."""
    if not is_number:
        order = {}
        for v in column:
            if v is not None:
                order[v] = order.get(v, 0) + 1
        ranked = sorted(order, key=lambda v: -order[v])  # stable: ties by appearance
        place = {v: min(i, NAMES) for i, v in enumerate(ranked)}
        return np.array([NAMES + 1 if v is None else place[v] for v in column])
    x = numbers(column)
    known = np.sort(x[np.isfinite(x)])
    most = int(min(max(np.floor(np.sqrt(len(known))), 2), BINS))
    values = np.unique(known)
    edges = values if len(values) <= most else np.unique(
        [known[0]] + [known[len(known) * j // most] for j in range(1, most)])
    place = np.searchsorted(edges, x, side="right") - 1
    return np.where(np.isfinite(x), place, len(edges))


def out_of_fold(slot, y, fold):
    """A prediction a row: the mean of its slot in the other folds, drawn to their mean."""
    out = np.empty(len(y))
    for f in range(FOLDS):
        train, test = fold != f, fold == f
        n = np.bincount(slot[train], minlength=slot.max() + 1)
        total = np.bincount(slot[train], weights=y[train], minlength=slot.max() + 1)
        out[test] = ((total + y[train].mean()) / (n + 1))[slot[test]]
    return out


def power(slot, y, classes, fold):
    if not classes:
        return max(0, r2_score(y, out_of_fold(slot, y, fold)))
    scores = []
    for f in range(FOLDS):
        here, total, weight = fold == f, 0, 0
        for c in ([1] if classes == 2 else range(classes)):
            truth = (y == c).astype(float)
            if 0 < truth[here].sum() < here.sum():
                guess = out_of_fold(slot, truth, fold)
                total += truth[here].sum() * roc_auc_score(truth[here], guess[here])
                weight += truth[here].sum()
        if weight:
            scores.append(total / weight)
    return max(0, 2 * np.mean(scores) - 1)


def powers(path, target, columns, labels):
    rows = table(path)
    if labels:
        y = np.array([labels.index(v) for v in rows[target]], float)
    else:
        y = numbers(rows[target])
    fold = np.array([fold_of(r) for r in range(len(y))])
    return {"path": path, "target": target, "labels": labels,
            "columns": {name: power(slots(rows[name], is_number), y, len(labels), fold)
                        for name, is_number in columns.items()}}


def quartiles(path, column):
    x = numbers(table(path)[column])
    x = x[np.isfinite(x)]
    q25, median, q75 = np.percentile(x, [25, 50, 75])
    low, high = q25 - 1.5 * (q75 - q25), q75 + 1.5 * (q75 - q25)
    inside = x[(x >= low) & (x <= high)]
    return {"path": path, "column": column, "count": len(x), "min": x.min(), "max": x.max(),
            "q25": q25, "median": median, "q75": q75, "mean": x.mean(),
            "low": inside.min(), "high": inside.max(),
            "below": int((x < low).sum()), "above": int((x > high).sum())}


BANK = "bank/bank-additional/bank-additional.csv"
TITANIC = "tabular/titanic.csv"
PENGUINS = "tabular/penguins.csv"
HOUSES = "tabular/california_housing.csv"


def pairs(path, measure, *names):
    rows = table(path)
    for a, b in names:
        if measure == "numbers":
            found = correlations(numbers(rows[a]), numbers(rows[b]))
        elif measure == "names":
            found = cramers_v(rows[a], rows[b])
        else:
            found = ratio(rows[a], numbers(rows[b]))
        yield {"path": path, "a": a, "b": b, "measure": measure, **found}


json.dump({
    "relations": [
        *pairs(BANK, "numbers", ("age", "euribor3m"), ("emp.var.rate", "nr.employed"),
               ("pdays", "previous")),
        *pairs(TITANIC, "numbers", ("age", "fare"), ("pclass", "fare")),
        *pairs(HOUSES, "numbers", ("total_bedrooms", "median_house_value")),
        *pairs(BANK, "names", ("job", "education"), ("housing", "loan"), ("month", "y")),
        *pairs(PENGUINS, "names", ("island", "species"), ("island", "sex")),
        *pairs(BANK, "both", ("job", "age"), ("poutcome", "pdays")),
        *pairs(PENGUINS, "both", ("species", "body_mass_g"), ("sex", "bill_length_mm")),
    ],
    "powers": [
        powers(BANK, "y", {"duration": True, "euribor3m": True, "age": True, "pdays": True,
                           "job": False, "poutcome": False}, ["no", "yes"]),
        powers(TITANIC, "survived", {"age": True, "fare": True, "sex": False, "cabin": False},
               ["0", "1"]),
        powers(PENGUINS, "species", {"island": False, "bill_length_mm": True, "sex": False},
               ["Adelie", "Chinstrap", "Gentoo"]),
        powers(HOUSES, "median_house_value", {"median_income": True, "total_bedrooms": True,
                                              "ocean_proximity": False}, []),
    ],
    "quartiles": [quartiles(BANK, "duration"), quartiles(TITANIC, "age"),
                  quartiles(HOUSES, "median_income")],
}, sys.stdout, indent=1, default=float)
