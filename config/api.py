"""What the API needs beyond REST framework: bad input is 400 whatever it is, and how often one may ask."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError, Throttled, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config import limits


class Tokens(TokenAuthentication):
    """By token; too many wrong ones from an address, and it gets no answer for the rest of the minute."""

    def authenticate(self, request: Request) -> Any:
        where = limits.place(request.META.get("REMOTE_ADDR"))
        given = request.META.get("HTTP_AUTHORIZATION", "")
        if seconds := given and limits.spent(settings.BAD_TOKEN_RATE, "token", where):
            raise Throttled(seconds)
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            limits.spend(settings.BAD_TOKEN_RATE, "token", where)
            raise


class Throttle(BaseThrottle):
    """API_RATE, a person: their tokens and browsers together."""

    seconds = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        who = str(request.user.pk) if request.user else limits.place(request.META.get("REMOTE_ADDR"))
        self.seconds = limits.spend(settings.API_RATE, "api", who)
        return not self.seconds

    def wait(self) -> float:
        return self.seconds


class Parser(JSONParser):
    """JSON; what is nested too deep to be read is the sender's mistake."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError:
            raise ParseError(_("nested too deep")) from None


class CodeField(serializers.SlugRelatedField[Any]):
    """A related row by its code."""

    default_error_messages = {"does_not_exist": gettext_lazy("There is none with this code.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or "\0" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


def cursor(request: Request) -> int | None:
    """The id to go on from, as the page before gave it."""
    text = request.query_params.get("cursor", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({"cursor": [_("Take the cursor from the page before.")]})
    return int(text) if text else None


def choice(request: Request, name: str, allowed: list[str]) -> str:
    """A query parameter that is one of these, "" if it isn't given."""
    value = request.query_params.get(name, "")
    if value and value not in allowed:
        raise ValidationError({name: [_("not one of: %(allowed)s") % {"allowed": ", ".join(allowed)}]})
    return value


# What any call may be answered with, and what one with a body may be besides
REFUSALS = {
    "400": "makes no sense",
    "401": "no token or session, or a wrong one",
    "403": "you may not do this",
    "404": "not there, or not for you to see",
    "429": "too often: come again after Retry-After seconds",
}
BODY_REFUSALS = {"413": "too large", "415": "not JSON"}


def refusals(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Into the schema (a hook of drf-spectacular): the refusals that no view declares, and how every refusal looks."""
    result["components"]["schemas"] |= {
        "Refusal": {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]},
        "Complaints": {
            "type": "object",
            "description": "by the name of the field or parameter; of the request as a whole: detail",
            "additionalProperties": {},
        },
    }
    for methods in result["paths"].values():
        for operation in methods.values():
            due = REFUSALS | (BODY_REFUSALS if "requestBody" in operation else {})
            for code, words in due.items():
                operation["responses"].setdefault(code, {"description": words})
            for code, response in operation["responses"].items():
                if code.startswith("4") and "content" not in response:
                    shape = "Complaints" if code == "400" else "Refusal"
                    response["content"] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
                    if response["description"] == "No response body":
                        response["description"] = due.get(code, "")
    return result
