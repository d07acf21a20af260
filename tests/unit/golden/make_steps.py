"""Makes steps.json: what scikit-learn, category_encoders and pandas make of small tables, for
the steps of %%prepare and %%clean that do the same.

    python make_steps.py > steps.json     (scikit-learn 1.9, category_encoders 2.11, pandas 3)

A case: "table" {column: [type, values]}, "step" (a line), "target" or null, "fitted" and
"served" {column: values}: what the rows of the fit become, and what they become when served.
"""

import json

import category_encoders as ce
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.impute import MissingIndicator
from sklearn.preprocessing import (KBinsDiscretizer, PolynomialFeatures, QuantileTransformer,
                                   TargetEncoder)

rng = np.random.default_rng(5)
ROWS = 120
CITIES = ["Ulm", "Bonn", "Köln", "Trier", "Jena"]
city = rng.choice(CITIES, ROWS, p=[0.4, 0.3, 0.2, 0.07, 0.03]).astype(object)
city[rng.random(ROWS) < 0.1] = None
amount = np.round(rng.lognormal(3, 1.5, ROWS) * rng.choice([-1, 1], ROWS, p=[0.1, 0.9]), 3)
steps = rng.integers(0, 12, ROWS)
width = np.round(rng.normal(0, 1, (ROWS, 5)) @ rng.normal(0, 1, (5, 5)) + 3, 4)
bought = np.where(rng.random(ROWS) < 0.3 + 0.1 * (city == "Ulm"), "yes", "no")
grade = rng.choice(["a", "b", "c"], ROWS, p=[0.5, 0.3, 0.2])
price = np.round(amount / 3 + rng.normal(0, 4, ROWS), 3)
WORDS = "the The pale ale ALE strong bitter hop-garden Köln's 7up x co2 über naïve — fine".split()
review = [" ".join(rng.choice(WORDS, rng.integers(0, 9))) for _ in range(40)]
moments = pd.Series(pd.date_range("1969-12-27 21:59:58", periods=ROWS, freq="101h7min"))

cases = []


def plain(values):
    return [None if v is None or v != v else v.item() if isinstance(v, np.generic) else v
            for v in values]


def case(step, table, fitted, served=None, target=None):
    fitted = {k: plain(v) for k, v in fitted.items()}
    cases.append({
        "step": step, "target": target, "fitted": fitted,
        "table": {k: [t, plain(v)] for k, (t, v) in table.items()},
        "served": fitted if served is None else {k: plain(v) for k, v in served.items()}})


def scatter(row):
    mask = (1 << 64) - 1
    z = (row + 1) * 0x9E3779B97F4A7C15 & mask
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def numbers():
    case("log amount", {"amount": ("float", amount)},
         {"amount": np.sign(amount) * np.log1p(np.abs(amount))})
    for into in ("normal", "uniform"):
        for name, kind, values in (("amount", "float", amount), ("steps", "int", steps)):
            made = QuantileTransformer(n_quantiles=min(1000, ROWS), output_distribution=into,
                                       subsample=None).fit_transform(values.reshape(-1, 1))
            case(f"quantile {name} to {into}", {name: (kind, values)}, {name: made[:, 0]})
    many = np.round(rng.normal(0, 2, 1100), 2)
    made = QuantileTransformer(n_quantiles=1000, output_distribution="normal",
                               subsample=None).fit_transform(many.reshape(-1, 1))
    case("quantile many to normal", {"many": ("float", many)}, {"many": made[:, 0]})
    low, high = np.quantile(amount, [0.05, 0.9])
    case("clip amount between quantiles 0.05 and 0.9", {"amount": ("float", amount)},
         {"amount": pd.Series(amount).clip(low, high)})
    case("clip amount between -inf and 20", {"amount": ("float", amount)},
         {"amount": pd.Series(amount).clip(upper=20)})
    table = {f"w{i}": ("float", width[:, i]) for i in range(5)}
    for into in (2, 5, 0.95):
        made = PCA(n_components=into, svd_solver="full").fit_transform(width)
        case(f"pca w* into {into}", table,
             {f"pca{k + 1}": made[:, k] for k in range(made.shape[1])})
    made = PolynomialFeatures(degree=2, interaction_only=True, include_bias=False)
    names = ["w0", "w1", "w2"]
    out = made.fit_transform(width[:, :3])
    case("interact w0, w1, w2", {n: table[n] for n in names},
         {n.replace(" ", " * "): out[:, k] for k, n in
          enumerate(made.get_feature_names_out(names)) if " " in n})


def bins():
    for word, strategy in (("widths", "uniform"), ("quantiles", "quantile")):
        made = KBinsDiscretizer(n_bins=4, encode="ordinal", strategy=strategy, subsample=None,
                                quantile_method="linear")
        codes = made.fit_transform(amount.reshape(-1, 1))[:, 0].astype(int)
        edges = [f"{e:.4g}" for e in made.bin_edges_[0][1:-1]]
        names = ["< " + edges[0], *(f"{a} to {b}" for a, b in zip(edges, edges[1:])),
                 ">= " + edges[-1]]
        case(f"bin amount by {word} 4", {"amount": ("float", amount)},
             {"amount": [names[c] for c in codes]})
    cut = pd.cut(pd.Series(steps), [-np.inf, 2, 5, 9, np.inf], right=False,
                 labels=["< 2", "2 to 5", "5 to 9", ">= 9"]).astype(object)
    case("bin steps by edges 2, 5, 9", {"steps": ("int", steps)}, {"steps": cut})


def encodings():
    table = {"city": ("category", city)}
    made = ce.CountEncoder(cols=["city"], normalize=True, handle_unknown=0, handle_missing="value")
    case("frequency-encode city", table,
         {"city": made.fit_transform(pd.DataFrame({"city": city}))["city"]})
    fold = np.array([scatter(r) % 5 for r in range(ROWS)])
    x = pd.DataFrame({"city": pd.Series(city, dtype=object)})
    for y, kind in ((bought, "category"), (price, "float"), (grade, "category")):
        target_type = "continuous" if kind == "float" else "binary" if y is bought else "multiclass"
        for smooth in ("auto", 10.0):
            def encode(train, rows):
                encoder = TargetEncoder(smooth=smooth, target_type=target_type)
                return encoder.fit(x.iloc[train], y[train]).transform(x.iloc[rows])
            every = np.arange(ROWS)
            served = encode(every, every)
            fitted = np.zeros_like(served)
            for f in range(5):
                fitted[fold == f] = encode(every[fold != f], every[fold == f])
            names = [f"city~{c}" for c in "abc"] if y is grade else ["city"]
            line = "target-encode city" + ("" if smooth == "auto" else " smoothing 10")
            case(line, {**table, "y": (kind, y)},
                 {n: fitted[:, k] for k, n in enumerate(names)},
                 {n: served[:, k] for k, n in enumerate(names)}, "y")
    order = sorted(range(ROWS), key=scatter)
    for y, kind, smooth in ((bought, "category", 1), (price, "float", 10)):
        numeric = pd.Series((y == "yes").astype(float) if kind == "category" else y)
        encoder = ce.CatBoostEncoder(cols=["city"], a=smooth)
        fitted = pd.Series(0.0, index=range(ROWS))
        made = encoder.fit_transform(x.iloc[order].reset_index(drop=True),
                                     numeric.iloc[order].reset_index(drop=True))["city"]
        fitted.iloc[order] = made.values
        served = encoder.transform(x)["city"]
        line = "target-encode city ordered" + ("" if smooth == 1 else f" smoothing {smooth}")
        case(line, {**table, "y": (kind, y)}, {"city": fitted}, {"city": served}, "y")


def others():
    case("missing-flag all", {"city": ("category", city), "steps": ("int", steps)},
         {"city_missing": MissingIndicator(missing_values=None).fit_transform(
             city.reshape(-1, 1))[:, 0].astype(float)})
    counts = HashingVectorizer(n_features=32, alternate_sign=False, norm=None).transform(review)
    made = TfidfTransformer().fit_transform(counts).toarray()
    case("text review into 32", {"review": ("text", review)},
         {f"review#{k}": made[:, k] for k in range(32)})
    d = moments.dt
    angle = {"month": (d.month - 1) / 12, "weekday": d.day_of_week / 7,
             "hour": (d.hour + d.minute / 60 + d.second / 3600) / 24}
    parts = {"year": d.year, "quarter": d.quarter, "month": d.month, "day": d.day,
             "week": d.isocalendar().week.astype(int), "weekday": d.day_of_week,
             "yearday": d.day_of_year, "weekend": (d.day_of_week >= 5).astype(int), "hour": d.hour,
             "minute": d.minute, "elapsed": (moments - pd.Timestamp(0)) / pd.Timedelta("1D")}
    for name, a in angle.items():
        parts[name + "_sin"], parts[name + "_cos"] = np.sin(2 * np.pi * a), np.cos(2 * np.pi * a)
    line = "datetime at into " + ", ".join([*list(parts)[:11], "cyclic"])
    case(line, {"at": ("timestamp", [str(m) for m in moments])},
         {"at_" + k: v for k, v in parts.items()})


numbers()
bins()
encodings()
others()
print(json.dumps(cases, ensure_ascii=False, separators=(",", ":")))
