# The service in containers: docs/container.md.

CONTAINER_ENGINE ?= docker
IMAGE ?= adultapi
PROXY_IMAGE ?= adultapi-proxy
# Charts and Parquet; nothing leaves them out.
EXTRAS ?= formats
# For `make up`: cache, scale, or both.
PROFILES ?=

.PHONY: image up down logs secrets test-image test-compose sbom audit

# What podman builds has no health check in its own format.
export BUILDAH_FORMAT = docker
export IMAGE PROXY_IMAGE
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' adultapi/__init__.py)
# The commit, and whether the files are not quite its.
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)
# Without a name and password, should the address have them.
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

down: ## Stop the containers; the database stays, but with ARGS=--volumes
	$(COMPOSE) --profile cache --profile scale down $(ARGS)

logs: ## Follow what the containers say
	@$(COMPOSE) --profile cache --profile scale logs --follow $(ARGS)

secrets: # those that .env lacks, made at random
	@touch .env && chmod go= .env && for name in POSTGRES_PASSWORD READER_PASSWORD SECRET_KEY; do \
		grep -q "^$$name=." .env || { echo "Adding $$name to .env."; \
		test -z "$$(tail -c 1 .env)" || echo >>.env; \
		echo "$$name=$$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')" >>.env; }; done

test-image: venv-dev image ## Build the image and try it as it ships
	@exec $(PY) -m pytest tests/image $(ARGS)

test-compose: venv-dev image ## Try `make up` with each profile, and that `down` leaves nothing
	@exec $(PY) -m pytest tests/compose $(ARGS)

LOCKED = requirements$(EXTRAS:%=-%).txt
UV_TOOL = .venv/bin/uv tool run --quiet --from

sbom: venv-dev ## Write what the image holds to sbom.json (CycloneDX), from the lock
	$(UV_TOOL) cyclonedx-bom==7.5.0 cyclonedx-py requirements --pyproject pyproject.toml \
		--mc-type application --output-reproducible --output-file sbom.json $(LOCKED)

# Nothing is passed over in silence: not found where it is looked up is a failure, too.
audit: venv-dev ## Look up known vulnerabilities of what the image holds; where that fails, list it
	@$(UV_TOOL) pip-audit==2.10.1 pip-audit --strict --progress-spinner off --disable-pip \
		--require-hashes --requirement $(LOCKED) || { status=$$?; \
		echo "Something was found, or not all could be looked up. The lock holds, for all systems:"; \
		sed -n 's/^\([][, a-z0-9._-]*==[^ ]*\).*/\1/p' $(LOCKED); exit $$status; }
