"""The FastAPI peer as a careful team writes it: the model in numpy, one-hot places looked up,
numbers standardised, a dot product, a CSV row in and a label out; no validation layer. Run by
uvicorn with uvloop and httptools; MODEL names the JSON that tests/bench/endpoint.py writes."""

import json
import math
import os

import numpy
from fastapi import FastAPI, Request, Response

with open(os.environ["MODEL"], encoding="utf-8") as file:
    _model = json.load(file)
_bias = _model["bias"]
_labels = _model["labels"]
_weights = numpy.array(_model["weights"])
_numbers, _slots, _means, _deviations = [], [], [], []
_categories = []  # (place in the row, {level: place in the vector})
_at = 0
for _i, _column in enumerate(_model["columns"]):
    if "levels" in _column:
        _categories.append((_i, {level: _at + k for k, level in enumerate(_column["levels"])}))
        _at += len(_column["levels"])
    else:
        _numbers.append(_i)
        _slots.append(_at)
        _means.append(_column["mean"])
        _deviations.append(_column["deviation"])
        _at += 1
_means, _deviations = numpy.array(_means), numpy.array(_deviations)

app = FastAPI(openapi_url=None)


def predict(cells):
    x = numpy.zeros(len(_weights))
    x[_slots] = (numpy.array([cells[i] for i in _numbers], float) - _means) / _deviations
    for i, places in _categories:
        place = places.get(cells[i])
        if place is not None:
            x[place] = 1.0
    return 1.0 / (1.0 + math.exp(-float(x @ _weights) - _bias))


@app.post("/invocations")
async def invocations(request: Request):
    cells = (await request.body()).decode().rstrip("\r\n").split(",")
    return Response(_labels[predict(cells) > 0.5] + "\n", media_type="text/csv")
