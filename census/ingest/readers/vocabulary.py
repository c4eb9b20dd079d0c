"""Other names of columns, marks of missing values, and names of splits.

The schema has the names of the columns. `ALIASES` has their names in public copies of the
dataset. Names are compared by their letters and digits.
"""

from collections.abc import Mapping

ALIASES: Mapping[str, tuple[str, ...]] = {
    "age": ("age_years", "age_in_years"),
    "workclass": (
        *("type_employer", "employer_type", "employment_type", "employment_class"),
        *("class_of_worker", "working_class", "worker_class", "work_type", "employment"),
        *("employer", "employment_status", "employment_sector"),
    ),
    "fnlwgt": (
        *("fnlgt", "fnlwt", "fnwgt", "fnlweight", "final_weight", "final_wgt", "finalwt"),
        *("fnlwght", "fln_wgt", "fnl", "wgt", "weight", "weights", "sample_weight"),
        *("sampling_weight", "survey_weight", "census_weight", "demographic_weight"),
    ),
    "education": ("education_level", "edu", "degree"),
    "education_num": (
        *("educational_num", "education_number", "num_education", "edu_num", "educ_num"),
        *("education_years", "years_of_education", "years_education", "education_no"),
        *("education_yrs", "educ_years", "edu_years", "years_of_schooling", "schooling_years"),
    ),
    "marital_status": (
        *("marital", "martial_status", "maritial_status", "marital_state", "civil_status"),
        *("marriage_status", "marriage"),
    ),
    "occupation": ("occupations", "job", "job_type", "profession"),
    "relationship": (
        *("relationships", "relation", "relationship_status", "family_relationship"),
        *("family_relation", "family_role", "household_relationship"),
    ),
    "race": ("ethnicity", "ethnic_group"),
    "sex": ("gender",),
    "capital_gain": ("capital_gains", "cap_gain", "gain"),
    "capital_loss": ("capital_losses", "cap_loss", "loss"),
    "hours_per_week": (
        *("hours", "hr_per_week", "hrs_per_week", "hours_week", "work_hours", "working_hours"),
        *("hours_worked", "hours_worked_per_week", "weekly_hours", "hours_pw", "hpw"),
        *("hours_weekly", "hours_wk", "hours_per_wk", "work_hours_per_week", "weekly_work_hours"),
    ),
    "native_country": (
        *("country", "country_of_origin", "country_of_birth", "birth_country", "birthplace"),
        *("nationality", "origin", "nativity", "native", "native_countries", "home_country"),
    ),
    "income": (
        *("class", "class_label", "salary", "salary_class", "target", "label", "outcome", "y"),
        *("wage", "wage_class", "wages", "earning", "earnings", "high_income", "income_flag"),
        *("income_bracket", "income_class", "income_level", "income_group", "income_category"),
        *("income_per_year", "annual_income", "yearly_income", "income_50k", "over_50k"),
        *("income>50K", "income>=50K", "income<=50K", "salary>50K", "income_label"),
    ),
}
MISSING = frozenset(
    {"", "?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none", r"\n"}
)
SPLIT = "split"  # the name of a column of splits; other names are recognised by the values
SPLITS: Mapping[str, str] = {
    f"{word}{kind}": split
    for split in ("train", "test")
    for word in (split, f"{split}ing")
    for kind in ("", "set", "data")
} | {"adultdata": "train", "adulttest": "test"}
_YES = ("1", "10", "true", "yes", "t", "y")  # 10 is 1.0
_NO = ("0", "00", "false", "no", "f", "n")
# The splits by the values of a column that asks for one of them, by the name of the column.
SPLITS_BY_COLUMN: Mapping[str, Mapping[str, str]] = {
    f"{prefix}{name}": {**SPLITS, **dict.fromkeys(_YES, split), **dict.fromkeys(_NO, other)}
    for split, other in (("train", "test"), ("test", "train"))
    for name in (split, f"{split}ing", f"{split}set", f"{split}ingset")
    for prefix in ("", "is", "in", "isin")
}


def plain(name: object) -> str:
    """Returns the letters and digits of `name`, in lower case."""
    return "".join(filter(str.isalnum, str(name).casefold()))
