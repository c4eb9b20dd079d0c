"""What to try after an error: addresses without it, the likeliest first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import get_script_prefix, resolve

from census.pages.explorer import states
from census.pages.explorer.states import COLUMN, METRIC, ROW, changed, without

MOST = 12
# Codes of errors that a value of `allowed`, or the one that was meant, mends.
CHOICES = ("unknown_value", "required", "not_applicable", "wrong_length")
MOST_ERRORS = 20
Suggestion = tuple[str, str]  # a text and an address
Suggest = Callable[[Mapping[str, Any]], list[Suggestion]]


def explained(
    errors: Sequence[Mapping[str, Any]], suggest: Suggest
) -> tuple[list[dict[str, Any]], int]:
    """Returns the first errors in words with their suggestions, and the number left out."""
    shown = [
        {"detail": error["detail"].replace("`", ""), "suggestions": suggest(error)}
        for error in errors[:MOST_ERRORS]
    ]
    return shown, len(errors) - len(shown)


def of_state(error: Mapping[str, Any], state: QueryDict) -> list[Suggestion]:
    """Returns suggestions that are addresses of the explorer."""
    name = COLUMN if error["parameter"] == "column" else error["parameter"]
    return _suggestions(error, name, state, states.address, named=(METRIC, COLUMN, ROW))


def of_route(error: Mapping[str, Any], path: str, query: QueryDict) -> list[Suggestion]:
    """Returns suggestions that are addresses of the same route."""
    name = error["parameter"]
    if name in ("metric", "column", "row") and name not in query:
        return _paths(error, path)

    def address(changed_query: QueryDict) -> str:
        text = changed_query.urlencode(safe=",")
        return f"{path}?{text}" if text else path

    return _suggestions(error, name, query, address, named=())


def _paths(error: Mapping[str, Any], path: str) -> list[Suggestion]:
    """Returns paths with another name in place of the unknown one."""
    parts = path.split("/")
    names = list(resolve("/" + path.removeprefix(get_script_prefix())).kwargs)
    place = names.index(error["parameter"]) - len(names)
    found = []
    for value in _meant(error)[:MOST]:
        others = [*parts]
        others[place] = value
        found.append((value, "/".join(others)))
    return found


def _meant(error: Mapping[str, Any]) -> list[str]:
    meant, allowed = error.get("did_you_mean"), error.get("allowed", [])
    return list(dict.fromkeys([*filter(None, [meant]), *allowed]))


def _suggestions(
    error: Mapping[str, Any],
    name: str,
    state: QueryDict,
    address: Callable[[QueryDict], str],
    *,
    named: Sequence[str],
) -> list[Suggestion]:
    meant, given = error.get("did_you_mean"), state.get(name, "")
    found: list[tuple[str, QueryDict]] = []
    if error["code"] == "unknown_parameter":
        if meant:
            found.append((f"{meant}={given}", changed(without(state, name), **{meant: given})))
    elif name in named or error["code"] in CHOICES:
        # Of a list only one value is wrong: there, naming another would lose the rest.
        values = [] if "," in given else _meant(error)[:MOST]
        found += [(value, changed(state, **{name: value})) for value in values]
    elif name.endswith(states.BANDS) and error["code"] in ("bands_required", "too_many_values"):
        usual = states.PRESETS[name.removesuffix(states.BANDS)]
        found += [(f"in bands: {text}", changed(state, **{name: cuts})) for text, cuts in usual]
    if name in state and name not in named:
        found.append((f"leave {name} out", without(state, name)))
    return [(text, address(query)) for text, query in found]
