"""/api/v1/clients/ (spec/exchange.md, API): the same rights, rules and history as in the browser."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import HistoryEvent, Way
from accounts.requests import staff
from clients.keyset import Key, Order, clients, page
from clients.listing import ALL, Listing
from clients.models import Category, Channel, Client, Contact, Counterparty, Status
from clients.request_api import ChangeRequestSerializer
from clients.services import NEW_FIELDS, Conflict, client_create, client_update
from config.api import CodeField, choice, cursor
from config.web import client_ip
from territories.models import Territory
from territories.selectors import destinations

HISTORY_PAGE = 100


class PreconditionRequired(APIException):
    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "precondition_required"


class DestinationField(CodeField):
    """Where the `user` of the context may place the client; anywhere else is as unknown as what there isn't."""

    def get_queryset(self) -> QuerySet[Territory]:
        client: Client | None = getattr(self.parent, "instance", None)
        nodes = destinations(self.context["user"], client.territory if client else None)
        return Territory.objects.filter(pk__in=[node.pk for node in nodes])


class ClientSerializer(serializers.ModelSerializer[Client]):
    """A client; relations by their codes."""

    territory = DestinationField(queryset=Territory.objects.all())
    channel = CodeField(queryset=Channel.objects.all(), allow_null=True)
    counterparty = CodeField(queryset=Counterparty.objects.all(), allow_null=True)
    category = serializers.CharField(read_only=True, help_text="A to E; empty: not ranked yet")

    class Meta:
        model = Client
        fields: tuple[str, ...] = (
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


class NewClientSerializer(ClientSerializer):
    """A client that is to be added."""

    code = serializers.CharField(max_length=64, required=False, help_text="without it the client gets one")
    channel = CodeField(queryset=Channel.objects.all(), allow_null=True, required=False)
    counterparty = CodeField(queryset=Counterparty.objects.all(), allow_null=True, required=False)

    class Meta(ClientSerializer.Meta):
        fields = tuple(name for name in ClientSerializer.Meta.fields if name in NEW_FIELDS)


class ClientChangedSerializer(ClientSerializer):
    """A client after a change, with the requests that wait for what this person may not change at once."""

    requests = serializers.SerializerMethodField()

    class Meta(ClientSerializer.Meta):
        fields = (*ClientSerializer.Meta.fields, "requests")

    @extend_schema_field(ChangeRequestSerializer(many=True))
    def get_requests(self, client: Client) -> Any:
        return ChangeRequestSerializer(self.context.get("requests", []), many=True).data


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
        choice(request, "category", Category.values)
        asked = request.query_params.copy()
        asked["status"] = choice(request, "status", Status.values) or ALL
        order = Order()
        text = asked.get("cursor", "")
        key = Key.of(text, order)
        if text and not key:
            raise ValidationError({"cursor": [_("Take the cursor from the page before.")]})
        found = page(Listing(asked, staff(request)).found(), order, after=key)
        results = ClientSerializer(clients(found), many=True).data
        return Response({"next": str(found.after) if found.after else None, "results": results})

    @extend_schema(
        operation_id="clients_create",
        request=NewClientSerializer,
        responses={201: ClientSerializer, 400: OpenApiResponse(), 403: OpenApiResponse()},
    )
    def post(self, request: Request) -> Response:
        """Add a client on a territory this person may change; without a code it gets one."""
        serializer = NewClientSerializer(data=request.data, context={"user": staff(request)})
        serializer.is_valid(raise_exception=True)
        try:
            made = client_create(
                user=staff(request), values=serializer.validated_data, way=Way.API, ip=client_ip(request)
            )
        except ModelError as error:
            raise ValidationError(error.message_dict) from None
        return _one(made, status.HTTP_201_CREATED)


class ClientDetail(APIView):
    @extend_schema(responses={200: ClientSerializer, 404: OpenApiResponse()})
    def get(self, request: Request, code: str) -> Response:
        """One client; its version is in `version` and in the ETag."""
        return _one(visible_client(request, code))

    @extend_schema(
        request=ClientSerializer(partial=True),
        parameters=[OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)],
        responses={
            200: ClientSerializer,
            202: OpenApiResponse(ClientChangedSerializer, "some fields wait for approval, in `requests`"),
            400: OpenApiResponse(), 403: OpenApiResponse(), 404: OpenApiResponse(), 412: ClientSerializer,
            428: OpenApiResponse(),
        },
    )  # fmt: skip
    def patch(self, request: Request, code: str) -> Response:
        """Change some fields. What this person may not change at once becomes a change request: the answer is 202
        then, and `requests` says which. 428 without If-Match; 412 with the current state if the version has moved on.
        """
        client = visible_client(request, code)
        given = request.headers.get("If-Match", "").strip()
        if not given:
            raise PreconditionRequired(_("Give the ETag of the version you change in If-Match."))
        number = given.removeprefix("W/").strip('"')[:10]
        if not isinstance(request.data, Mapping):
            raise ValidationError({"non_field_errors": [_("An object with the fields to change is expected.")]})
        serializer = ClientSerializer(client, data=request.data, partial=True, context={"user": staff(request)})
        serializer.is_valid(raise_exception=True)
        try:
            changed, filed = client_update(
                user=staff(request), code=code, version=int(number) if number.isascii() and number.isdigit() else 0,
                changes=serializer.validated_data, way=Way.API, ip=client_ip(request),
            )  # fmt: skip
        except Conflict as conflict:
            return _one(conflict.current, status.HTTP_412_PRECONDITION_FAILED)
        except ModelError as error:
            raise ValidationError(error.message_dict) from None
        if not filed:
            return _one(changed)
        context = {"requests": [each.request for each in filed]}
        body = ClientChangedSerializer(changed, context=context).data
        return Response(body, status.HTTP_202_ACCEPTED, headers={"ETag": f'"{changed.version}"'})


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
        if before := cursor(request):
            events = events.filter(pk__lt=before)
        page = list(events.select_related("actor").order_by("-pk")[: HISTORY_PAGE + 1])
        shown = page[:HISTORY_PAGE]
        more = str(shown[-1].pk) if len(page) > HISTORY_PAGE else None
        return Response({"next": more, "results": HistorySerializer(shown, many=True).data})


urlpatterns = [
    path("", ClientList.as_view(), name="api-clients"),
    path("<path:code>/history/", ClientHistory.as_view(), name="api-client-history"),
    path("<path:code>/", ClientDetail.as_view(), name="api-client"),
]
