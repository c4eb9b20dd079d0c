# Targets of the infrastructure; the Makefile at the top includes them.

INFRA_PYTHON := .venv-infra/bin/python

.PHONY: plan deploy rollback destroy ssh aws-shell aws-logs url test-infra test-instance

plan: ## Show what `make deploy` would change on AWS
	@infra/scripts/plan.sh

deploy: ## Build this commit's image and put it into service on AWS (ENVIRONMENT=, AWS_REGION=)
	@infra/scripts/deploy.sh

rollback: ## Put an earlier image, with its AMI and settings, back into service on AWS (TAG=)
	@infra/scripts/rollback.sh

destroy: ## Delete the deployment on AWS with all its data (CONFIRM=)
	@infra/scripts/destroy.sh

ssh: ## Log in to an instance on AWS by SSH, through Session Manager (INSTANCE=, ARGS=)
	@infra/scripts/ssh.sh

aws-shell: ## Open a session on an instance on AWS (INSTANCE=)
	@infra/scripts/shell.sh

aws-logs: ## Follow the service's log on AWS, from 60 minutes ago (SINCE=60)
	@infra/scripts/logs.sh

url: ## Print where the deployment on AWS answers
	@infra/scripts/url.sh

# uv, of the version in requirements-dev.txt, installs in seconds what takes pip minutes.
.venv-infra/installed: tests/infra/requirements.txt
	@echo "Installing $< into .venv-infra, only this once."
	@$(PYTHON) -m venv .venv-infra
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt >.venv-infra/uv.txt
	@$(INFRA_PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv-infra/uv.txt
	@.venv-infra/bin/uv pip install --quiet --python .venv-infra --require-hashes -r $<
	@touch $@

# A process for each module: most of the time they wait for Terraform, which waits.
test-infra: ## Test the infrastructure: plans, a whole life on a mocked AWS, first boots
	@command -v terraform >/dev/null || { echo "Error: test-infra needs Terraform 1.11 or later: get it from https://developer.hashicorp.com/terraform/install" >&2; exit 1; }
	@$(MAKE) --no-print-directory .venv-infra/installed
	@$(INFRA_PYTHON) -m pytest -c tests/infra/pytest.ini -m 'not engine' -n 15 --dist loadfile --durations 8 tests/infra $(ARGS)

test-instance: image ## Run the containers of an instance on AWS under this machine's engine
	@$(MAKE) --no-print-directory .venv-infra/installed
	@$(INFRA_PYTHON) -m pytest -c tests/infra/pytest.ini -m engine tests/infra/test_instance.py $(ARGS)
