# --- Pages ------------------------------------------------------------------------------------

.PHONY: test-browser screenshots vendor

test-browser: venv-dev ## Try the pages in a real Chromium: ARGS='-k phone'
	@exec $(PY) -m pytest tests/browser $(ARGS)

screenshots: venv-dev ## Make the pictures of docs/images anew, with that Chromium
	@exec $(PY) -m pytest tests/browser/screenshots.py $(ARGS)

vendor: ## Fetch the scripts that draw in a page from npm, by version and digest
	@exec $(PYTHON) tools/vendor.py
