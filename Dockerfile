# The node as an image.  BASE is any Debian-like image with python3 (3.11 or newer) and its venv module.  Without a network: `make wheelhouse`
# first, then build; what the build needs is in the context then.  A mirror of the ministry: --build-arg PIP_INDEX_URL=...
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${BASE} AS build
ARG PIP_INDEX_URL
WORKDIR /src
COPY . .
RUN if [ -d wheelhouse ]; then export PIP_NO_INDEX=1 PIP_FIND_LINKS=/src/wheelhouse; fi \
 && python3 -m venv /opt/build && python3 -m venv /opt/istmo \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r deploy/build.lock \
 && /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /opt/build/made . \
 && /opt/istmo/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/istmo/bin/pip install --no-cache-dir --no-deps --no-index /opt/build/made/istmo-*.whl \
 && /opt/istmo/bin/pip uninstall --yes pip setuptools \
 && /opt/istmo/bin/istmo --version

# hadolint ignore=DL3006
FROM ${BASE}
COPY --from=build /opt/istmo /opt/istmo
RUN groupadd --gid 10001 istmo \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/istmo --shell /usr/sbin/nologin istmo \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/istmo
ENV PATH=/opt/istmo/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/tmp
# The settings' defaults, var/istmo.db and var/secrets, lie in the volume then.
WORKDIR /var/lib/istmo
VOLUME /var/lib/istmo
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python3", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8080, timeout=4); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["istmo", "serve", "--host", "0.0.0.0"]
