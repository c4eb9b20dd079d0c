"""Examples of the answer of each operation and of its errors. `make examples` writes them.

They are real answers; lists are cut to two items.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")
PATHS = {
    "root": "/v1",
    "dataset": "/v1/dataset",
    "field": "/v1/fields/education_num",
    "fields": "/v1/fields",
    "catalogue": "/v1/computation",
    "people": "/v1/people?page_size=2&fields=age,sex,income",
    "person": "/v1/people/1",
    "count": "/v1/computation/count/occupation?workclass=Never-worked",
    "missing": "/v1/computation/missing/native_country?group_by=income",
    "distinct": "/v1/computation/distinct/capital_gain",
    "mean": "/v1/computation/mean/age?group_by=sex&weight=fnlwgt",
    "sum": "/v1/computation/sum/hours_per_week?education=Doctorate",
    "min": "/v1/computation/min/age",
    "max": "/v1/computation/max/age",
    "median": "/v1/computation/median/age?weight=fnlwgt",
    "quantiles": "/v1/computation/quantiles/hours_per_week?q=0.1,0.5,0.9&group_by=sex",
    "variance": "/v1/computation/variance/age?ddof=0",
    "std": "/v1/computation/std/age?age__gte=30",
    "skewness": "/v1/computation/skewness/capital_gain",
    "kurtosis": "/v1/computation/kurtosis/hours_per_week",
    "gini": "/v1/computation/gini/hours_per_week?weight=fnlwgt",
    "lorenz": "/v1/computation/lorenz/capital_gain?q=0.9,0.99,1",
    "mode": "/v1/computation/mode/occupation?group_by=sex",
    "distribution": "/v1/computation/distribution/age?bins=5",
    "proportion": "/v1/computation/proportion/income?value=%3E50K&group_by=sex",
    "statistics": "/v1/statistics?native_country__in=Cuba,Jamaica",
    "correlation": "/v1/correlation?columns=age,education_num,hours_per_week",
    "crosstab": "/v1/crosstab/sex/income",
    "fairness": "/v1/fairness/sex",
    "comparison": "/v1/comparison/hours_per_week?group_by=sex",
    "linear_regression": "/v1/regression/linear/hours_per_week?on=age,education_num,sex",
    "logistic_regression": "/v1/regression/logistic/income?value=%3E50K&on=age,sex",
    "decomposition": "/v1/decomposition/income?value=%3E50K&group_by=sex&on=marital_status",
    "oaxaca": "/v1/decomposition/oaxaca/hours_per_week?group_by=sex&on=age,education_num,race",
}
# Examples of client errors, by status. All operations share them.
PROBLEM_PATHS = {
    "400": "/v1/computation/mean/age?sex=Femal&age=old",
    "404": "/v1/computation/mean/agee",
    "406": "/v1/computation/mean/age?format=xml",
}
MAX_ITEMS = 2


def shortened(answer: Any) -> Any:
    """Returns an answer with its lists cut to MAX_ITEMS."""
    if isinstance(answer, list):
        return [shortened(item) for item in answer[:MAX_ITEMS]]
    if isinstance(answer, dict):
        return {name: shortened(value) for name, value in answer.items()}
    return answer


def text(answers: dict[str, Any]) -> str:
    """Returns the content of `FILE`, a JSON object with a line for each answer."""
    lines = (
        f"{json.dumps(name)}: {json.dumps(shortened(answer), ensure_ascii=False)}"
        for name, answer in answers.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def attach(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Adds the examples to the operations of the OpenAPI description (a postprocessing hook)."""
    answers = json.loads(FILE.read_text())
    for path in result["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            content = operation["responses"]["200"]["content"]
            if name in answers and "application/json" in content:
                example = {"summary": PATHS[name], "value": answers[name]}
                content["application/json"]["examples"] = {name: example}
            for status in PROBLEM_PATHS.keys() & operation["responses"].keys():
                (problem,) = operation["responses"][status]["content"].values()
                problem["examples"] = {status: {"$ref": f"#/components/examples/{status}"}}
    result["components"]["examples"] = {
        status: {"summary": path, "value": answers[status]}
        for status, path in PROBLEM_PATHS.items()
    }
    return result
