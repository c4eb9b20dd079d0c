"""The values of the categorical columns, in the spelling of UCI's files.

The API lists the values in the order of the class: ascending, except that `Education` has the
order of `education_num` (1 = Preschool, 16 = Doctorate). Values are stored, filtered and
returned; labels are for people.
"""

from django.db import models


class Split(models.TextChoices):
    TEST = "test", "Test (adult.test)"
    TRAIN = "train", "Training (adult.data)"


class Workclass(models.TextChoices):
    FEDERAL_GOV = "Federal-gov", "Federal government"
    LOCAL_GOV = "Local-gov", "Local government"
    NEVER_WORKED = "Never-worked", "Never worked"
    PRIVATE = "Private", "Private"
    SELF_EMP_INC = "Self-emp-inc", "Self-employed, incorporated"
    SELF_EMP_NOT_INC = "Self-emp-not-inc", "Self-employed, not incorporated"
    STATE_GOV = "State-gov", "State government"
    WITHOUT_PAY = "Without-pay", "Without pay"


class Education(models.TextChoices):
    """The levels of education in their order: position + 1 is the column `education_num`."""

    PRESCHOOL = "Preschool", "Preschool"
    GRADE_1_4 = "1st-4th", "1st to 4th grade"
    GRADE_5_6 = "5th-6th", "5th to 6th grade"
    GRADE_7_8 = "7th-8th", "7th to 8th grade"
    GRADE_9 = "9th", "9th grade"
    GRADE_10 = "10th", "10th grade"
    GRADE_11 = "11th", "11th grade"
    GRADE_12 = "12th", "12th grade, no diploma"
    HS_GRAD = "HS-grad", "High school graduate"
    SOME_COLLEGE = "Some-college", "Some college, no degree"
    ASSOC_VOC = "Assoc-voc", "Associate degree, vocational"
    ASSOC_ACDM = "Assoc-acdm", "Associate degree, academic"
    BACHELORS = "Bachelors", "Bachelor's degree"
    MASTERS = "Masters", "Master's degree"
    PROF_SCHOOL = "Prof-school", "Professional school degree"
    DOCTORATE = "Doctorate", "Doctorate"


class MaritalStatus(models.TextChoices):
    DIVORCED = "Divorced", "Divorced"
    MARRIED_AF_SPOUSE = "Married-AF-spouse", "Married, spouse in the Armed Forces"
    MARRIED_CIV_SPOUSE = "Married-civ-spouse", "Married, civilian spouse"
    MARRIED_SPOUSE_ABSENT = "Married-spouse-absent", "Married, spouse absent"
    NEVER_MARRIED = "Never-married", "Never married"
    SEPARATED = "Separated", "Separated"
    WIDOWED = "Widowed", "Widowed"


class Occupation(models.TextChoices):
    ADM_CLERICAL = "Adm-clerical", "Administrative support, clerical"
    ARMED_FORCES = "Armed-Forces", "Armed Forces"
    CRAFT_REPAIR = "Craft-repair", "Craft and repair"
    EXEC_MANAGERIAL = "Exec-managerial", "Executive, managerial"
    FARMING_FISHING = "Farming-fishing", "Farming, fishing"
    HANDLERS_CLEANERS = "Handlers-cleaners", "Handlers, cleaners"
    MACHINE_OP_INSPCT = "Machine-op-inspct", "Machine operators, inspectors"
    OTHER_SERVICE = "Other-service", "Other services"
    PRIV_HOUSE_SERV = "Priv-house-serv", "Private household services"
    PROF_SPECIALTY = "Prof-specialty", "Professional specialty"
    PROTECTIVE_SERV = "Protective-serv", "Protective services"
    SALES = "Sales", "Sales"
    TECH_SUPPORT = "Tech-support", "Technical support"
    TRANSPORT_MOVING = "Transport-moving", "Transport, moving"


class Relationship(models.TextChoices):
    HUSBAND = "Husband", "Husband"
    NOT_IN_FAMILY = "Not-in-family", "Not in a family"
    OTHER_RELATIVE = "Other-relative", "Other relative"
    OWN_CHILD = "Own-child", "Own child"
    UNMARRIED = "Unmarried", "Unmarried"
    WIFE = "Wife", "Wife"


class Race(models.TextChoices):
    AMER_INDIAN_ESKIMO = "Amer-Indian-Eskimo", "American Indian, Eskimo"
    ASIAN_PAC_ISLANDER = "Asian-Pac-Islander", "Asian, Pacific Islander"
    BLACK = "Black", "Black"
    OTHER = "Other", "Other"
    WHITE = "White", "White"


class Sex(models.TextChoices):
    FEMALE = "Female", "Female"
    MALE = "Male", "Male"


class NativeCountry(models.TextChoices):
    CAMBODIA = "Cambodia", "Cambodia"
    CANADA = "Canada", "Canada"
    CHINA = "China", "China"
    COLUMBIA = "Columbia", "Colombia"
    CUBA = "Cuba", "Cuba"
    DOMINICAN_REPUBLIC = "Dominican-Republic", "Dominican Republic"
    ECUADOR = "Ecuador", "Ecuador"
    EL_SALVADOR = "El-Salvador", "El Salvador"
    ENGLAND = "England", "England"
    FRANCE = "France", "France"
    GERMANY = "Germany", "Germany"
    GREECE = "Greece", "Greece"
    GUATEMALA = "Guatemala", "Guatemala"
    HAITI = "Haiti", "Haiti"
    HOLAND_NETHERLANDS = "Holand-Netherlands", "Netherlands"
    HONDURAS = "Honduras", "Honduras"
    HONG = "Hong", "Hong Kong"
    HUNGARY = "Hungary", "Hungary"
    INDIA = "India", "India"
    IRAN = "Iran", "Iran"
    IRELAND = "Ireland", "Ireland"
    ITALY = "Italy", "Italy"
    JAMAICA = "Jamaica", "Jamaica"
    JAPAN = "Japan", "Japan"
    LAOS = "Laos", "Laos"
    MEXICO = "Mexico", "Mexico"
    NICARAGUA = "Nicaragua", "Nicaragua"
    OUTLYING_US = "Outlying-US(Guam-USVI-etc)", "Outlying US (Guam, US Virgin Islands, …)"
    PERU = "Peru", "Peru"
    PHILIPPINES = "Philippines", "Philippines"
    POLAND = "Poland", "Poland"
    PORTUGAL = "Portugal", "Portugal"
    PUERTO_RICO = "Puerto-Rico", "Puerto Rico"
    SCOTLAND = "Scotland", "Scotland"
    SOUTH = "South", "South (as in the files; probably South Korea)"
    TAIWAN = "Taiwan", "Taiwan"
    THAILAND = "Thailand", "Thailand"
    TRINADAD_TOBAGO = "Trinadad&Tobago", "Trinidad and Tobago"
    UNITED_STATES = "United-States", "United States"
    VIETNAM = "Vietnam", "Vietnam"
    YUGOSLAVIA = "Yugoslavia", "Yugoslavia"


class Income(models.TextChoices):
    AT_MOST_50K = "<=50K", "At most 50,000 dollars a year"
    OVER_50K = ">50K", "Over 50,000 dollars a year"
