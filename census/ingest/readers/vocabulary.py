"""Other names of columns, marks of missing values, and names of splits.

The schema has the names of the columns. `ALIASES` has their names in public copies of the
dataset. Names are compared by their letters and digits.
"""

from collections.abc import Mapping

ALIASES: Mapping[str, tuple[str, ...]] = {
    "workclass": (
        *("type_employer", "employer_type", "employment_type", "employment_class"),
        *("class_of_worker", "working_class", "work_type", "employment"),
    ),
    "fnlwgt": (
        *("fnlgt", "fnlwt", "fnwgt", "fnlweight", "final_weight", "final_wgt", "finalwt"),
        *("weight", "sample_weight", "survey_weight", "demographic_weight"),
    ),
    "education": ("education_level", "edu", "degree"),
    "education_num": (
        *("educational_num", "education_number", "num_education", "edu_num", "educ_num"),
        *("education_years", "years_of_education", "education_no"),
    ),
    "marital_status": (
        "marital",
        "martial_status",
        "marriage_status",
        "marriage",
        "maritial_status",
    ),
    "occupation": ("job", "profession"),
    "relationship": ("relation", "relationship_status", "family_relationship"),
    "race": ("ethnicity", "ethnic_group"),
    "sex": ("gender",),
    "capital_gain": ("capital_gains", "cap_gain", "gain"),
    "capital_loss": ("capital_losses", "cap_loss", "loss"),
    "hours_per_week": (
        *("hours", "hr_per_week", "hrs_per_week", "hours_week", "work_hours", "working_hours"),
        *("hours_worked", "hours_worked_per_week", "weekly_hours", "hours_pw"),
    ),
    "native_country": (
        *("country", "country_of_origin", "country_of_birth", "birth_country", "nationality"),
        *("origin", "nativity", "native", "native_countries"),
    ),
    "income": (
        *("class", "salary", "target", "label", "wage", "wage_class", "wages", "earnings"),
        *("income_bracket", "income_class", "income_level", "income_group", "income_category"),
        *("income_per_year", "annual_income", "yearly_income", "income_50k", "over_50k"),
        *("income>50K", "income>=50K", "income<=50K", "salary>50K", "income_label"),
    ),
}
MISSING = frozenset(
    {"", "?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none", r"\n"}
)
_SPLITS = {
    "train": "train",
    "training": "train",
    "trainset": "train",
    "trainingset": "train",
    "adultdata": "train",
    "test": "test",
    "testing": "test",
    "testset": "test",
    "adulttest": "test",
}
_YES = ("1", "10", "true", "yes", "t", "y")  # 10 is 1.0
_NO = ("0", "00", "false", "no", "f", "n")
# The splits by the values of a column, by the name of the column.
SPLIT_COLUMNS: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("split", "set", "subset", "partition", "dataset", "datasplit", "sample"),
            *("traintest", "trainortest", "traintestsplit", "testtrain", "splitset"),
            *("source", "file", "filename", "part", "type", "usage"),
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
    """Returns the letters and digits of `name`, in lower case."""
    return "".join(filter(str.isalnum, str(name).casefold()))
