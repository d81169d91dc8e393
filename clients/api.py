"""/api/v1/clients/ (spec/exchange.md, API): the same rights, rules and history as in the browser."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import HistoryEvent, Way
from accounts.requests import staff
from clients import selectors
from clients.models import Category, Channel, Client, Contact, Counterparty, Status
from clients.services import Conflict, client_update
from config.api import CodeField
from territories.models import Territory
from territories.selectors import territories_visible_to

HISTORY_PAGE = 100


class PreconditionRequired(APIException):
    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "precondition_required"


class ClientSerializer(serializers.ModelSerializer[Client]):
    """A client; relations by their codes."""

    territory = CodeField(queryset=Territory.objects.all())
    channel = CodeField(queryset=Channel.objects.all(), allow_null=True)
    counterparty = CodeField(queryset=Counterparty.objects.all(), allow_null=True)

    class Meta:
        model = Client
        fields = (
            "code", "name", "territory", "channel", "counterparty", "address", "lat", "lon", "phone", "email",
            "is_target", "opened_on", "closed_on", "potential_monthly", "lost_reason",
            "status", "status_cause", "category", "last_order_on", "version",
        )  # fmt: skip
        read_only_fields = ("status", "status_cause", "category", "last_order_on", "version")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        changeable = set(self.fields) - set(self.Meta.read_only_fields)
        if unknown := set(self.initial_data) - changeable:
            raise ValidationError({name: [_("This field can't be changed here.")] for name in sorted(unknown)})
        return attrs


class ClientListSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="cursor of the next page")
    results = ClientSerializer(many=True)


class HistorySerializer(serializers.ModelSerializer[HistoryEvent]):
    """One event: who, when, by which way, and per field what it was and what it became; relations by id."""

    who = serializers.CharField(source="actor.username", default=None, allow_null=True)
    what = serializers.CharField(source="table", help_text="clients_client or clients_contact")
    changes = serializers.SerializerMethodField()

    class Meta:
        model = HistoryEvent
        fields = ("id", "at", "who", "way", "reference", "operation", "what", "changes")

    def get_changes(self, event: HistoryEvent) -> list[dict[str, Any]]:
        old, new = event.old or {}, event.new or {}
        return [{"field": name, "from": old.get(name), "to": new.get(name)} for name in sorted(old.keys() | new.keys())]


class HistoryPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="cursor of the next page")
    results = HistorySerializer(many=True)


def _one(client: Client, code: int = status.HTTP_200_OK) -> Response:
    return Response(ClientSerializer(client).data, code, headers={"ETag": f'"{client.version}"'})


def _cursor(request: Request) -> int | None:
    text = request.query_params.get("cursor", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValidationError({"cursor": [_("Take the cursor from the page before.")]})
    return int(text) if text else None


def _choice(request: Request, name: str, allowed: list[str]) -> str:
    value = request.query_params.get(name, "")
    if value and value not in allowed:
        raise ValidationError({name: [_("not one of: %(allowed)s") % {"allowed": ", ".join(allowed)}]})
    return value


def visible_client(request: Request, code: str) -> Client:
    """The client, or 404 for one that this person may not see."""
    client = Client.objects.visible_to(staff(request)).filter(code=code).first()
    if client is None:
        raise Http404
    return client


class ClientList(APIView):
    @extend_schema(
        operation_id="clients_list",
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, enum=Status.values),
            OpenApiParameter("territory", OpenApiTypes.STR, description="code; all below it included"),
            OpenApiParameter("channel", OpenApiTypes.STR, description="code"),
            OpenApiParameter("category", OpenApiTypes.STR, enum=Category.values),
            OpenApiParameter("search", OpenApiTypes.STR),
            OpenApiParameter("cursor", OpenApiTypes.STR),
        ],
        responses={200: ClientListSerializer, 400: OpenApiResponse(), 404: OpenApiResponse()},
    )
    def get(self, request: Request) -> Response:
        """The clients this person may see, by name, 50 a page."""
        asked = request.query_params
        found = Client.objects.visible_to(staff(request)).filtered(
            territory=self._territory(request), channel=asked.get("channel", ""),
            category=_choice(request, "category", Category.values),
        )  # fmt: skip
        if state := _choice(request, "status", Status.values):
            found = found.filter(status=state)
        page = selectors.page(found.searched(asked.get("search", "")), after=_cursor(request))
        cursor = str(page.after) if page.after else None
        return Response({"next": cursor, "results": ClientSerializer(page.clients, many=True).data})

    def _territory(self, request: Request) -> Territory | None:
        code = request.query_params.get("territory", "")
        if not code:
            return None
        territory = territories_visible_to(staff(request)).filter(code=code).first()
        if territory is None:
            raise Http404
        return territory


class ClientDetail(APIView):
    @extend_schema(responses={200: ClientSerializer, 404: OpenApiResponse()})
    def get(self, request: Request, code: str) -> Response:
        """One client; its version is in `version` and in the ETag."""
        return _one(visible_client(request, code))

    @extend_schema(
        request=ClientSerializer(partial=True),
        parameters=[OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)],
        responses={
            200: ClientSerializer, 400: OpenApiResponse(), 403: OpenApiResponse(), 404: OpenApiResponse(),
            412: ClientSerializer, 428: OpenApiResponse(),
        },
    )  # fmt: skip
    def patch(self, request: Request, code: str) -> Response:
        """Change some fields. 428 without If-Match; 412 with the current state if the version has moved on."""
        client = visible_client(request, code)
        given = request.headers.get("If-Match", "").strip()
        if not given:
            raise PreconditionRequired(_("Give the ETag of the version you change in If-Match."))
        number = given.removeprefix("W/").strip('"')[:10]
        if not isinstance(request.data, Mapping):
            raise ValidationError({"non_field_errors": [_("An object with the fields to change is expected.")]})
        serializer = ClientSerializer(client, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        try:
            changed = client_update(
                user=staff(request), code=code, version=int(number) if number.isascii() and number.isdigit() else 0,
                changes=serializer.validated_data, way=Way.API, ip=request.META.get("REMOTE_ADDR"),
            )  # fmt: skip
        except Conflict as conflict:
            return _one(conflict.current, status.HTTP_412_PRECONDITION_FAILED)
        except ModelError as error:
            raise ValidationError(error.message_dict) from None
        return _one(changed)


class ClientHistory(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("cursor", OpenApiTypes.STR)],
        responses={200: HistoryPageSerializer, 404: OpenApiResponse()},
    )
    def get(self, request: Request, code: str) -> Response:
        """What happened to a client and its contacts, newest first: who, when, from, to, by which way."""
        client = visible_client(request, code)
        contacts = Contact.objects.filter(client=client).values_list("pk", flat=True)
        events = HistoryEvent.objects.filter(table="clients_client", row_id=client.pk)
        events |= HistoryEvent.objects.filter(table="clients_contact", row_id__in=list(contacts))
        if cursor := _cursor(request):
            events = events.filter(pk__lt=cursor)
        page = list(events.select_related("actor").order_by("-pk")[: HISTORY_PAGE + 1])
        shown = page[:HISTORY_PAGE]
        more = str(shown[-1].pk) if len(page) > HISTORY_PAGE else None
        return Response({"next": more, "results": HistorySerializer(shown, many=True).data})


urlpatterns = [
    path("", ClientList.as_view(), name="api-clients"),
    path("<path:code>/history/", ClientHistory.as_view(), name="api-client-history"),
    path("<path:code>/", ClientDetail.as_view(), name="api-client"),
]
