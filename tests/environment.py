"""Loaded before Django (`-p tests.environment`): the tests' own data directory with its own servers."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

DATA_DIR = Path(tempfile.mkdtemp(prefix="basis-test-"))
os.environ |= {"CRM_DATA_DIR": str(DATA_DIR), "CRM_EMBEDDED_UNSAFE": "1", "DJANGO_ALLOW_ASYNC_UNSAFE": "1"}
for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "HTTPS", "TIME_ZONE"):
    os.environ.pop(name, None)
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)  # runs after embedded.release, registered later
