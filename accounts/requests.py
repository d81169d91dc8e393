"""The request as the views of signed-in people see it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from accounts.models import User


class StaffRequest(HttpRequest):
    """A request of somebody signed in: LoginRequiredMiddleware lets nobody else through."""

    user: User
    htmx: HtmxDetails


def staff(request: Request) -> User:
    """Who asks the API: its permission class lets nobody else through."""
    assert isinstance(request.user, User)
    return request.user
