"""The state of the explorer: what the form means, and what the API is asked."""

# ruff: noqa: E501, ISC004  (tables of addresses)

import pytest
from django.http import QueryDict

from census.pages.explorer import states


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ("metric=mean&column=age&group_by=&group_by=&sex=", "metric=mean&column=age"),
        (
            "metric=mean&column=age&group_by=sex&group_by=race&group_by=sex",
            "metric=mean&column=age&group_by=sex,race",
        ),
        # A column that is about to be filtered is kept, so that the page shows its values.
        ("metric=mean&column=age&where=sex", "metric=mean&column=age&where=sex"),
        ("metric=mean&column=age&where=sex&sex__in=Male", "metric=mean&column=age&sex=Male"),
        (
            "metric=mean&column=age&race__in=Black&race__in=White",
            "metric=mean&column=age&race__in=Black,White",
        ),
        (
            "metric=mean&column=age&age__range_from=17&age__range_to=24",
            "metric=mean&column=age&age__range=17,24",
        ),
        ("metric=mean&column=age&age__range_from=17", "metric=mean&column=age&age__gte=17"),
        ("metric=mean&column=age&age__range_to=24", "metric=mean&column=age&age__lte=24"),
        # What the question asked before took, and this one does not.
        ("metric=mean&column=age&bins=20&q=0.5", "metric=mean&column=age"),
        # Nothing is replaced: the page says that they do not go together.
        ("metric=mean&column=sex", "metric=mean&column=sex"),
        ("metric=proportion&column=age", "metric=proportion&column=age"),
        ("metric=proportion&column=income", "metric=proportion&column=income&value=%3E50K"),
        ("metric=proportion&column=sex&value=%3E50K", "metric=proportion&column=sex"),
        # Back to the question asked before: as it was.
        ("metric=mean&column=income&value=%3E50K", "metric=mean&column=income"),
        # A number that groups has bands, by default the usual ones.
        (
            "metric=mean&column=age&group_by=age",
            "metric=mean&column=age&group_by=age&age__bands=25,35,45,55,65",
        ),
        ("metric=mean&column=age&group_by=age&age__bands=each", "metric=mean&column=age&group_by=age"),
        (
            "metric=mean&column=age&group_by=age&age__bands=25,35&age__bands_text=30, 60"
            "&age__bands_was=25,35",
            "metric=mean&column=age&group_by=age&age__bands=30,60",
        ),
        (
            "metric=mean&column=age&group_by=age&age__bands=30,60&age__bands_text=25,35"
            "&age__bands_was=25,35",
            "metric=mean&column=age&group_by=age&age__bands=30,60",
        ),
        ("metric=mean&column=age&age__bands=25&group_by=sex", "metric=mean&column=age&group_by=sex"),
        ("metric=comparison&column=age&group_by=sex", "metric=mean&column=age&group_by=sex&view=compare"),
        (
            "metric=comparison&column=income&group_by=sex",
            "metric=proportion&column=income&group_by=sex&view=compare&value=%3E50K",
        ),
        ("metric=median&column=age&view=compare", "metric=median&column=age"),
        ("metric=mean&column=age&view=chart", "metric=mean&column=age"),
        (
            "metric=crosstab&column=income&row=sex&group_by=race&value=%3E50K",
            "metric=crosstab&row=sex&column=income",
        ),
        (
            "metric=regression&column=income&on=age&on=sex&group_by=race",
            "metric=regression&column=income&on=age,sex&value=%3E50K",
        ),
        # A range of the question's own, whose ends are needed both.
        (
            "metric=distribution&column=age&range_from=20&range_to=60",
            "metric=distribution&column=age&range=20,60",
        ),
        (
            "metric=distribution&column=age&range_from=20&range_to=",
            "metric=distribution&column=age&range=20,",
        ),
        ("metric=distribution&column=age&range_from=&range_to=", "metric=distribution&column=age"),
        # What nobody knows is left, for the page to say so.
        ("metric=mean&column=age&sexx=Male", "metric=mean&column=age&sexx=Male"),
        ("", "metric=proportion"),
    ],
)  # fmt: skip
def test_what_the_form_sends_is_put_in_order(sent: str, state: str) -> None:
    assert states.address(states.tidied(QueryDict(f"explore=1&{sent}"))) == f"/?{state}"


@pytest.mark.parametrize(
    ("state", "path", "query"),
    [
        ("metric=mean&column=age&sex=Male&view=table", "computation/mean/age", "sex=Male"),
        ("metric=crosstab&row=sex&column=income&weight=fnlwgt", "crosstab/sex/income", "weight=fnlwgt"),
        ("metric=regression&column=age&on=sex", "regression/linear/age", "on=sex"),
        ("metric=regression&column=income&on=sex&value=x", "regression/logistic/income", "on=sex&value=x"),
        ("metric=a/b&column=c/d", "computation/a%2Fb/c%2Fd", ""),
        # Bins of whole units, where none are asked for.
        ("metric=distribution&column=age", "computation/distribution/age", "bins=16&range=15,95"),
        ("metric=distribution&column=age&bins=7", "computation/distribution/age", "bins=7"),
        # The tails, too; and ordered categories in their order.
        ("metric=quantiles&column=age", "computation/quantiles/age", "q=0.05,0.25,0.5,0.75,0.95"),
        ("metric=quantiles&column=age&q=0.9", "computation/quantiles/age", "q=0.9"),
        ("metric=distribution&column=education", "computation/distribution/education", "order_by=key"),
        ("metric=distribution&column=race", "computation/distribution/race", ""),
        ("metric=distribution&column=education_num", "computation/distribution/education_num", "bins=values"),
    ],
)  # fmt: skip
def test_what_the_api_is_asked(state: str, path: str, query: str) -> None:
    assert states.request(QueryDict(state)) == (f"/v1/{path}", query)


@pytest.mark.parametrize(
    ("compare", "groups"), [("", "sex,age"), ("&compare=age", "age,sex"), ("&compare=x", "sex,age")]
)
def test_a_comparison_begins_with_the_groups_compared(compare: str, groups: str) -> None:
    state = QueryDict(
        f"metric=mean&column=hours_per_week&group_by=age,sex&view=compare&order_by=value{compare}"
    )
    assert states.comparing(state)
    assert states.request(state, compare=True) == (
        "/v1/comparison/hours_per_week",
        f"group_by={groups}",
    )
