# Groups compared: means by Welch, shares by Newcombe, both linearised with the weight.

welch <- function(path, column, by, reference) {
  rows <- people[!is.na(people[[by]]), ]
  groups <- setdiff(unique(rows[[by]]), reference)
  tests <- lapply(groups, function(g) {
    t.test(rows[[column]][rows[[by]] == g], rows[[column]][rows[[by]] == reference])
  })
  for (place in seq_along(groups)) {
    at <- do.call(group, c(list(path), setNames(list(groups[place]), by)))
    test <- tests[[place]]
    check(path, paste0(at, "difference"), -diff(test$estimate))
    check(path, paste0(at, "difference_standard_error"), test$stderr)
    check(path, paste0(at, "difference_ci_lower"), test$conf.int[1])
    check(path, paste0(at, "difference_ci_upper"), test$conf.int[2])
    check(path, paste0(at, "statistic"), test$statistic)
    check(path, paste0(at, "df"), test$parameter)
    log_p <- pt(-abs(test$statistic), test$parameter, log.p = TRUE) + log(2)
    check(path, paste0(at, "log10_p"), log_p / log(10))
    ks <- suppressWarnings(ks.test(
      rows[[column]][rows[[by]] == groups[place]], rows[[column]][rows[[by]] == reference]
    ))
    check(path, paste0(at, "ks"), ks$statistic)
  }
  adjusted <- p.adjust(sapply(tests, function(test) test$p.value), "holm")
  for (place in which(adjusted > 1e-280)) {
    at <- do.call(group, c(list(path), setNames(list(groups[place]), by)))
    check(path, paste0(at, "p_adjusted"), adjusted[place])
  }
  overall <- oneway.test(as.formula(paste(column, "~", by)), rows)
  check(path, "f", overall$statistic)
  check(path, "f_df1", overall$parameter[1])
  check(path, "f_df2", overall$parameter[2])
}

welch("/v1/comparison/hours_per_week?group_by=sex&reference=Male", "hours_per_week", "sex", "Male")
welch("/v1/comparison/age?group_by=race", "age", "race", "White")
welch("/v1/comparison/age?group_by=relationship&reference=Wife", "age", "relationship", "Wife")

# Two weighted means: svyttest takes all rows for the sample; ours takes each group for one.
path <- "/v1/comparison/hours_per_week?group_by=sex&reference=Male&weight=fnlwgt"
at <- group(path, sex = "Female")
means <- lapply(c("Female", "Male"), function(s) {
  svymean(~hours_per_week, design(subset(people, sex == s)))
})
difference <- coef(means[[1]]) - coef(means[[2]])
error <- sqrt(SE(means[[1]])^2 + SE(means[[2]])^2)
check(path, paste0(at, "difference"), difference)
check(path, paste0(at, "difference_standard_error"), error)
check(path, paste0(at, "statistic"), difference / error)
check(path, paste0(at, "df"), nrow(people) - 2)
log_p <- pt(-abs(difference / error), nrow(people) - 2, log.p = TRUE) + log(2)
check(path, paste0(at, "log10_p"), log_p / log(10))
check(path, "f", (difference / error)^2)
domains <- svyby(~hours_per_week, ~sex, everyone, svymean)
sizes <- c(sum(people$sex == "Female"), sum(people$sex == "Male"))
check(
  path, paste0(at, "difference_standard_error"),
  sqrt(sum((SE(domains) * sapply(sizes, domain_factor))^2))
)

# Shares: prop.test's statistic is the square of ours.
path <- "/v1/comparison/income?value=%3E50K&group_by=sex&reference=Male"
at <- group(path, sex = "Female")
rich <- c(
  sum(people$sex == "Female" & people$income == ">50K"),
  sum(people$sex == "Male" & people$income == ">50K")
)
test <- prop.test(rich, sizes, correct = FALSE)
check(path, paste0(at, "difference"), -diff(test$estimate))
check(path, paste0(at, "statistic"), -sqrt(test$statistic))
wilson <- lapply(1:2, function(i) prop.test(rich[i], sizes[i], correct = FALSE)$conf.int)
p <- rich / sizes
check(
  path, paste0(at, "difference_ci_lower"),
  p[1] - p[2] - sqrt((p[1] - wilson[[1]][1])^2 + (wilson[[2]][2] - p[2])^2)
)
check(
  path, paste0(at, "difference_ci_upper"),
  p[1] - p[2] + sqrt((wilson[[1]][2] - p[1])^2 + (p[2] - wilson[[2]][1])^2)
)
odds <- (rich / (sizes - rich))[1] / (rich / (sizes - rich))[2]
error <- sqrt(sum(1 / c(rich, sizes - rich)))
check(path, paste0(at, "odds_ratio"), odds)
check(path, paste0(at, "odds_ratio_ci_lower"), odds * exp(-qnorm(0.975) * error))

# Label fairness is the same difference by its other name.
fair <- "/v1/fairness/sex?reference=Male"
at_fair <- group(fair, sex = "Female")
check(fair, paste0(at_fair, "statistical_parity_difference"), p[1] - p[2])
check(fair, paste0(at_fair, "spd_standard_error"), sqrt(sum(p * (1 - p) / sizes)))
check(fair, paste0(at_fair, "disparate_impact"), p[1] / p[2])
error <- sqrt(sum((1 - p) / rich))
check(fair, paste0(at_fair, "di_ci_lower"), p[1] / p[2] * exp(-qnorm(0.975) * error))
fair <- "/v1/fairness/sex?reference=Male&weight=fnlwgt"
shares <- lapply(c("Female", "Male"), function(s) {
  svymean(~ I(as.numeric(income == ">50K")), design(subset(people, sex == s)))
})
difference <- coef(shares[[1]]) - coef(shares[[2]])
error <- sqrt(SE(shares[[1]])^2 + SE(shares[[2]])^2)
check(fair, paste0(at_fair, "spd_standard_error"), error)
check(fair, paste0(at_fair, "spd_ci_lower"), difference + qt(0.025, nrow(people) - 2) * error)
