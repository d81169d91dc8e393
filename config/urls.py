"""Every address of the product, by app."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from config.views import health

urlpatterns = [
    path("", include("accounts.urls")),
    path("language/", login_not_required(require_POST(set_language)), name="set_language"),
    path("health/", health, name="health"),
    path("api/v1/clients/", include("clients.api")),
    path("api/v1/requests/", include("clients.request_api")),
    path("api/v1/kpi/charts/", include("kpi.charts.api")),
    path("api/v1/kpi/", include("kpi.api")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("accounts.jobs.urls")),
    path("", include("territories.urls")),
    path("", include("kpi.imports.urls")),
    path("", include("cleanup.urls")),
    path("", include("cleanup.results.urls")),
    path("", include("sales.urls")),
    path("", include("visits.urls")),
    path("", include("kpi.ranks.urls")),
    path("", include("kpi.efforts.urls")),
    path("", include("kpi.digests.urls")),
    path("", include("kpi.charts.urls")),
    path("", include("kpi.urls")),
    path("", include("kpi.reopenings.urls")),
    path("", include("kpi.targets.urls")),
    path("", include("clients.duplicates.urls")),
    path("", include("clients.bulk.urls")),
    path("", include("clients.plans.urls")),
    path("", include("clients.overrides.urls")),
    path("", include("clients.urls")),  # last: a client's code may hold slashes
]

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.not_found"
handler500 = "config.views.server_error"
