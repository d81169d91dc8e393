"""/api/v1/requests/: change requests, for those who ask and those who decide."""

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

from accounts.models import Way
from accounts.requests import staff
from clients import requests, services
from clients.models import ChangeRequest, RequestState
from config.api import choice, cursor
from config.web import client_ip

PAGE = 100
MOST_AT_ONCE = 1000


class ChangeRequestSerializer(serializers.ModelSerializer[ChangeRequest]):
    """A request: values as the history gives them, relations by id."""

    client = serializers.CharField(source="client.code")
    author = serializers.CharField(source="author.username")
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    old = serializers.JSONField(help_text="the value when it was asked for; a relation by id", allow_null=True)
    new = serializers.JSONField(help_text="the value asked for; a relation by id", allow_null=True)

    class Meta:
        model = ChangeRequest
        fields = (
            "id", "client", "field", "old", "new", "author", "at", "state", "decided_by", "decided_at", "reason",
        )  # fmt: skip


class ChangeRequestPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True, help_text="cursor of the next page")
    results = ChangeRequestSerializer(many=True)


class DecisionSerializer(serializers.Serializer[Any]):
    """What is decided about which requests."""

    requests = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=MOST_AT_ONCE,
        help_text="ids",
    )  # fmt: skip
    decision = serializers.ChoiceField(choices=["approve", "decline"])
    reason = serializers.CharField(max_length=500, required=False, default="", help_text="needed to turn down")
    seen_version = serializers.IntegerField(
        required=False, default=None, min_value=1, max_value=2**31 - 1,
        help_text="of the client, with one request: approve although the value has changed since it was asked for",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["decision"] == "decline" and not attrs["reason"].strip():
            raise ValidationError({"reason": [_("Say why you turn it down.")]})
        return attrs


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one request."""

    done = serializers.BooleanField(help_text="whether the decision has been taken; if not, the request still waits")
    why = serializers.CharField(help_text="in words, where there is something to say")
    request = ChangeRequestSerializer()


class RequestList(APIView):
    @extend_schema(
        operation_id="requests_list",
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=RequestState.values),
            OpenApiParameter("whose", OpenApiTypes.STR, enum=["mine", "to_decide"]),
            OpenApiParameter("cursor", OpenApiTypes.STR),
        ],
        responses={200: ChangeRequestPageSerializer, 400: OpenApiResponse()},
    )
    def get(self, request: Request) -> Response:
        """One's own requests and those one decides about, newest first, 100 a page."""
        user = staff(request)
        found = ChangeRequest.objects.visible_to(user)
        whose = choice(request, "whose", ["mine", "to_decide"])
        if whose == "mine":
            found = found.filter(author=user)
        elif whose:
            found = found.approvable_by(user)
        if state := choice(request, "state", RequestState.values):
            found = found.filter(state=state)
        if before := cursor(request):
            found = found.filter(pk__lt=before)
        page = list(requests.all_of(found).order_by("-pk")[: PAGE + 1])
        more = str(page[PAGE - 1].pk) if len(page) > PAGE else None
        return Response({"next": more, "results": ChangeRequestSerializer(page[:PAGE], many=True).data})


class RequestDecisions(APIView):
    @extend_schema(
        operation_id="requests_decide",
        request=DecisionSerializer,
        responses={200: OutcomeSerializer(many=True), 400: OpenApiResponse()},
    )
    def post(self, request: Request) -> Response:
        """Approve or turn down requests, each by itself; those one doesn't decide about are not in the answer."""
        asked = DecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        decisions = services.change_requests_decide(
            user=staff(request), ids=values["requests"], approve=values["decision"] == "approve",
            reason=values["reason"], seen=values["seen_version"] if len(values["requests"]) == 1 else None,
            way=Way.API, ip=client_ip(request),
        )  # fmt: skip
        return Response(OutcomeSerializer(decisions, many=True).data)


class RequestWithdrawal(APIView):
    @extend_schema(
        operation_id="requests_withdraw", request=None, responses={200: OutcomeSerializer, 404: OpenApiResponse()}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take back a request of one's own."""
        try:
            decision = services.change_request_withdraw(user=staff(request), pk=pk, way=Way.API, ip=client_ip(request))
        except ChangeRequest.DoesNotExist:
            raise Http404 from None
        return Response(OutcomeSerializer(decision).data)


urlpatterns = [
    path("", RequestList.as_view(), name="api-requests"),
    path("decisions/", RequestDecisions.as_view(), name="api-request-decisions"),
    path("<int:pk>/withdrawal/", RequestWithdrawal.as_view(), name="api-request-withdrawal"),
]
