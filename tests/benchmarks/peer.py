"""A peer: the same statistics with FastAPI and a pandas frame in memory."""

import os

import numpy as np
import pandas as pd
from fastapi import FastAPI
from fastapi.responses import ORJSONResponse

people = pd.read_csv(os.environ["PEOPLE_CSV"], keep_default_na=False, na_values=[""])
application = FastAPI(default_response_class=ORJSONResponse)


@application.get("/mean")
def mean(sex: str | None = None) -> dict[str, object]:
    ages = people.age if sex is None else people.loc[people.sex == sex, "age"]
    return {"value": float(ages.mean()), "count": int(ages.count()), "se": float(ages.sem())}


@application.get("/grouped")
def grouped() -> list[dict[str, object]]:
    table = people.groupby("sex", observed=True).age.agg(["mean", "count", "sem"])
    return table.reset_index().to_dict("records")


@application.get("/histogram")
def histogram() -> dict[str, object]:
    counts, edges = np.histogram(people.age, 10)
    return {"counts": counts.tolist(), "edges": edges.tolist()}


@application.get("/fields")
def fields() -> list[dict[str, object]]:
    return [
        {"name": name, "count": int(people[name].count()), "distinct": int(people[name].nunique())}
        for name in people
    ]
