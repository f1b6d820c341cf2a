# The command `reconciler` with every extra, for a machine without Python: `docker build --tag reconciler .`, then
# `docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/workspace" reconciler plan`. docs/installing.md says more.
FROM python:3.13-slim-trixie@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0 AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
# What is locked changes rarely, so it comes before the sources.
COPY requirements/build.txt requirements/extras.txt requirements/
RUN python -m venv /tools \
    && /tools/bin/python -m pip install --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /usr/local/reconciler \
    && /tools/bin/python -m pip --python /usr/local/reconciler/bin/python install --require-hashes --only-binary :all: \
       --requirement requirements/extras.txt
COPY pyproject.toml README.md LICENSE ./
COPY reconciler reconciler
RUN /tools/bin/python -m hatchling build --target wheel --directory /wheels \
    && /tools/bin/python -m pip --python /usr/local/reconciler/bin/python install --no-deps --no-index /wheels/*.whl

FROM python:3.13-slim-trixie@sha256:8d9d0b8bcf6506481eae4907c18f5e3e7902e629f5f6d684f9e7c32e85e3ddf0

# `diff` and reviews read revisions with git. Debian keeps one version of it at a time, so none can be named here.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/reconciler /usr/local/reconciler
ENV PATH=/usr/local/reconciler/bin:$PATH
WORKDIR /workspace
# Nobody in particular: `--user` gives the numbers of whom the workspace belongs to.
USER 65532:65532
ENTRYPOINT ["reconciler"]
CMD ["--help"]
