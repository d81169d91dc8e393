"""A person who signs in by name and password, as people do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from accounts.models import Role, User, Way
from accounts.services import acting, password_set
from tests import make

PASSWORD = "берёза стоит у реки"
Try = Callable[..., Any]


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    """Tests of what follows a password need not wait for its hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nobody_was_here(servers: object) -> None:
    """All tests come from the same few addresses: what one has spent of their rates is not the next one's."""
    cache.clear()


def person(role: Role = Role.REP, **fields: Any) -> User:
    """A member of staff with the password PASSWORD."""
    made = make.user(role, *([] if role == Role.ADMIN else [make.territory()]), **fields)
    with acting(actor=None, way=Way.COMMAND):
        password_set(user=made, password=PASSWORD)
    return made


@pytest.fixture
def anna(db: None) -> User:
    return person()


def browser(ip: str = "203.0.113.7", agent: str = "Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537") -> Browser:
    """Nobody's browser at an address, in English."""
    made = Browser(REMOTE_ADDR=ip, HTTP_USER_AGENT=agent)
    made.cookies["django_language"] = "en"
    return made


def sign_in(at: Browser, user: User | str, password: str = PASSWORD, **more: str) -> Any:
    return at.post("/login/", {"username": str(getattr(user, "username", user)), "password": password, **more})


def inside(at: Browser) -> bool:
    """Whether the browser gets at a page."""
    return bool(at.get("/security/").status_code == 200)
