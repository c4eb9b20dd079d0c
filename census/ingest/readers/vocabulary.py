"""The words of tables of people: names of columns, marks of missing values, names of splits.

The names of the columns come from the schema. Here is what public copies of the dataset
call them besides; a name is compared by its letters and digits alone.
"""

from collections.abc import Mapping

ALIASES: Mapping[str, tuple[str, ...]] = {
    "workclass": ("type_employer", "employment_class", "class_of_worker"),
    "fnlwgt": ("fnlgt", "fnlwt", "final_weight"),
    "education": ("education_level", "edu"),
    "education_num": (
        *("educational_num", "education_number", "num_education", "edu_num"),
        *("education_years", "years_of_education", "educ_num"),
    ),
    "marital_status": ("marital", "martial_status", "marriage_status"),
    "occupation": ("job", "profession"),
    "relationship": ("relation", "family_relationship"),
    "race": ("ethnicity", "ethnic_group"),
    "sex": ("gender",),
    "capital_gain": ("capital_gains", "cap_gain"),
    "capital_loss": ("capital_losses", "cap_loss"),
    "hours_per_week": ("hours", "hr_per_week", "hrs_per_week", "work_hours", "hours_week"),
    "native_country": ("country", "nativity", "country_of_origin", "birth_country", "native"),
    "income": (
        *("class", "salary", "target", "label", "wage", "wage_class", "income_bracket"),
        *("income_class", "income_level", "income>50K", "income>=50K", "income<=50K"),
        *("income_per_year", "income_50k", "over_50k", "annual_income", "earnings"),
    ),
}
MISSING = frozenset(
    {"", "?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none", r"\n"}
)
_SPLITS = {
    "train": "train",
    "training": "train",
    "adultdata": "train",
    "test": "test",
    "testing": "test",
    "adulttest": "test",
}
_YES = ("1", "10", "true", "yes", "t", "y")  # 10 is 1.0
_NO = ("0", "00", "false", "no", "f", "n")
# What the values of a column with this name say of the split.
SPLIT_COLUMNS: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("split", "set", "subset", "partition", "dataset", "datasplit", "sample"),
            *("traintest", "trainortest", "traintestsplit", "testtrain", "splitset"),
        ),
        _SPLITS,
    ),
    **dict.fromkeys(
        ("istrain", "istraining", "train", "training"),
        dict.fromkeys(_YES, "train") | dict.fromkeys(_NO, "test") | _SPLITS,
    ),
    **dict.fromkeys(
        ("istest", "istesting", "test", "testing"),
        dict.fromkeys(_YES, "test") | dict.fromkeys(_NO, "train") | _SPLITS,
    ),
}


def plain(name: object) -> str:
    """Return the letters and digits of `name`, in lower case."""
    return "".join(filter(str.isalnum, str(name).casefold()))
