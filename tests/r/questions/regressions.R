# Regressions, standardised values and decompositions.

modelled <- people # the largest category is the reference
modelled$rich <- as.numeric(people$income == ">50K")
modelled$sex <- relevel(factor(people$sex), "Male")
modelled$race <- relevel(factor(people$race), "White")

coefficients_of <- function(path, estimates, errors, terms, tolerance = 1e-8) {
  for (place in seq_along(estimates)) {
    at <- paste0("coefficients.", place, ".")
    stopifnot(identical(ask(path)$coefficients[[place]]$term, terms[place]))
    check(path, paste0(at, "estimate"), estimates[place], tolerance)
    check(path, paste0(at, "standard_error"), errors[place], tolerance)
  }
}

terms <- c("(intercept)", "age", "education_num", "sex=Female")
formula <- ~ age + education_num + sex

path <- "/v1/regression/linear/hours_per_week?on=age,education_num,sex"
fit <- lm(update(formula, hours_per_week ~ .), modelled)
coefficients_of(path, coef(fit), sqrt(diag(vcov(fit))), terms)
check(path, "r_squared", summary(fit)$r.squared)
check(path, "adjusted_r_squared", summary(fit)$adj.r.squared)
check(path, "residual_standard_error", sigma(fit))
check(path, "f", summary(fit)$fstatistic[1], 1e-8)
x <- model.matrix(fit)
e <- residuals(fit)
bread <- solve(crossprod(x))
hc1 <- nrow(x) / df.residual(fit) * bread %*% crossprod(x * e) %*% bread
coefficients_of(paste0(path, "&errors=hc1"), coef(fit), sqrt(diag(hc1)), terms)
hc3 <- bread %*% crossprod(x * (e / (1 - hatvalues(fit)))) %*% bread
coefficients_of(paste0(path, "&errors=hc3"), coef(fit), sqrt(diag(hc3)), terms)

weighted <- svyglm(update(formula, hours_per_week ~ .), design(modelled))
coefficients_of(paste0(path, "&weight=fnlwgt"), coef(weighted), SE(weighted), terms)

product <- "/v1/regression/linear/hours_per_week?on=age,sex,sex:age"
fit <- lm(hours_per_week ~ age + sex + sex:age, modelled)
coefficients_of(
  product, coef(fit), sqrt(diag(vcov(fit))), c("(intercept)", "age", "sex=Female", "sex=Female:age")
)

# glm's covariance is a step old: fitted once more from its solution.
path <- "/v1/regression/logistic/income?value=%3E50K&on=age,education_num,sex"
exact <- glm.control(epsilon = 1e-15, maxit = 50)
fit <- glm(update(formula, rich ~ .), binomial, modelled, control = exact)
fit <- update(fit, start = coef(fit))
coefficients_of(path, coef(fit), sqrt(diag(vcov(fit))), terms)
check(path, "deviance", deviance(fit))
check(path, "null_deviance", fit$null.deviance)
check(path, "aic", AIC(fit))
weighted <- svyglm(
  update(formula, rich ~ .), design(modelled), family = quasibinomial, control = exact
)
weighted <- update(weighted, start = coef(weighted))
coefficients_of(paste0(path, "&weight=fnlwgt"), coef(weighted), SE(weighted), terms)

# Direct standardisation to the ages of all.
path <- paste0(
  "/v1/computation/proportion/income?value=%3E50K&group_by=sex&standardize=age",
  "&age__bands=25,35,45,55,65&weight=fnlwgt"
)
standard <- svystandardize(
  design(modelled), by = ~age_band, over = ~sex,
  population = as.numeric(svytable(~age_band, design(modelled)))
)
values <- svyby(~rich, ~sex, standard, svymean)
for (sex in c("Female", "Male")) {
  check(path, paste0(group(path, sex = sex), "value"), coef(values)[sex])
}

# Oaxaca and Blinder: a regression in each group; the errors by Jann's formulas.
oaxaca <- function(path, means, fits) {
  x1 <- coef(means$women)
  x0 <- coef(means$men)
  b1 <- coef(fits$women)
  b0 <- coef(fits$men)
  at <- group(path, sex = "Female")
  check(path, paste0(at, "explained"), sum((x1 - x0) * b0), 1e-8)
  check(path, paste0(at, "unexplained"), sum(x1 * (b1 - b0)), 1e-8)
  of_means <- vcov(means$women) + vcov(means$men)
  explained <- t(x1 - x0) %*% vcov(fits$men) %*% (x1 - x0) + t(b0) %*% of_means %*% b0
  check(path, paste0(at, "explained_standard_error"), sqrt(explained), 1e-8)
  of_coefficients <- vcov(fits$women) + vcov(fits$men)
  unexplained <- t(x1) %*% of_coefficients %*% x1 +
    t(b1 - b0) %*% vcov(means$women) %*% (b1 - b0)
  check(path, paste0(at, "unexplained_standard_error"), sqrt(unexplained), 1e-8)
  for (place in 2:length(x1)) {
    of <- paste0(at, "coefficients.", place, ".")
    check(path, paste0(of, "explained"), (x1 - x0)[place] * b0[place], 1e-8)
    check(path, paste0(of, "unexplained"), x1[place] * (b1 - b0)[place], 1e-8)
  }
}

by_sex <- list(women = modelled[modelled$sex == "Female", ], men = modelled[modelled$sex == "Male", ])
query <- "?group_by=sex&reference=Male&on=age,education_num,race"
right <- ~ age + education_num + race
for (y in c("hours_per_week", "rich")) {
  path <- paste0(
    "/v1/decomposition/oaxaca/", if (y == "rich") "income" else y, query,
    if (y == "rich") "&value=%3E50K"
  )
  model <- update(right, as.formula(paste(y, "~ .")))
  unweighted <- lapply(by_sex, function(rows) {
    svydesign(ids = ~1, weights = ~1, data = cbind(rows, x = model.matrix(right, rows)))
  })
  means <- lapply(unweighted, function(d) {
    svymean(as.matrix(d$variables[grep("^x\\.", names(d$variables))]), d)
  })
  oaxaca(path, means, lapply(by_sex, function(rows) lm(model, rows)))

  linearised <- lapply(by_sex, function(rows) {
    design(cbind(rows, x = model.matrix(right, rows)))
  })
  means <- lapply(linearised, function(d) {
    svymean(as.matrix(d$variables[grep("^x\\.", names(d$variables))]), d)
  })
  fits <- lapply(linearised, function(d) svyglm(model, d))
  oaxaca(paste0(path, "&weight=fnlwgt"), means, fits)
}
