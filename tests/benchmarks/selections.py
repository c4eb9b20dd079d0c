"""New selections: requests to the service, and SQL for the same numbers.

The SQL is what a person would write by hand: one statement, exact sums where the answer needs them
and PostgreSQL's own statistics where these do. `{n}` makes each selection a new one.
"""

_FROM = "FROM census_person WHERE fnlwgt >= {n}"
_MEAN = "count(*), count(age), avg(age), stddev_samp(age)"
_WEIGHTED = (
    "count(*), sum(fnlwgt), sum(fnlwgt::bigint * fnlwgt), sum(fnlwgt::bigint * age), "
    "sum(fnlwgt::bigint * fnlwgt * age), sum(fnlwgt::bigint * fnlwgt * age * age)"
)
_POWERS = "count(*), sum(age), sum(age::bigint * age), sum(age::bigint * age * age)"
_MEDIAN = "count(*), count(age), percentile_cont(0.5) WITHIN GROUP (ORDER BY age)"
_BY_VALUE = "age, count(*), sum(fnlwgt), sum(fnlwgt::bigint * fnlwgt)"
_EXTREMES = f"WITH e AS (SELECT min(age) AS low, max(age) AS high {_FROM}) "
_BIN = "width_bucket(age, low, high + 1e-9, 10)"
_HISTOGRAM = "FROM census_person, e WHERE fnlwgt >= {n} GROUP BY"
_HOURS = _MEAN.replace("age", "hours_per_week")
_BAND = "width_bucket(age, ARRAY[25, 35, 45, 55, 65])"
_TOTAL = "GROUP BY GROUPING SETS ((), (sex))"

SQL = {
    "count/age": f"SELECT count(*), count(age) {_FROM}",
    "missing/workclass": f"SELECT count(*), count(workclass) {_FROM}",
    "distinct/age": f"SELECT count(*), count(DISTINCT age) {_FROM}",
    "mean/age": f"SELECT {_MEAN} {_FROM}",
    "mean/age?weight=fnlwgt": f"SELECT {_WEIGHTED} {_FROM}",
    "sum/age": f"SELECT count(*), count(age), sum(age) {_FROM}",
    "min/age": f"SELECT count(*), count(age), min(age) {_FROM}",
    "max/age": f"SELECT count(*), count(age), max(age) {_FROM}",
    "median/age": f"SELECT {_MEDIAN} {_FROM}",
    "median/age?weight=fnlwgt": f"SELECT {_BY_VALUE} {_FROM} GROUP BY age ORDER BY age",
    "quantiles/age": "SELECT count(*), count(age), percentile_cont(ARRAY[0.25, 0.5, 0.75]) "
    f"WITHIN GROUP (ORDER BY age) {_FROM}",
    "std/age": f"SELECT count(*), count(age), stddev_samp(age) {_FROM}",
    "variance/age": f"SELECT count(*), count(age), var_samp(age) {_FROM}",
    "skewness/age": f"SELECT {_POWERS} {_FROM}",
    "kurtosis/age": f"SELECT {_POWERS}, sum(age::bigint * age * age * age) {_FROM}",
    "mode/age": f"SELECT age, count(*) {_FROM} GROUP BY age ORDER BY 2 DESC",
    "distribution/age": f"{_EXTREMES} SELECT {_BIN}, count(*) {_HISTOGRAM} 1",
    "distribution/education": f"SELECT education, count(*) {_FROM} GROUP BY education",
    "proportion/income?value=%3E50K": "SELECT count(*), count(income), "
    f"count(*) FILTER (WHERE income = '>50K') {_FROM}",
    "mean/age?group_by=sex": f"SELECT sex, {_MEAN} {_FROM} {_TOTAL}",
    "mean/age?group_by=sex&weight=fnlwgt": f"SELECT sex, {_WEIGHTED} {_FROM} {_TOTAL}",
    # Six bands beside six categories.
    "mean/hours_per_week?group_by=age&age__bands=25,35,45,55,65": f"SELECT {_BAND}, {_HOURS} "
    f"{_FROM} GROUP BY GROUPING SETS ((), ({_BAND}))",
    "mean/hours_per_week?group_by=relationship": f"SELECT relationship, {_HOURS} {_FROM} "
    "GROUP BY GROUPING SETS ((), (relationship))",
    "median/age?group_by=sex": f"SELECT sex, {_MEDIAN} {_FROM} {_TOTAL}",
    "distribution/age?group_by=sex": f"{_EXTREMES} SELECT sex, {_BIN}, count(*) {_HISTOGRAM} 1, 2",
    "proportion/income?value=%3E50K&group_by=sex": "SELECT sex, count(*), "
    f"count(*) FILTER (WHERE income = '>50K') {_FROM} {_TOTAL}",
}


def path(of: str, number: int) -> str:
    """Returns the path of the answer for the selection with this number."""
    return f"/v1/computation/{of}{'&' if '?' in of else '?'}fnlwgt__gte={number}"
