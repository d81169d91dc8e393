"""/api/v1/kpi/ (spec/exchange.md, API)."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.requests import staff
from kpi import metrics, selectors, services
from kpi.almost import Need
from kpi.selectors import By, Coordinates
from territories.models import Territory
from territories.selectors import territories_visible_to

PAGE = 100
ASKED = [
    OpenApiParameter("territory", OpenApiTypes.STR, required=True, description="code"),
    OpenApiParameter("from", OpenApiTypes.STR, required=True, description="YYYY-MM"),
    OpenApiParameter("to", OpenApiTypes.STR, required=True, description="YYYY-MM"),
]


OF_CELL = [
    OpenApiParameter("channel", OpenApiTypes.STR, description="code"),
    OpenApiParameter("category", OpenApiTypes.STR),
    OpenApiParameter("cursor", OpenApiTypes.STR),
]


class MetricsSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {metric.key: serializers.FloatField(allow_null=True) for metric in metrics.METRICS}


class GroupSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    metrics = MetricsSerializer()


class MatrixSerializer(serializers.Serializer[Any]):
    territory = serializers.CharField()
    metrics = MetricsSerializer()
    groups = GroupSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.CharField(), "to": serializers.CharField()}


class LackSerializer(serializers.Serializer[Any]):
    need = serializers.ChoiceField(choices=[need.value for need in Need], source="need.value")
    amount = serializers.FloatField(help_text="pieces, roubles or days")
    detail = serializers.ListField(child=serializers.CharField(), help_text="category, months or a day")


class BehindSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    territory = serializers.CharField()
    channel = serializers.CharField()
    measures = serializers.DictField(child=serializers.FloatField(), help_text="by name, see kpi.models.Measures")
    lacks = LackSerializer(many=True, help_text="of a client left out")


class BehindPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="cursor of the next page")
    results = BehindSerializer(many=True)


def asked(request: Request) -> tuple[Territory, date, date]:
    """The territory and period of a request: 404 for a territory this person may not see, 400 for a wrong period."""
    query = request.query_params
    if missing := [name for name in ("territory", "from", "to") if not query.get(name)]:
        raise ValidationError({name: [_("required")] for name in missing})
    try:
        d0, d1 = services.period_days(query["from"], query["to"])
    except services.PeriodError as error:
        raise ValidationError({"from": [str(error)]}) from None
    territory = territories_visible_to(staff(request)).filter(code=query["territory"]).first()
    if territory is None:
        raise Http404
    return territory, d0, d1


def after(cursor: str) -> tuple[Decimal, str] | None:
    """Value and code of the last one seen, out of a cursor: 400 for one that no page gave."""
    if not cursor:
        return None
    value, _colon, code = cursor.partition(":")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not code or "\0" in code:
        raise ValidationError({"cursor": [_("Take the cursor from the page before.")]})
    return number, code


class KpiMatrix(APIView):
    @extend_schema(
        parameters=[*ASKED, OpenApiParameter("by", OpenApiTypes.STR, enum=[by.value for by in By])],
        responses={200: MatrixSerializer, 400: OpenApiResponse(), 404: OpenApiResponse()},
    )
    def get(self, request: Request) -> Response:
        """The 24 metrics of a territory and period: the JSON of the `kpi` command."""
        territory, d0, d1 = asked(request)
        by = request.query_params.get("by") or None
        if by and by not in {one.value for one in By}:
            raise ValidationError(
                {"by": [_("not one of: %(allowed)s") % {"allowed": ", ".join(one.value for one in By)}]}
            )
        matrix = selectors.matrix(territory=territory, d0=d0, d1=d1, by=By(by) if by else None)
        return Response(selectors.matrix_json(matrix))


class KpiClients(APIView):
    outside = False

    @extend_schema(
        parameters=[*ASKED, *OF_CELL],
        responses={200: BehindPageSerializer, 400: OpenApiResponse(), 404: OpenApiResponse()},
    )
    def get(self, request: Request, key: str) -> Response:
        """The clients behind a number, with the figures that put each in, largest contribution first."""
        if key not in metrics.BY_KEY:
            raise Http404
        query = request.query_params
        number = Coordinates(key, *asked(request), query.get("channel"), query.get("category"))
        rows = selectors.behind(
            user=staff(request), number=number, outside=self.outside, after=after(query.get("cursor", "")),
            limit=PAGE + 1,
        )  # fmt: skip
        shown = rows[:PAGE]
        last = shown[-1] if len(rows) > PAGE else None
        cursor = f"{last.value}:{last.code}" if last else None
        return Response({"next": cursor, "results": BehindSerializer(shown, many=True).data})


class KpiAlmost(KpiClients):
    outside = True

    @extend_schema(
        parameters=[*ASKED, *OF_CELL],
        responses={200: BehindPageSerializer, 400: OpenApiResponse(), 404: OpenApiResponse()},
    )
    def get(self, request: Request, key: str) -> Response:
        """The clients that a number leaves out and what each lacks, nearest first."""
        return super().get(request, key)


urlpatterns = [
    path("", KpiMatrix.as_view(), name="api-kpi"),
    path("<slug:key>/clients/", KpiClients.as_view(), name="api-kpi-clients"),
    path("<slug:key>/almost/", KpiAlmost.as_view(), name="api-kpi-almost"),
]
