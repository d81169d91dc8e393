"""The Celery application; every setting is in config/settings.py under CELERY_."""

import logging
import os
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("basis")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
log = logging.getLogger(__name__)


def send(task: Any, *args: str) -> None:
    """Ask the worker for something that a page waits for. If it can't be told, the next one who looks asks again."""
    try:
        task.delay(*args)
    except OperationalError as error:
        log.warning("%s could not be sent: %s", task.name, error)
