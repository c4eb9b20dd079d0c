"""Regressions from sums over covariate patterns, and Oaxaca and Blinder's decomposition."""
