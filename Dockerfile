# Two images: the service, and its proxy nginx (`--target proxy`). See docs/container.md.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt requirements-formats.txt /tmp/
# "formats" adds SVG, PNG and Parquet; without it (`--build-arg EXTRAS=`) they are answered by 406.
ARG EXTRAS=formats
RUN pip --python /opt/venv/bin/python install --no-compile --only-binary :all: --require-hashes \
        -r /tmp/requirements${EXTRAS:+-$EXTRAS}.txt
WORKDIR /app
COPY LICENSE manage.py ./
COPY adultapi adultapi
COPY census census
# The settings require two values, which are neither used here nor stored.
RUN DATABASE_URL=postgresql:///none SECRET_KEY=none \
        /opt/venv/bin/python manage.py collectstatic --no-input --verbosity 0
# The bytecode is never compared with its source, since the image does not change. chmod makes the
# files readable whatever the umask of the checkout was.
RUN /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv /app \
    && chmod -R a+rX /app

FROM nginx:1.28 AS proxy
COPY docker/nginx.conf docker/start-proxy.sh /opt/proxy/
# chmod makes the files readable whatever the umask of the checkout was. A tmpfs gets the mode of
# the folder that it is mounted on.
RUN chmod 755 /opt/proxy /opt/proxy/start-proxy.sh && chmod 644 /opt/proxy/nginx.conf \
    && chmod 1777 /var/cache/nginx
USER 101:101
EXPOSE 8080
STOPSIGNAL SIGQUIT
# nginx itself answers this request (404), also while the service is down.
HEALTHCHECK --interval=5s --timeout=5s --retries=3 \
    CMD ["sh", "-c", "curl --silent --output /dev/null http://127.0.0.1:${PORT:-8080}/metrics"]
ENTRYPOINT ["/opt/proxy/start-proxy.sh"]
CMD []
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="adultapi-proxy" \
    org.opencontainers.image.description="nginx before the HTTP API for the Adult dataset" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.licenses="MIT"

FROM ${BASE}
RUN groupadd --gid 10001 adultapi \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin adultapi
# The layer that changes least comes first. The files belong to root: the service cannot write them.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH HOST=0.0.0.0 PORT=8000 HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# It checks the process, not the database: a restart does not help while the database is down.
HEALTHCHECK --interval=10s --timeout=10s --start-period=90s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz')"]
ENTRYPOINT ["python", "-m", "adultapi.container"]
CMD ["start"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="adultapi" \
    org.opencontainers.image.description="An HTTP API for the Adult (Census Income) dataset" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.licenses="MIT AND CC-BY-4.0"
