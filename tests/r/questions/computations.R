# Means, totals, spread, quantiles and shares, with and without the weight.

selections <- list(
  list(query = "", rows = people),
  list(query = "sex=Female", rows = subset(people, sex == "Female")),
  list(query = "workclass=Never-worked", rows = subset(people, workclass == "Never-worked")),
  list(query = "age__gte=65&race=Other", rows = subset(people, age >= 65 & race == "Other"))
)

for (chosen in selections) {
  rows <- chosen$rows
  weighted <- design(rows)
  url <- function(metric, column, ...) {
    query <- paste(c(chosen$query[chosen$query != ""], ...), collapse = "&")
    paste0("/v1/computation/", metric, "/", column, if (query != "") "?", query)
  }
  for (column in c("age", "hours_per_week", "capital_gain")) {
    formula <- as.formula(paste0("~", column))
    x <- rows[[column]]
    plain <- url("mean", column)
    check(plain, "value", mean(x))
    if (sd(x) > 0) {
      check(plain, "standard_error", sd(x) / sqrt(length(x)))
      check(plain, "ci_lower", t.test(x)$conf.int[1])
      check(plain, "ci_upper", t.test(x)$conf.int[2])
    }
    check(url("sum", column), "value", sum(x))
    check(url("std", column), "value", sd(x))
    check(url("variance", column), "value", var(x))
    path <- url("quantiles", column, "q=0.1,0.25,0.5,0.9")
    for (place in 1:4) {
      q <- c(0.1, 0.25, 0.5, 0.9)[place]
      check(path, paste0("quantiles.", place, ".value"), quantile(x, q, type = 7))
    }

    path <- url("mean", column, "weight=fnlwgt")
    mean_of <- svymean(formula, weighted, deff = "replace")
    check(path, "value", coef(mean_of))
    if (sd(x) > 0) {
      check(path, "standard_error", SE(mean_of))
      check(path, "ci_lower", confint(mean_of, df = degf(weighted))[1])
      check(path, "ci_upper", confint(mean_of, df = degf(weighted))[2])
      check(path, "deff", deff(mean_of))
    }
    check(url("variance", column, "weight=fnlwgt"), "value", coef(svyvar(formula, weighted)))
    path <- url("quantiles", column, "q=0.1,0.25,0.5,0.9", "weight=fnlwgt")
    points <- svyquantile(formula, weighted, c(0.1, 0.25, 0.5, 0.9), ci = FALSE, qrule = "math")
    # Below the share of the least value R gives the second.
    least <- sum(rows$fnlwgt[x == min(x)]) / sum(rows$fnlwgt)
    for (place in which(c(0.1, 0.25, 0.5, 0.9) > least)) {
      check(path, paste0("quantiles.", place, ".value"), points[[1]][place])
    }
  }

  # Totals follow the domain rule: the rows outside count as zeros.
  inside <- rownames(people) %in% rownames(rows)
  path <- url("sum", "hours_per_week", "weight=fnlwgt")
  total <- svytotal(~ I(hours_per_week * inside), everyone)
  check(path, "value", coef(total))
  check(path, "standard_error", SE(total))
  check(path, "ci_lower", confint(total, df = degf(everyone))[1])
  path <- url("count", "occupation", "weight=fnlwgt")
  total <- svytotal(~ I(inside & !is.na(occupation)), everyone)
  check(path, "value", coef(total)[2])
  check(path, "standard_error", SE(total)[2])

  rich <- sum(rows$income == ">50K")
  path <- url("proportion", "income", "value=%3E50K")
  check(path, "value", rich / nrow(rows), 1e-12)
  wilson <- suppressWarnings(prop.test(rich, nrow(rows), correct = FALSE))$conf.int
  if (rich > 0) check(path, "ci_lower", wilson[1])
  check(path, "ci_upper", wilson[2])
  path <- url("proportion", "income", "value=%3E50K", "interval=korn_graubard")
  exact <- binom.test(rich, nrow(rows))$conf.int
  check(path, "ci_lower", exact[1])
  check(path, "ci_upper", exact[2])
  if (rich > 0) {
    for (interval in c("", "interval=korn_graubard")) {
      path <- url("proportion", "income", "value=%3E50K", "weight=fnlwgt", interval[interval != ""])
      method <- if (interval == "") "xlogit" else "beta"
      share <- svyciprop(~ I(income == ">50K"), weighted, method = method)
      check(path, "value", coef(share))
      check(path, "ci_lower", confint(share)[1])
      check(path, "ci_upper", confint(share)[2])
    }
  }
}

# Each group is a sample of its own; R's domain has the factor of all rows.
path <- "/v1/computation/mean/age?group_by=sex&weight=fnlwgt"
by_sex <- svyby(~age, ~sex, everyone, svymean)
for (sex in c("Female", "Male")) {
  n <- sum(people$sex == sex)
  at <- group(path, sex = sex)
  check(path, paste0(at, "value"), coef(by_sex)[sex])
  check(path, paste0(at, "standard_error"), SE(by_sex)[match(sex, by_sex$sex)] * domain_factor(n))
}

people$age_band <- cut(people$age, c(-Inf, 25, 35, 45, 55, 65, Inf), right = FALSE,
                       labels = c("<25", "25-34", "35-44", "45-54", "55-64", ">=65"))
everyone <- design(people)
path <- "/v1/computation/mean/hours_per_week?group_by=age&age__bands=25,35,45,55,65&weight=fnlwgt"
by_age <- svyby(~hours_per_week, ~age_band, everyone, svymean)
for (band in levels(people$age_band)) {
  n <- sum(people$age_band == band)
  at <- group(path, age = band)
  place <- match(band, by_age$age_band)
  check(path, paste0(at, "value"), coef(by_age)[place])
  check(path, paste0(at, "standard_error"), SE(by_age)[place] * domain_factor(n))
}

# Shares of categories, each with its own interval.
path <- "/v1/computation/distribution/race?weight=fnlwgt&order_by=key"
races <- sort(unique(people$race))
for (place in seq_along(races)) {
  people$is <- people$race == races[place]
  share <- svyciprop(~is, design(people), method = "xlogit")
  at <- paste0("buckets.", place, ".")
  check(path, paste0(at, "proportion"), coef(share))
  check(path, paste0(at, "standard_error"), sqrt(vcov(share)) )
  check(path, paste0(at, "ci_lower"), confint(share)[1])
  check(path, paste0(at, "ci_upper"), confint(share)[2])
}
