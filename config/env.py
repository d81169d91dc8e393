"""Settings from environment variables, with an error that names the variable."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import get_random_string


class Rate(NamedTuple):
    """At most `times` in `seconds`."""

    times: int
    seconds: int


def flag(name: str, default: bool) -> bool:
    """1/true/yes or 0/false/no. Raises ImproperlyConfigured on anything else."""
    text = os.environ.get(name, "").lower()
    if not text:
        return default
    if text not in {"1", "true", "yes", "0", "false", "no"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}.")
    return text in {"1", "true", "yes"}


def number(name: str, default: int) -> int:
    """A whole number above 0. Raises ImproperlyConfigured on anything else."""
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ImproperlyConfigured(f"{name} must be a whole number above 0, not {text!r}.")
    return int(text)


def rate(name: str, default: str) -> Rate:
    """As 60/minute. Raises ImproperlyConfigured on anything else."""
    text = os.environ.get(name) or default
    times, _slash, unit = text.partition("/")
    seconds = {"second": 1, "minute": 60, "hour": 3600}.get(unit)
    if not (times.isascii() and times.isdigit() and int(times) and seconds):
        raise ImproperlyConfigured(f"{name} must look like 60/minute (second, minute, hour), not {text!r}.")
    return Rate(int(times), seconds)


def origin(name: str, url: str) -> list[str]:
    """Where tiles come from, as the content security policy names it; `{s}` is any part of the host. None for "".

    Raises ImproperlyConfigured, for the variable `name`, if it isn't the address of tiles."""
    if not url:
        return []
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.netloc or not all(f"{{{each}}}" in url for each in "zxy"):
        raise ImproperlyConfigured(f"{name} must look like https://tiles.example/{{z}}/{{x}}/{{y}}.png, not {url!r}.")
    host = parts.netloc.replace("{s}", "*")
    if not re.fullmatch(r"(\*\.)?[\w.-]+(:\d+)?", host, re.ASCII):
        raise ImproperlyConfigured(f"{name}: {parts.netloc!r} is no host of tiles; {{s}} stands for its first part.")
    return [f"{parts.scheme}://{host}"]


def cache_url(queue: str) -> str:
    """Where the counters are: the database after that of Celery's queue, so that emptying one leaves the other."""
    parts = urlsplit(queue)
    if parts.scheme == "redis+socket":
        place = int(dict(parse_qsl(parts.query)).get("virtual_host", "0"))
        return f"unix://{parts.path}?db={place + 1}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or '0') + 1}").geturl()


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, empty entries left out."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Django's database settings from `postgresql://user:password@host:port/name?option=value`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def kept_secret(path: Path) -> str:
    """The secret kept in `path`, readable by its owner only; made at first use."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        own = path.with_name(f"{path.name}.{os.getpid()}")
        own.touch(mode=0o600)
        own.write_text(get_random_string(64))
        try:
            os.link(own, path)  # fails if another process was first: then its secret is ours too
        except FileExistsError:
            pass
        finally:
            own.unlink()
        return path.read_text().strip()
