import logging
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory
from rest_framework.authtoken.models import Token

from accounts.models import Role
from config.middleware import real_address
from tests import make


def told(settings: Any, forwarded: str) -> str:
    """The address that a view sees of a request with this X-Forwarded-For, come by way of 10.0.0.2."""
    settings.HTTPS = True

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.META["REMOTE_ADDR"])

    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR=forwarded)
    return real_address(view)(request).content.decode()


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7", "203.0.113.7"),  # the first one is what the browser claims
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", "10.0.0.2"),
        ("", "10.0.0.2"),
    ],
)
def test_address_is_the_one_the_proxy_saw(settings: Any, forwarded: str, address: str) -> None:
    assert told(settings, forwarded) == address


def test_without_a_proxy_nobody_is_believed(settings: Any) -> None:
    settings.HTTPS = False
    with pytest.raises(MiddlewareNotUsed):
        real_address(lambda request: HttpResponse())


def test_the_log_names_who_asked_what_but_no_secret(db: None, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    person = make.user(Role.REP, make.territory())
    token = Token.objects.create(user=person).key
    with caplog.at_level(logging.INFO, "basis.requests"):
        answer = Browser().get("/api/v1/clients/?search=тайна", headers={"Authorization": f"Token {token}"})
        Browser().post("/login/?next=/secret", {"username": "somebody", "password": "hidden-word"})
        make.signed_in(person).get("/clients/")
    api, login, page = (record.getMessage() for record in caplog.records if record.name == "basis.requests")
    assert api.startswith("GET /api/v1/clients/ 200 ")
    assert f"user={person.pk} ip=127.0.0.1 id={answer['X-Request-ID']}" in api
    assert login.startswith("POST /login/ 200 ")
    assert f"user={person.pk} " in page
    assert not [word for word in (token, "тайна", "secret", "somebody", "hidden-word") if word in caplog.text]
