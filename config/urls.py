"""Every address of the product, by app."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from config.views import health

urlpatterns = [
    path("", include("accounts.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("health/", health, name="health"),
    path("api/v1/clients/", include("clients.api")),
    path("api/v1/kpi/", include("kpi.api")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("sales.urls")),
    path("", include("visits.urls")),
    path("", include("kpi.urls")),
    path("", include("clients.urls")),  # last: a client's code may hold slashes
]
