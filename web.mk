# What the pages in a browser need.

.PHONY: vendor test-browser screenshots

test-browser: venv-dev ## Try the pages in a real Chromium: ARGS='-k phone'
	@exec $(PY) -m pytest tests/browser -m browser $(ARGS)

screenshots: venv-dev ## Make the pictures of docs/images anew
	@exec $(PY) -m pytest tests/browser -m screenshots $(ARGS)

vendor: ## Fetch the scripts of the pages from npm, by version and digest
	@exec $(PYTHON) tools/vendor.py
