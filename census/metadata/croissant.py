"""The dataset as MLCommons Croissant 1.1, a JSON-LD format for machine learning tools.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Statistics of
columns are annotations of their fields (see its section on descriptive statistics), with terms of
the DDI Alliance's controlled vocabulary. The vocabulary has no term for counts of categories, so
the categories of each column are a record set with counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from census.columns import COLUMNS, WEIGHT, Column
from census.metadata import about
from census.models import Dataset

Node = dict[str, Any]

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
RECORDS = "people"
_DDI = "http://rdf-vocabulary.ddialliance.org/cv/SummaryStatisticType/2.1.2/"
_CARDINALITY = "http://www.wikidata.org/entity/Q4049983"

_CROISSANT_TERMS = (
    *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty"),
    *("excludes", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path"),
    *("readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
    *("sdVersion", "separator", "source", "subField", "transform", "unArchive"),
)
CONTEXT: Node = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "ddi-stats": _DDI,
    "conformsTo": "dct:conformsTo",
    **{term: f"cr:{term}" for term in _CROISSANT_TERMS},
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}

# By the key of a column's statistic: code and name of the DDI term, property of schema.org.
_STATISTICS: Mapping[str, tuple[str, str, str | None]] = {
    "min": ("a1d0ec6", "Minimum", "sc:minValue"),
    "max": ("8321e79", "Maximum", "sc:maxValue"),
    "mean": ("7975ed0", "ArithmeticMean", None),
    "median": ("66851a3", "Median", "sc:median"),
    "std": ("690ab50", "StandardDeviation", None),
}
_VALID = ("c646dd8", "ValidCases", None)
_INVALID = ("6459c62", "InvalidCases", None)
_WEIGHTED = ("mean", "median", "std")
_SPLITS = {"train": "cr:TrainingSplit", "test": "cr:TestSplit"}


def document(
    dataset: Dataset,
    statistics: Mapping[str, Mapping[str, Any]],
    weighted: Mapping[str, Mapping[str, Any]],
    csv_url: str,
) -> Node:
    """Returns the Croissant document.

    `statistics` and `weighted` are the statistics of each column, without and with weights;
    `csv_url` is the absolute address of the CSV export.
    """
    version = dataset.version
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": about.TITLE,
        "alternateName": "Census Income",
        "description": about.DESCRIPTION,
        "license": about.LICENSE["url"],
        "url": about.URL,
        "sameAs": f"https://doi.org/{about.DOI}",
        "identifier": f"https://doi.org/{about.DOI}",
        "creator": [{"@type": "sc:Person", "name": name} for name in about.CREATORS],
        "publisher": {"@type": "sc:Organization", "name": "UCI Machine Learning Repository"},
        "datePublished": about.PUBLISHED,
        # Croissant requires a semantic version; the dataset's version is its build metadata.
        "version": f"1.0.0+{version}",
        "citeAs": about.CITATION,
        "keywords": ["census", "income", "fairness", "survey", "tabular"],
        "isLiveDataset": False,
        "rai:dataLimitations": list(about.CAVEATS),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "adult.csv",
                "name": f"adult-{version}.csv",
                "description": "All records as CSV, ordered by id; an empty cell is missing.",
                "contentUrl": csv_url,
                "contentSize": f"{dataset.csv_bytes} B",
                "encodingFormat": "text/csv",
                "sha256": dataset.sha256,
            }
        ],
        "recordSet": [
            _people(dataset.rows, statistics, weighted),
            *(
                _categories(column, statistics[column.name], weighted[column.name])
                for column in COLUMNS.values()
                if not column.numeric
            ),
        ],
    }


def _people(
    rows: int,
    statistics: Mapping[str, Mapping[str, Any]],
    weighted: Mapping[str, Mapping[str, Any]],
) -> Node:
    identifier = _field("id", "The line in adult.data; those of adult.test follow.", "sc:Integer")
    count = {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/count",
        "name": "count",
        "description": "Number of records.",
        "dataType": _CARDINALITY,
        "value": rows,
    }
    return {
        "@type": "cr:RecordSet",
        "@id": RECORDS,
        "name": RECORDS,
        "description": "A record for each person.",
        "key": {"@id": f"{RECORDS}/id"},
        "annotation": [count],
        "field": [
            identifier,
            *(
                _field(column.name, _description(column), *_types(column))
                | {"annotation": _annotations(column, rows, statistics, weighted)}
                for column in COLUMNS.values()
            ),
        ],
    }


def _field(name: str, description: str, *types: str) -> Node:
    return {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/{name}",
        "name": name,
        "description": description,
        "dataType": list(types) if len(types) > 1 else types[0],
        "source": {"fileObject": {"@id": "adult.csv"}, "extract": {"column": name}},
    }


def _description(column: Column) -> str:
    categories = "" if column.numeric else f" Its categories are the record set {column.name}."
    return f"{column.meaning}{categories}"


def _types(column: Column) -> Sequence[str]:
    basic = "sc:Integer" if column.numeric else "sc:Text"
    semantic = {"target": "cr:Label", "split": "cr:Split"}.get(column.role)
    return (basic, semantic) if semantic else (basic,)


def _annotations(
    column: Column,
    rows: int,
    statistics: Mapping[str, Mapping[str, Any]],
    weighted: Mapping[str, Mapping[str, Any]],
) -> list[Node]:
    values = statistics[column.name]
    missing = values["nan_count"]
    annotations = [
        _statistic(column, _VALID, rows - missing),
        _statistic(column, _INVALID, missing),
    ]
    if column.numeric:
        annotations += [_statistic(column, term, values[k]) for k, term in _STATISTICS.items()]
    if column.numeric and column != WEIGHT:
        annotations += [
            _statistic(column, _STATISTICS[key], weighted[column.name][key], weighted=True)
            for key in _WEIGHTED
        ]
    return annotations


def _statistic(
    column: Column, term: tuple[str, str, str | None], value: float, *, weighted: bool = False
) -> Node:
    code, name, equivalent = term
    prefix = "Weighted" if weighted else ""
    statistic: Node = {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/{column.name}/{prefix}{name}",
        "name": f"{prefix}{name}",
        "dataType": {
            "@type": "sc:DefinedTerm",
            "@id": f"ddi-stats:{code}",
            "termCode": name,
            "name": name,
            "inDefinedTermSet": _DDI,
        },
        "value": value,
    }
    if weighted:
        statistic["description"] = f"Of the population: weighted by {WEIGHT.name}."
    elif equivalent:
        statistic["equivalentProperty"] = equivalent
    return statistic


def _categories(column: Column, statistics: Mapping[str, Any], weighted: Mapping[str, Any]) -> Node:
    """Returns the record set with the categories of a column, in their order."""
    name = column.name
    fields = {
        "name": ("The category as in the records.", "sc:Text"),
        "label": ("The label of the category for people.", "sc:Text"),
        "count": ("Number of records with this category.", "sc:Integer"),
        "weighted_count": (f"Sum of {WEIGHT.name} of these records.", "sc:Integer"),
    }
    if column.role == "split":
        fields["url"] = ("The purpose of the split.", "sc:URL")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The categories of {column.label.lower()}, in their order.",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{name}/name"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{field}",
                "name": field,
                "description": description,
                "dataType": kind,
            }
            for field, (description, kind) in fields.items()
        ],
        "data": [
            {
                f"{name}/name": value,
                f"{name}/label": label,
                f"{name}/count": statistics["frequencies"].get(value, 0),
                f"{name}/weighted_count": weighted["weighted_frequencies"].get(value, 0),
            }
            | ({f"{name}/url": _SPLITS[value]} if column.role == "split" else {})
            for value, label in column.choices.items()
        ],
    }
