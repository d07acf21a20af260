"""Where rows stand in the chain of a model: raw, clean, predicted, chosen by SQL."""

import json
import os
import sqlite3
import subprocess

# Cleaning twice would show: the derived temperature is another one each time, and the target
# gets other labels and another name.
CELLS = """
# %%
%generate de-icing flights --rows 1500 --seed 3

# %%
%%clean flights
derive temperature = temperature * 2 + 30
cast deicing -> text
replace "true" -> "ice" in deicing
rename deicing -> treatment

# %%
%%train icing --data flights_clean --target treatment
epochs = 5

# %%
%predict icing --data flights_clean --into answers

# %%
CREATE TABLE kept AS SELECT * FROM answers WHERE probability >= 0

# %%
%%clean kept
missing "nowhere" in airport
"""


def run(binary, folder, text):
    script = folder / "cells.atl"
    script.write_text(text)
    return subprocess.run([binary, "run", script], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=100, env={**os.environ, "ATELIER_WORKSPACE": str(folder / "w")})


def test_every_stage_is_evaluated_alike(atelier_binary, tmp_path):
    done = run(atelier_binary, tmp_path, CELLS)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {}
    for data in ("flights_clean", "flights", "answers", "kept", "kept_clean"):
        done = run(atelier_binary, tmp_path, f"%evaluate icing --data {data} --resamples 0")
        assert done.returncode == 0, done.stdout + done.stderr
        with sqlite3.connect(tmp_path / "w/atelier.db") as index:
            card, = index.execute("SELECT card FROM entries WHERE name = 'icing' AND kind = 'model'"
                                  ).fetchone()
        evaluation = json.loads(card)["evaluation"]
        assert evaluation["data"] == data
        seen[data] = evaluation["metrics"]
    assert seen["flights_clean"]["auc"] > 0.8
    for data, metrics in seen.items():
        assert metrics == seen["flights_clean"], data


def test_no_truth(atelier_binary, tmp_path):
    assert run(atelier_binary, tmp_path, CELLS).returncode == 0
    done = run(atelier_binary, tmp_path,
               "CREATE TABLE bare AS SELECT airport, country, temperature, humidity, wind, precipitation FROM flights\n\n"
               "# %%\n%evaluate icing --data bare")
    assert done.returncode == 1
    assert "%predict icing --data bare" in done.stdout + done.stderr
