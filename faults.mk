# What is done to the service on purpose: tests/faults, with figures in docs/reliability.md.

test-faults test-fuzz: export FAULTS = 1
.PHONY: test-faults test-fuzz reliability

test-faults: venv-dev ## Break every part under load, send bad input: ARGS='-k database'
	@exec $(PY) -m pytest tests/faults --ignore tests/faults/test_fuzz.py $(ARGS)

test-fuzz: venv-dev ## Fuzz all operations of the OpenAPI description (minutes): FUZZ_EXAMPLES=100
	@exec $(PY) -m pytest tests/faults/test_fuzz.py $(ARGS)

reliability: export RELIABILITY = 1
reliability: test-fuzz test-faults ## Measure anew what docs/reliability.md tells
	@$(PY) -m tools.reliability
