"""The explorer: its states, its form, the answer, and code that gives the same."""
