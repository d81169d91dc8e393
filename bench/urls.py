"""Every address of the product and the trivial view that bench/register.py measures pages beside."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def trivial(request: HttpRequest) -> HttpResponse:
    """What any page costs here: middleware, session and user."""
    return HttpResponse(f"Hello, {request.user}")


urlpatterns = [path("bench/trivial/", trivial), path("", include("config.urls"))]
