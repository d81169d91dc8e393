"""/api/v1/kpi/charts/: what the charts are drawn from."""

from typing import Any

from django.http import Http404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.requests import staff
from clients.models import Status
from kpi import services
from kpi.api import ASKED, PAGE, after, asked
from kpi.charts import selectors
from kpi.charts.selectors import Key, Part

KEY = OpenApiParameter("key", OpenApiTypes.STR, OpenApiParameter.PATH, enum=[key.value for key in Key])
AXES = [
    OpenApiParameter("row", OpenApiTypes.STR, description="of the cell; of the flow the status before the month"),
    OpenApiParameter("column", OpenApiTypes.STR, description="of the cell; of the flow the status at its end"),
    OpenApiParameter("cursor", OpenApiTypes.STR),
]


class ChartSerializer(serializers.Serializer[Any]):
    territory = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.CharField(), "to": serializers.CharField()}


class PointSerializer(serializers.Serializer[Any]):
    okb = serializers.IntegerField(allow_null=True, help_text="null: not stored yet, ask again in a minute")
    akb = serializers.IntegerField(allow_null=True)
    stable_akb = serializers.IntegerField(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.DateField(source="d0"),
            "to": serializers.DateField(source="d1"),
            **super().get_fields(),
        }


class BaseChartSerializer(ChartSerializer):
    chart = serializers.ChoiceField(choices=[Key.BASE.value])
    points = PointSerializer(many=True, help_text="this period and those as long before it, twelve at most")


class MoveSerializer(serializers.Serializer[Any]):
    before = serializers.ChoiceField(choices=Status.choices, help_text="on the last day before the month")
    after = serializers.ChoiceField(choices=Status.choices, help_text="at its end")
    clients = serializers.IntegerField()


class MonthSerializer(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="its first day")
    as_of = serializers.DateField(allow_null=True, help_text="its end, or today; null: not stored yet")
    moves = MoveSerializer(many=True, help_text="those that stayed too; merged clients are in none")


class FlowChartSerializer(ChartSerializer):
    chart = serializers.ChoiceField(choices=[Key.FLOW.value])
    months = MonthSerializer(many=True, help_text="of the period, and before it until they are twelve; 36 at most")


class AxisSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(allow_blank=True, help_text="empty: those without")
    name = serializers.CharField(allow_blank=True)


class CellSerializer(serializers.Serializer[Any]):
    row = serializers.CharField(allow_blank=True)
    column = serializers.CharField(allow_blank=True)
    clients = serializers.IntegerField()
    amount = serializers.FloatField(help_text="net sales of 12 months, roubles")
    margin = serializers.FloatField(help_text="of 12 months, roubles")
    potential = serializers.FloatField(help_text="a month, roubles")


class RankedChartSerializer(ChartSerializer):
    chart = serializers.ChoiceField(
        choices=[Key.ABCDE.value, Key.RANKS.value, Key.RFM.value],
        help_text="rows and columns: category and channel; profit and potential rank; frequency and recency",
    )
    as_of = serializers.DateField()
    rows = AxisSerializer(many=True)
    columns = AxisSerializer(many=True)
    cells = CellSerializer(many=True, help_text="those with clients")


class StepSerializer(serializers.Serializer[Any]):
    row = serializers.CharField(help_text="of the clients up to this point")
    clients = serializers.IntegerField()
    margin = serializers.FloatField()


class CurveChartSerializer(ChartSerializer):
    chart = serializers.ChoiceField(choices=[Key.PARETO.value])
    as_of = serializers.DateField()
    clients = serializers.IntegerField(help_text="with any line in 12 months")
    idle = serializers.IntegerField(help_text="of them, without a margin above 0")
    margin = serializers.FloatField(help_text="of the others, roubles")
    steps = StepSerializer(many=True, help_text="from the highest margin down, added up")


class ChartClientSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    territory = serializers.CharField()
    amount = serializers.FloatField(allow_null=True)
    margin = serializers.FloatField(allow_null=True)
    potential = serializers.FloatField(allow_null=True)
    before = serializers.CharField(allow_null=True, help_text="of the flow")
    after = serializers.CharField(allow_null=True)


class ChartClientPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="cursor of the next page")
    results = ChartClientSerializer(many=True)


ANSWER = PolymorphicProxySerializer(
    component_name="Chart",
    serializers={
        **{key.value: RankedChartSerializer for key in (Key.ABCDE, Key.RANKS, Key.RFM)},
        Key.BASE.value: BaseChartSerializer,
        Key.FLOW.value: FlowChartSerializer,
        Key.PARETO.value: CurveChartSerializer,
    },
    resource_type_field_name="chart",
)


def _key(key: str) -> Key:
    try:
        return Key(key)
    except ValueError:
        raise Http404("no such chart") from None


class Chart(APIView):
    @extend_schema(
        parameters=[KEY, *ASKED],
        responses={200: ANSWER, 400: OpenApiResponse(), 404: OpenApiResponse()},
    )
    def get(self, request: Request, key: str) -> Response:
        """What a chart of a territory and period is drawn from; those of ranks are as of the end of the period."""
        chart = _key(key)
        territory, d0, d1 = asked(request)
        head = {
            "chart": chart.value, "territory": territory.code,
            "from": request.query_params["from"], "to": request.query_params["to"],
        }  # fmt: skip
        serializer: type[ChartSerializer] = RankedChartSerializer
        answer: dict[str, Any]
        match chart:
            case Key.BASE:
                services.work_off_marks()
                serializer = BaseChartSerializer
                answer = {"points": selectors.base(territory=territory, d0=d0, d1=d1, first=selectors.first_order())}
            case Key.FLOW:
                services.work_off_marks()
                serializer = FlowChartSerializer
                months = selectors.flow(territory=territory, d0=d0, d1=d1, first=selectors.first_order())
                answer = {"months": [month._asdict() | {"moves": _moves(month)} for month in months]}
            case Key.PARETO:
                serializer = CurveChartSerializer
                curve = selectors.curve(selectors.ranks(territory=territory, d1=d1))
                answer = {"as_of": curve.day, **curve._asdict()}
            case _:
                ranked = selectors.ranked(selectors.ranks(territory=territory, d1=d1), chart)
                answer = {"as_of": ranked.day, **ranked._asdict(), "cells": list(ranked.cells.values())}
        return Response(serializer(head | answer).data)


def _moves(month: selectors.Month) -> list[dict[str, Any]]:
    return [{"before": before, "after": after, "clients": n} for (before, after), n in month.moves.items()]


class ChartClients(APIView):
    @extend_schema(
        parameters=[KEY, *ASKED, *AXES],
        responses={200: ChartClientPageSerializer, 400: OpenApiResponse(), 404: OpenApiResponse()},
    )
    def get(self, request: Request, key: str) -> Response:
        """The clients of a cell of a chart, of the flow in the last month of the period; the highest margin first."""
        chart, query = _key(key), request.query_params
        if chart is Key.BASE:
            raise Http404("its clients are those of the metrics")
        territory, _d0, d1 = asked(request)
        part = Part(chart, territory, d1, query.get("row", ""), query.get("column", ""))
        found = selectors.behind(user=staff(request), part=part, after=after(query.get("cursor", "")), limit=PAGE + 1)
        shown = found[:PAGE]
        cursor = f"{shown[-1].value}:{shown[-1].code}" if len(found) > PAGE else None
        return Response({"next": cursor, "results": ChartClientSerializer(shown, many=True).data})


urlpatterns = [
    path("<slug:key>/", Chart.as_view(), name="api-chart"),
    path("<slug:key>/clients/", ChartClients.as_view(), name="api-chart-clients"),
]
