# Fault injection: tests/faults.

test-faults test-fuzz: export FAULTS = 1
.PHONY: test-faults test-fuzz

test-faults: venv-dev ## Break parts of the running service and send it bad input: ARGS='-k database'
	@exec $(PY) -m pytest tests/faults --ignore tests/faults/test_fuzz.py $(ARGS)

test-fuzz: venv-dev ## Fuzz all operations of the OpenAPI description, for minutes: FUZZ_EXAMPLES=100
	@exec $(PY) -m pytest tests/faults/test_fuzz.py $(ARGS)
