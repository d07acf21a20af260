"""The FastAPI peer with a boosted model asked in place (no DMatrix, one thread): a CSV row to
numpy, levels to their codes, Booster.inplace_predict, a label out; no validation layer. Run by
uvicorn with uvloop and httptools; MODEL names the JSON that tests/bench/endpoint.py writes, and
the booster lies beside it."""

import json
import os

import numpy
import xgboost
from fastapi import FastAPI, Request, Response

with open(os.environ["MODEL"], encoding="utf-8") as file:
    _model = json.load(file)
_labels = _model["labels"]
_codes = [{level: float(k) for k, level in enumerate(column["levels"])}
          if "levels" in column else None for column in _model["columns"]]
_booster = xgboost.Booster({"nthread": 1})
_booster.load_model(os.environ["MODEL"] + ".ubj")
_booster.set_param({"nthread": 1})

app = FastAPI(openapi_url=None)


@app.post("/invocations")
async def invocations(request: Request):
    cells = (await request.body()).decode().rstrip("\r\n").split(",")
    x = numpy.array([[float(cell) if codes is None else codes.get(cell, numpy.nan)
                      for cell, codes in zip(cells, _codes)]], numpy.float32)
    score = _booster.inplace_predict(x, validate_features=False)[0]
    return Response(_labels[int(score > 0.5)] + "\n", media_type="text/csv")
