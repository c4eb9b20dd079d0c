# Two-way tables, correlations and profiles.

crosstab <- function(row, column) {
  path <- paste0("/v1/crosstab/", row, "/", column, "?cells=true")
  counts <- table(people[[row]], people[[column]])
  test <- suppressWarnings(chisq.test(counts, correct = FALSE))
  check(path, "chi2", test$statistic)
  log_p <- pchisq(test$statistic, test$parameter, lower.tail = FALSE, log.p = TRUE)
  check(path, "log10_p", log_p / log(10))
  check(path, "expected", t(test$expected))
  check(path, "adjusted_residuals", t(test$stdres))
  check(path, "row_proportions", t(prop.table(counts, 1)))
  check(path, "column_proportions", t(prop.table(counts, 2)))
  check(path, "total_proportions", t(prop.table(counts)))
  positive <- counts[counts > 0]
  check(path, "g2", 2 * sum(positive * log(positive / test$expected[counts > 0])))

  path <- paste0(path, "&weight=fnlwgt")
  formula <- as.formula(paste0("~", row, "+", column))
  rows <- people[!is.na(people[[row]]) & !is.na(people[[column]]), ]
  whole <- svytable(formula, design(rows))
  check(path, "weighted_counts", t(whole))
  check(path, "row_proportions", t(prop.table(whole, 1)))
  if (all(counts > 0)) {
    test <- svychisq(formula, design(rows), statistic = "F")
    check(path, "rao_scott_f", test$statistic)
    check(path, "rao_scott_df1", test$parameter[1])
    check(path, "rao_scott_df2", test$parameter[2])
  }
}

crosstab("sex", "income")
crosstab("race", "income")
crosstab("relationship", "sex")
crosstab("workclass", "income")

path <- "/v1/crosstab/sex/income?layer=race"
strata <- table(people$sex, people$income, people$race)
storage.mode(strata) <- "double" # integers overflow in it
test <- mantelhaen.test(strata, correct = FALSE)
check(path, "cmh_chi2", test$statistic)
check(path, "common_odds_ratio", test$estimate)
check(path, "common_odds_ratio_ci_lower", test$conf.int[1])
check(path, "common_odds_ratio_ci_upper", test$conf.int[2])

# The residual of a weighted cell is a contrast of the cells' shares.
path <- "/v1/crosstab/sex/income?cells=true&weight=fnlwgt"
w <- people$fnlwgt / sum(people$fnlwgt)
in_row <- people$sex == "Female"
in_column <- people$income == "<=50K"
people$u <- (in_row & in_column) - sum(w * in_column) * in_row - sum(w * in_row) * in_column
residual <- sum(w * (in_row & in_column)) - sum(w * in_row) * sum(w * in_column)
check(path, "adjusted_residuals.1.1", residual / SE(svymean(~u, design(people))), 1e-8)

path <- "/v1/correlation?columns=age,education_num,hours_per_week"
numbers <- people[c("age", "education_num", "hours_per_week")]
check(path, "matrix", cor(numbers))
check(paste0(path, "&weight=fnlwgt"), "matrix", cov.wt(numbers, people$fnlwgt, cor = TRUE)$cor)

path <- "/v1/statistics"
check(path, "statistics.1.column_statistics.mean", mean(people$age))
check(path, "statistics.1.column_statistics.std", sd(people$age))
check(path, "statistics.1.column_statistics.median", median(people$age))
check("/v1/fields/age", "distinct", length(unique(people$age)))
check("/v1/people?sex=Female", "count", sum(people$sex == "Female"))
