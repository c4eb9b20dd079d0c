# --- Pages ------------------------------------------------------------------------------------

.PHONY: test-browser screenshots vendor

test-browser: venv-dev ## Test the pages in a real Chromium: ARGS='-k phone'
	@exec $(PY) -m pytest tests/browser $(ARGS)

screenshots: venv-dev ## Take the screenshots of docs/images, in that Chromium
	@exec $(PY) -m pytest tests/browser/screenshots.py $(ARGS)

vendor: ## Fetch the scripts that draw charts from npm, by version and digest
	@exec $(PYTHON) tools/vendor.py
