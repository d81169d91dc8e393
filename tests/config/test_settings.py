"""What the environment makes of the settings (config/settings.py)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from tests.instance import ROOT

SERVERS = {"DATABASE_URL": "postgresql://u:p%40ss@db:5433/crm?sslmode=require", "REDIS_URL": "redis://broker/0"}
TOLD = [
    "HTTPS",
    "DEBUG",
    "EMBEDDED",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "SECRET_KEY",
    "CELERY_BROKER_URL",
    "ALLOWED_HOSTS",
]
_ASK = f"""
import json
from config import settings
print(json.dumps({{name: getattr(settings, name) for name in {TOLD!r}}} | {{"db": settings.DATABASES}}))
"""


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The settings in a process of their own, with nothing of our environment but what it takes to run."""
    clean = {"PATH": os.environ["PATH"], "CRM_DATA_DIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-c", _ASK], cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False
    )


def settings(tmp_path: Path, **environment: str) -> dict[str, Any]:
    done = run(tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("debug", [{}, {"DEBUG": "0"}, {"DEBUG": "no"}])
@pytest.mark.parametrize("secret", [{}, {"SECRET_KEY": ""}, {"SECRET_KEY": "insecure-development-secret"}])
def test_production_refuses_to_start_without_a_secret_of_its_own(
    tmp_path: Path, debug: dict[str, str], secret: dict[str, str]
) -> None:
    done = run(tmp_path, **SERVERS, **debug, **secret)
    assert done.returncode != 0
    assert "ImproperlyConfigured: SECRET_KEY is not set" in done.stderr


def test_development_may_use_the_default_secret(tmp_path: Path) -> None:
    assert settings(tmp_path, **SERVERS, DEBUG="1")["SECRET_KEY"] == "insecure-development-secret"


def test_the_embedded_setup_keeps_a_random_secret_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = settings(tmp_path)["SECRET_KEY"], settings(tmp_path)["SECRET_KEY"]
    assert first == second == (tmp_path / "secret_key").read_text()
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert settings(tmp_path / "other")["SECRET_KEY"] != first


@pytest.mark.parametrize(
    ("environment", "https"),
    [
        ({}, False),  # embedded: plain http://localhost
        ({"HTTPS": "1"}, True),
        ({**SERVERS, "SECRET_KEY": "own"}, True),
        ({**SERVERS, "SECRET_KEY": "own", "HTTPS": "0"}, False),
        ({**SERVERS, "DEBUG": "1"}, False),
    ],
)
def test_production_is_behind_tls_unless_told_otherwise(
    tmp_path: Path, environment: dict[str, str], https: bool
) -> None:
    found = settings(tmp_path, **environment)
    flags = ("HTTPS", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    assert [found[flag] for flag in flags] == [https] * 4
    assert (found["SECURE_HSTS_SECONDS"] > 0) is https
    assert (found["SECURE_PROXY_SSL_HEADER"] is not None) is https


@pytest.mark.parametrize("only", SERVERS)
def test_the_embedded_servers_are_used_unless_both_are_given(tmp_path: Path, only: str) -> None:
    assert settings(tmp_path)["EMBEDDED"] is True
    assert settings(tmp_path, **{only: SERVERS[only]})["EMBEDDED"] is True
    assert settings(tmp_path, **SERVERS, SECRET_KEY="own")["EMBEDDED"] is False


def test_the_embedded_application_is_a_role_that_owns_nothing(tmp_path: Path) -> None:
    databases = settings(tmp_path)["db"]
    assert (databases["default"]["USER"], databases["owner"]["USER"]) == ("basis_app", "basis_owner")


def test_the_address_of_the_database_is_taken_apart(tmp_path: Path) -> None:
    default = settings(tmp_path, **SERVERS, SECRET_KEY="own")["db"]["default"]
    assert {
        "NAME": "crm", "USER": "u", "PASSWORD": "p@ss", "HOST": "db", "PORT": "5433", "OPTIONS": {"sslmode": "require"},
    }.items() <= default.items()  # fmt: skip


@pytest.mark.parametrize("url", ["mysql://db/crm", "postgresql://db", "crm"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must look like"):
        env.database(url)


def test_a_flag_is_yes_or_no(tmp_path: Path) -> None:
    done = run(tmp_path, DEBUG="maybe")
    assert "DEBUG must be 1 or 0" in done.stderr


@pytest.mark.parametrize(
    ("url", "sources"),
    [
        ("", []),
        ("https://tiles.example/{z}/{x}/{y}.png", ["https://tiles.example"]),
        ("https://{s}.tiles.example:8443/a/{z}/{x}/{y}{r}.png?key=1", ["https://*.tiles.example:8443"]),
    ],
)
def test_the_policy_lets_in_the_images_of_the_tiles_server_alone(url: str, sources: list[str]) -> None:
    assert env.origin("MAP_TILES_URL", url) == sources


@pytest.mark.parametrize(
    "url", ["tiles.example/{z}/{x}/{y}", "https://tiles.example/", "https://a b;/{z}/{x}/{y}", "https://a.{s}.x/{z}/{x}/{y}",
            "javascript://tiles.example/{z}/{x}/{y}", "https://tiles.example; script-src */{z}/{x}/{y}"],
)  # fmt: skip
def test_an_address_that_is_none_of_tiles_is_refused_by_name(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MAP_TILES_URL"):
        env.origin("MAP_TILES_URL", url)


def test_the_images_of_the_tiles_server_are_in_the_policy_that_is_sent(tmp_path: Path) -> None:
    asked = [sys.executable, "-c", "from config import settings; print(settings.CONTENT_SECURITY_POLICY)"]
    clean = {"PATH": os.environ["PATH"], "CRM_DATA_DIR": str(tmp_path), "DEBUG": "1"}
    for url, there in (("", False), ("https://tiles.example/{z}/{x}/{y}.png", True)):
        done = subprocess.run(asked, cwd=ROOT, env=clean | {"MAP_TILES_URL": url}, capture_output=True, text=True)
        assert ("https://tiles.example" in done.stdout) == there, done.stderr
