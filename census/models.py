"""The two tables: the people, and one row about the loaded dataset."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from census import choices

T = TypeVar("T")


def _category(
    label: str, values: type[models.TextChoices], **options: Any
) -> "models.CharField[Any, Any]":
    """Returns a text column with these values. Every server sorts it by code point."""
    return models.CharField(
        label,
        max_length=max(map(len, values.values)),
        choices=values.choices,
        db_collation="C",
        **options,
    )


class Person(models.Model):
    """The record of one person, which is a line of adult.data or adult.test.

    `?` in the files is NULL, so that SQL aggregates skip it. Django advises the empty string for
    text, but an empty string would count as a category.

    `id` is the position in the files: 1 is the first line of adult.data; the lines of adult.test
    follow those of adult.data.
    """

    WEIGHT = "fnlwgt"
    TARGET = "income"
    SPLIT = "split"
    ORDERED: ClassVar = frozenset({"education"})
    UNITS: ClassVar = {
        "age": "years",
        "capital_gain": "US dollars a year",
        "capital_loss": "US dollars a year",
        "education_num": "level",
        "fnlwgt": "people / 100",
        "hours_per_week": "hours a week",
    }
    # The largest value means "this or more" (disclosure rules of the CPS public-use files).
    TOP_CODES: ClassVar = {"age": 90, "capital_gain": 99999, "hours_per_week": 99}

    id = models.PositiveIntegerField(primary_key=True)
    age = models.PositiveSmallIntegerField(
        "Age",
        help_text="Age in years.",
        validators=[MaxValueValidator(120)],
    )
    workclass = _category(
        "Class of worker",
        choices.Workclass,
        null=True,
        help_text="Sector of the main job, or why there is none.",
    )
    fnlwgt = models.PositiveIntegerField(
        "Survey weight",
        help_text=(
            "Final weight: how many people of the US population this record stands for, "
            "in about 1/100 persons. Use it as `weight=fnlwgt`."
        ),
        validators=[MinValueValidator(1)],
    )
    education = _category(
        "Education",
        choices.Education,
        help_text="Highest level of school completed or degree received.",
    )
    education_num = models.PositiveSmallIntegerField(
        "Education level",
        help_text="`education` as a number, 1 (Preschool) to 16 (Doctorate).",
        validators=[MinValueValidator(1), MaxValueValidator(16)],
    )
    marital_status = _category(
        "Marital status",
        choices.MaritalStatus,
        help_text="Marital status; `civ` is a civilian spouse, `AF` one in the Armed Forces.",
    )
    occupation = _category(
        "Occupation",
        choices.Occupation,
        null=True,
        help_text="Occupation group of the main job.",
    )
    relationship = _category(
        "Relationship",
        choices.Relationship,
        help_text="Relationship to the reference person of the household.",
    )
    race = _category("Race", choices.Race, help_text="Race as recorded by the survey in 1994.")
    sex = _category("Sex", choices.Sex, help_text="Sex as recorded by the survey in 1994.")
    capital_gain = models.PositiveIntegerField(
        "Capital gain", help_text="Capital gains in the year before the survey."
    )
    capital_loss = models.PositiveIntegerField(
        "Capital loss", help_text="Capital losses in the year before the survey."
    )
    hours_per_week = models.PositiveSmallIntegerField(
        "Hours per week",
        help_text="Hours usually worked per week.",
        validators=[MaxValueValidator(168)],
    )
    native_country = _category(
        "Native country",
        choices.NativeCountry,
        null=True,
        help_text="Country of birth, spelt as in UCI's files.",
    )
    income = _category(
        "Income",
        choices.Income,
        help_text="Whether total income is over 50,000 dollars a year: the column to predict.",
    )
    split = _category(
        "Split",
        choices.Split,
        help_text="Which of UCI's files the record is from.",
    )

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"Person {self.id}"


class DatasetMissing(Exception):
    """No dataset is loaded, or an earlier version loaded it without its facts."""


class Loaded(NamedTuple):
    """The version of the loaded dataset and the time of its load. No two loads have the same."""

    version: str
    loaded_at: datetime

    @property
    def timestamp(self) -> int:
        """The time of the load in whole seconds, as HTTP has it."""
        return int(self.loaded_at.timestamp())


class DatasetQuerySet(models.QuerySet["Dataset"]):
    """A queryset of `Dataset`, which has one row, or none before the first load."""

    def loaded(self) -> "Dataset":
        """Returns the loaded dataset without its facts; raises `DatasetMissing`."""
        return self._only(self.defer("facts"))

    def current(self) -> Loaded:
        """Returns the version of the loaded dataset and its time; raises `DatasetMissing`."""
        return Loaded(*self._only(self.values_list(*Loaded._fields)))

    def facts(self) -> dict[str, Any]:
        """Returns the facts of the loaded dataset; raises `DatasetMissing`."""
        facts: dict[str, Any] | None = self._only(self.values_list("facts", flat=True))
        if facts is None:
            raise DatasetMissing(
                "The dataset was loaded by an earlier version, which did not count its columns: "
                "run `manage.py load_adult`."
            )
        return facts

    def _only(self, rows: Iterable[T]) -> T:
        # `first` and `get` would take twice the time in every answer.
        for row in rows:
            return row
        raise DatasetMissing("No dataset is loaded: run `manage.py load_adult`.")


class Dataset(models.Model):
    """The loaded dataset: one row, written in the transaction that writes the people."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.CharField(
        max_length=12, help_text="The first 12 hexadecimal digits of `sha256`."
    )
    sha256 = models.CharField(
        max_length=64, help_text="SHA-256 of all rows as the CSV export writes them."
    )
    csv_bytes = models.PositiveBigIntegerField(help_text="Size of that CSV export.")
    source = models.CharField(max_length=500, help_text="What `load_adult --source` was given.")
    files = models.JSONField(
        help_text="The files read: name, split, bytes, md5, sha256, rows, authentic."
    )
    rows = models.PositiveIntegerField()
    rows_by_split = models.JSONField(help_text="Rows of each split.")
    missing = models.JSONField(help_text="Missing values of each column that can have them.")
    complete_rows = models.PositiveIntegerField(help_text="Rows without a missing value.")
    duplicate_rows = models.PositiveIntegerField(
        help_text="Rows equal to an earlier one in all 15 UCI columns."
    )
    loaded_at = models.DateTimeField()
    facts = models.JSONField(
        null=True,
        help_text="Counts, extremes and sums of all rows by column, as `statistics.facts` makes "
        "them; null where a version before 0.2 loaded the dataset.",
    )

    objects = DatasetQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="census_dataset_single_row"),
        )

    def __str__(self) -> str:
        return f"Adult {self.version}"
