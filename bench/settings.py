"""The product's settings with one more address: a trivial view to measure pages beside (bench/register.py)."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
