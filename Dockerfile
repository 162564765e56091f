# The image of all services: web servers, workers, beat and management commands.

FROM python:3.11.14-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.txt /build/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /build/requirements.txt


FROM python:3.11.14-slim-bookworm
# A container only writes the SQLite file, trained models and /tmp.
RUN groupadd --system --gid 10001 shop \
 && useradd --system --uid 10001 --gid shop --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shop \
 && install --directory --owner shop --group shop --mode 0750 /var/lib/shop /var/lib/shop/models
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/shop
COPY . .
RUN /opt/venv/bin/python -m compileall -q .
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATABASE_URL=sqlite:////var/lib/shop/shop.sqlite3 \
    MODEL_DIR=/var/lib/shop/models
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
    CMD python -m recsite.http.healthcheck "$PORT" "$ALLOWED_HOSTS"
# The process replaces itself by the server, which as PID 1 receives the stop signal.
CMD ["python", "-m", "recsite.serve"]
