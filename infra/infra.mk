# Targets of the infrastructure; the Makefile at the top includes them.

INFRA_PYTHON := .venv-infra/bin/python

.PHONY: deploy rollback destroy aws-shell aws-logs url test-infra

deploy: ## Build this commit's image and put it into service on AWS (ENVIRONMENT=, AWS_REGION=)
	@infra/scripts/deploy.sh

rollback: ## Put an earlier image back into service on AWS (TAG=)
	@infra/scripts/rollback.sh

destroy: ## Delete the deployment on AWS with all its data (CONFIRM=)
	@infra/scripts/destroy.sh

aws-shell: ## Open a session on an instance on AWS (INSTANCE=)
	@infra/scripts/shell.sh

aws-logs: ## Follow the service's log on AWS (SINCE=1h)
	@infra/scripts/logs.sh

url: ## Print where the deployment on AWS answers
	@infra/scripts/url.sh

.venv-infra/installed: infra/requirements.txt
	$(if $(wildcard $(INFRA_PYTHON)),,python3 -m venv .venv-infra)
	$(INFRA_PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

test-infra: ## Test the infrastructure: plans, a whole life on a mocked AWS, first boots
	@command -v terraform >/dev/null || { echo "test-infra needs Terraform 1.11 or later: get it from https://developer.hashicorp.com/terraform/install" >&2; exit 1; }
	@$(MAKE) --no-print-directory .venv-infra/installed
	@$(INFRA_PYTHON) -m pytest -c tests/infra/pytest.ini -n 2 --dist loadfile --durations 8 tests/infra
