# --- Pages ------------------------------------------------------------------------------------

.PHONY: test-browser test-first-visit screenshots vendor static

FIRST_VISIT := tests/browser/test_first_visit.py

test-browser: static ## Test the pages in a real Chromium: ARGS='-k phone'
	@exec $(PY) -m pytest tests/browser -n logical --maxprocesses 4 --dist worksteal --ignore $(FIRST_VISIT) $(ARGS)

test-first-visit: static ## Time the first visit in that Chromium, over a slow line
	@exec $(PY) -m pytest $(FIRST_VISIT) $(ARGS)

screenshots: static ## Take the screenshots of docs/images, in that Chromium
	@SCREENSHOTS=docs/images exec $(PY) -m pytest tests/browser/screenshots.py tests/browser/test_walks.py $(ARGS)

static: venv-dev
	@DJANGO_SETTINGS_MODULE=adultapi.settings $(PY) -c \
		'import django; django.setup(); from adultapi.local import collect_static; collect_static()'

vendor: ## Fetch the scripts that draw charts from npm, by version and digest
	@exec $(PYTHON) tools/vendor.py
