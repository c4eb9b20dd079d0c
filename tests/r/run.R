# Asks a running service a table of questions and compares its answers with R's own.
# Usage: Rscript run.R URL FOLDER, the folder that of UCI's files (adult.data.gz, adult.test.gz).
#
# A file of questions calls check(path, member, expected): the answer at the path has that member,
# equal to R's number to a relative 1e-9. Members are named as in R: "value", "groups.2.value".

suppressPackageStartupMessages({
  library(survey)
  library(jsonlite)
})

arguments <- commandArgs(trailingOnly = TRUE)
service <- arguments[1]
folder <- arguments[2]
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)))

# --- The data ---------------------------------------------------------------------------------

columns <- c(
  "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
  "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
  "native_country", "income"
)

read <- function(name, skip, split) {
  part <- read.csv(
    file.path(folder, name), header = FALSE, col.names = columns, strip.white = TRUE,
    na.strings = "?", skip = skip
  )
  part$income <- sub("\\.$", "", part$income)
  part$split <- split
  part
}

people <- rbind(read("adult.data.gz", 0, "train"), read("adult.test.gz", 1, "test"))
stopifnot(nrow(people) == 48842)

# A sample of its own: the rows selected, and each group, as the service takes them.
design <- function(rows) svydesign(ids = ~1, weights = ~fnlwgt, data = rows)
everyone <- design(people)

# R's standard error of a domain, times this, is that of the domain as a sample of its own.
domain_factor <- function(n) sqrt(n / (n - 1) * (nrow(people) - 1) / nrow(people))

# --- Questions --------------------------------------------------------------------------------

compared <- 0
failed <- character()
answers <- new.env()

ask <- function(path) {
  if (is.null(answers[[path]])) {
    answers[[path]] <- fromJSON(paste0(service, path), simplifyVector = FALSE)
  }
  answers[[path]]
}

member <- function(answer, name) {
  for (part in strsplit(name, ".", fixed = TRUE)[[1]]) {
    answer <- if (grepl("^[0-9]+$", part)) answer[[as.integer(part)]] else answer[[part]]
  }
  answer
}

check <- function(path, name, expected, tolerance = 1e-9) {
  found <- tryCatch(unlist(member(ask(path), name)), error = function(e) conditionMessage(e))
  expected <- unname(as.vector(expected))
  same <- is.numeric(found) && length(found) == length(expected) &&
    isTRUE(all(abs(found - expected) <= tolerance * abs(expected)))
  compared <<- compared + length(expected)
  if (!same) {
    line <- paste0(
      path, " ", name, ": ", paste(format(found, digits = 17), collapse = " "), ", R has ",
      paste(format(expected, digits = 17), collapse = " ")
    )
    failed <<- c(failed, line)
  }
}

# Where in the list of groups the one with this key is.
group <- function(path, ...) {
  key <- list(...)
  for (place in seq_along(ask(path)$groups)) {
    if (identical(ask(path)$groups[[place]]$key[names(key)], key)) {
      return(paste0("groups.", place, "."))
    }
  }
  stop("no such group: ", path)
}

for (questions in sort(list.files(file.path(here, "questions"), full.names = TRUE))) {
  source(questions)
}

cat(failed, sep = "\n")
cat(sprintf("\n%d numbers compared with R %s, %d questions with a difference\n",
            compared, getRversion(), length(failed)))
quit(status = if (length(failed) > 0) 1 else 0)
