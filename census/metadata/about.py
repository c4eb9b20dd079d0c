"""The description of the dataset: source, licence, citation and caveats."""

TITLE = "Adult (Census Income)"
DESCRIPTION = (
    "48,842 people of the United States of America, aged 17 to 90, extracted by Barry Becker from "
    "the Current Population Survey of 1994: age, work, education, family, origin, capital gains "
    "and losses, hours worked, and whether the yearly income is over 50,000 dollars."
)
CREATORS = ("Barry Becker", "Ronny Kohavi")
PUBLISHED = "1996-04-30"
DOI = "10.24432/C5XW20"
URL = "https://archive.ics.uci.edu/dataset/2/adult"
LICENSE = {
    "name": "CC BY 4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "url": "https://creativecommons.org/licenses/by/4.0/",
}
CITATION = (
    "Becker, B. & Kohavi, R. (1996). Adult [Dataset]. UCI Machine Learning Repository. "
    f"https://doi.org/{DOI}"
)
CAVEATS = (
    (
        "It is an extract of a sample survey, the Current Population Survey of March 1994, not "
        "a census; incomes are those of 1993."
    ),
    (
        "It was filtered: people over 16, with an adjusted gross income over 100 dollars, a "
        "weight over 1 and at least one hour of work a week."
    ),
    (
        "The weights come without strata and primary sampling units. Standard errors therefore "
        "treat the people as drawn independently, and a selection or group as a separate sample: "
        "they are optimistic."
    ),
    (
        "A weight is in about 1/100 persons. The sum of the weights is not a number of people; a "
        "hundredth of it is about the number of people in the filtered population."
    ),
    (
        "The threshold of 50,000 dollars is the 76th percentile of income overall, but the 88th"
        " for Blacks and the 89th for women (Ding, Hardt, Miller and Schmidt 2021): a group's "
        "share above it says little about its lower incomes."
    ),
    (
        "Large values are top-coded: age 90, 99 hours a week and a capital gain of 99,999 mean "
        "this value or more."
    ),
    "Sex, race and native country are as the survey recorded them in 1994.",
)

DOCUMENT = {
    "name": "adult",
    "title": TITLE,
    "description": DESCRIPTION,
    "citation": CITATION,
    "doi": DOI,
    "url": URL,
    "license": LICENSE,
    "caveats": CAVEATS,
}
