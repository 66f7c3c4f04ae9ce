# `mockserver serve` in a container: not root, needs no writable file system, says whether it is well.
# What follows the name of the image are arguments of `serve`.
FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/mockserver && \
    /opt/mockserver/bin/python -m pip install --no-cache-dir --quiet ".[uvloop]"

FROM python:3.13-slim
COPY --from=build /opt/mockserver /opt/mockserver
# Docker publishes the port; without that, nobody outside of the container reaches it.
ENV PATH="/opt/mockserver/bin:$PATH" \
    MOCKSERVER_HOST=0.0.0.0 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 4300
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('MOCKSERVER_PORT', 4300)}/health\", timeout=2)"]
ENTRYPOINT ["mockserver", "serve"]
