"""The description of the whole API for OpenAPI: the settings of drf-spectacular."""

SETTINGS = {
    "TITLE": "Adult (Census Income) API",
    "DESCRIPTION": (
        "Statistics of any slice of the Adult (Census Income) dataset of UCI: 48,842 people, by "
        "groups, with or without survey weights, with standard errors. Read-only; every answer "
        "carries the version of the dataset and is reproducible from its URL.\n\n"
        "Rows are selected by the same parameters everywhere: `sex=Female`, `age__gte=30`, "
        "`education__in=Masters,Doctorate`, `complete=true`. An unknown parameter is an error and "
        "never ignored. Errors are problem documents (RFC 9457).\n\n"
        "This description covers the JSON answers. CSV, NDJSON, Parquet and pictures have the same "
        "address with a suffix, as in `/v1/people.csv?sex=Female`, or are selected by `Accept`.\n\n"
        "An incomplete address such as `/v1/crosstab` lists the possible next parts."
    ),
    "CONTACT": {"name": "adultapi", "url": "https://archive.ics.uci.edu/dataset/2/adult"},
    "LICENSE": {"name": "MIT License", "identifier": "MIT"},
    "TAGS": [
        {"name": "computation", "description": "A statistic of a column."},
        {"name": "tables", "description": "Statistics of several columns."},
        {"name": "records", "description": "The people themselves."},
        {"name": "about", "description": "The dataset and its columns."},
    ],
    "OAS_VERSION": "3.1.1",
    "SORT_OPERATION_PARAMETERS": False,  # the many filters come last
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["drf_spectacular.hooks.preprocess_exclude_path_format"],
    "POSTPROCESSING_HOOKS": [
        "census.api.openapi.hooks.value_lists",
        "census.api.openapi.hooks.parameters",
        "census.api.openapi.hooks.document",
        "census.api.openapi.examples.attach",
    ],
}
