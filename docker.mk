# The service in containers: docs/container.md.

CONTAINER_ENGINE ?= docker
IMAGE ?= adultapi
PROXY_IMAGE ?= adultapi-proxy
# Charts and Parquet. An empty value leaves them out.
EXTRAS ?= formats
# The compose profiles of `make up`: cache, scale, or both.
PROFILES ?=

.PHONY: image up down logs secrets test-image test-compose sbom audit

# podman's own image format has no health check.
export BUILDAH_FORMAT = docker
export IMAGE PROXY_IMAGE
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' adultapi/__init__.py)
# The commit, with -dirty if files differ from it.
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)
# Without the user name and password of the URL.
SOURCE = $(shell git remote get-url origin 2>/dev/null | sed 's|//[^/@]*@|//|')

LABELS = --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
	--build-arg SOURCE=$(or $(SOURCE),unknown)

image: ## Build the images of the service and of the proxy: IMAGE=name:tag, PROXY_IMAGE=name:tag
	$(CONTAINER_ENGINE) build --tag $(IMAGE) $(PLATFORM:%=--platform %) --build-arg EXTRAS=$(EXTRAS) \
		$(LABELS) .
	$(CONTAINER_ENGINE) build --tag $(PROXY_IMAGE) $(PLATFORM:%=--platform %) --target proxy $(LABELS) .

COMPOSE = $(CONTAINER_ENGINE) compose
ifneq ($(filter cache,$(PROFILES)),)
up: export CACHE_URL := redis://cache:6379/0
endif
ifneq ($(filter scale,$(PROFILES)),)
up: export SERVICE := web:8000,web-2:8000
endif
up: secrets image ## Serve in containers on http://127.0.0.1:8000 (PORT): PROFILES='cache scale'
	$(COMPOSE) $(PROFILES:%=--profile %) up --detach --wait

down: ## Stop the containers; ARGS=--volumes also removes the database
	$(COMPOSE) --profile cache --profile scale down $(ARGS)

logs: ## Follow the logs of the containers
	@$(COMPOSE) --profile cache --profile scale logs --follow $(ARGS)

secrets: # writes those that .env lacks, at random
	@touch .env && chmod go= .env && for name in POSTGRES_PASSWORD READER_PASSWORD SECRET_KEY; do \
		grep -q "^$$name=." .env || { echo "Adding $$name to .env."; \
		test -z "$$(tail -c 1 .env)" || echo >>.env; \
		echo "$$name=$$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')" >>.env; }; done

test-image: venv-dev image ## Build the images and test them
	@exec $(PY) -m pytest tests/image $(ARGS)

test-compose: venv-dev image ## Test `make up` with each profile, and `make down`
	@exec $(PY) -m pytest tests/compose $(ARGS)

LOCKED = requirements$(EXTRAS:%=-%).txt
UV_TOOL = .venv/bin/uv tool run --quiet --from

sbom: venv-dev ## Write the packages of the image to sbom.json (CycloneDX), from the lock
	$(UV_TOOL) cyclonedx-bom==7.5.0 cyclonedx-py requirements --pyproject pyproject.toml \
		--mc-type application --output-reproducible --output-file sbom.json $(LOCKED)

# A package that cannot be looked up is a failure, too.
audit: venv-dev ## Look up known vulnerabilities of the packages of the image
	@$(UV_TOOL) pip-audit==2.10.1 pip-audit --strict --progress-spinner off --disable-pip \
		--require-hashes --requirement $(LOCKED) || { status=$$?; \
		echo "There are vulnerabilities, or a lookup failed. The lock contains, for all systems:"; \
		sed -n 's/^\([][, a-z0-9._-]*==[^ ]*\).*/\1/p' $(LOCKED); exit $$status; }
