# The benchmarks. The peers have their own virtual environment.

.PHONY: bench

bench: venv-dev .venv-bench ## Compare the service with its peers: ARGS='hot cold', ARGS=--all, ARGS=--help
	@PYTHONPATH=. $(PY) tests/benchmarks/run.py $(ARGS)

.venv-bench: tests/benchmarks/requirements.txt
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --require-hashes --requirement $<
	@touch .venv-bench
