"""Signing in and where a person begins."""

from typing import Any

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.forms import SignInForm
from accounts.models import Role, Way
from accounts.requests import StaffRequest
from accounts.services import acting
from config.web import client_ip


class SignIn(LoginView):
    """The sign-in page; who is signed in already goes on."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Signing in writes to the person's row: the moment, and the password anew when its hashing has changed."""
        with acting(actor=None, way=Way.BROWSER, ip=client_ip(request)):
            return super().post(request, *args, **kwargs)


def home(request: StaffRequest) -> HttpResponse:
    """A representative begins with the clients, everybody else with the KPIs."""
    return redirect("client-list" if request.user.role == Role.REP else "kpi-matrix")
