"""Files that come with jobs and imports: a folder each, outside of what the web server gives out, removed by age."""

import shutil
import time
import uuid
from pathlib import Path

from django.conf import settings


def folder(reference: uuid.UUID) -> Path:
    """Where the files of a job or an import are kept; need not exist."""
    return Path(settings.FILES_DIR) / str(reference)


def make_folder(reference: uuid.UUID) -> Path:
    """The same, made if it isn't there; readable by the application only."""
    made = folder(reference)
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return made


def expire() -> None:
    """Remove the folders in which nothing was written for KEEP_FILES_DAYS."""
    oldest = time.time() - settings.KEEP_FILES_DAYS * 24 * 3600
    for each in Path(settings.FILES_DIR).glob("*-*-*-*-*"):
        if each.stat().st_mtime < oldest:
            shutil.rmtree(each)
