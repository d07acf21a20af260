"""The FastAPI peer: a logistic model over one CSV row, as lean as FastAPI allows: the model
in plain dictionaries, the body taken raw, no validation, a plain answer. Run by uvicorn with
uvloop and httptools; MODEL names the JSON that tests/bench/endpoint.py writes."""

import json
import math
import os

from fastapi import FastAPI, Request, Response

with open(os.environ["MODEL"], encoding="utf-8") as file:
    _model = json.load(file)
_bias = _model["bias"]
_labels = _model["labels"]
# One entry a column: {category: weight}, or [scale, offset] of a number.
_columns = []
_weights = iter(_model["weights"])
for _column in _model["columns"]:
    if "levels" in _column:
        _columns.append({level: next(_weights) for level in _column["levels"]})
    else:
        _scale = next(_weights) / _column["deviation"]
        _columns.append([_scale, -_scale * _column["mean"]])

app = FastAPI(openapi_url=None)


@app.post("/invocations")
async def invocations(request: Request):
    z = _bias
    for cell, column in zip((await request.body()).decode().split(","), _columns):
        if isinstance(column, dict):
            z += column.get(cell, 0.0)
        else:
            z += column[0] * float(cell) + column[1]
    label = _labels[1.0 / (1.0 + math.exp(-z)) > 0.5]
    return Response(label + "\n", media_type="text/csv")
