"""Answers about several columns at once: profiles, tables, comparisons and regressions."""
