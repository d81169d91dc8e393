"""Signing in, where a person begins, and the page of one's own security."""

import time
from base64 import b32encode
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key
from rest_framework.authtoken.models import Token

from accounts import selectors, services, sessions
from accounts.devices import described
from accounts.forms import CodeForm, NewAppForm, NewPasswordForm, OwnPassword, PasswordAndCode, SignInForm
from accounts.models import Outcome, Role, User, Way
from accounts.requests import StaffRequest
from accounts.services import acting
from config import limits
from config.views import too_many
from config.web import client_ip

HALFWAY = "halfway"  # in the session: whose password was right, until the code is too
HALFWAY_SECONDS = 600
NEW_KEY = "new_second_factor"  # in the session: the secret on the screen, until its first code

View = Callable[..., HttpResponse]


@require_safe
def home(request: StaffRequest) -> HttpResponse:
    """A representative begins with the day's work, everybody else with the KPIs."""
    return redirect("my-day" if request.user.role == Role.REP else "kpi-matrix")


# --- signing in --------------------------------------------------------------------------------------------------


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class SignIn(LoginView):
    """The sign-in page; who is signed in already goes on."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Signing in writes to the person's row: the moment, and the password anew when its hashing has changed."""
        if seconds := limits.spend(settings.SIGN_IN_RATE, "sign-in", limits.place(client_ip(request))):
            return too_many(request, seconds)
        with acting(actor=None, way=Way.BROWSER, ip=client_ip(request)):
            return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """In, or, with a second factor, half-way: on to the code."""
        user, request = form.get_user(), self.request
        assert isinstance(user, User)
        if selectors.second_factor(user) is None:
            _let_in(request, user, Outcome.IN, by_code=False)
            return HttpResponseRedirect(self.get_success_url())
        request.session.cycle_key()  # nobody who knew the session before may go on from here
        request.session[HALFWAY] = {
            "user": user.pk, "hash": user.get_session_auth_hash(), "at": time.time(), "next": self.get_success_url()
        }  # fmt: skip
        return redirect("login-code")

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return _waiting(form, super().form_invalid(form))


def _let_in(request: HttpRequest, user: User, outcome: Outcome, *, by_code: bool) -> None:
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    request.session[sessions.SECOND_FACTOR] = by_code
    device = described(request.headers.get("User-Agent", ""))
    services.signed_in(user=user, ip=client_ip(request), device=device, outcome=outcome)


def _waiting(form: Any, response: HttpResponse) -> HttpResponse:
    """429 with Retry-After for an answer that says that one must wait."""
    for error in (error for errors in form.errors.as_data().values() for error in errors):
        if isinstance(error, services.Wait):
            response.status_code = 429
            response["Retry-After"] = str(int(error.left / timedelta(seconds=1)) + 1)
    return response


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The second half of signing in: the code of the app, or a recovery code."""
    if request.method == "POST" and (
        seconds := limits.spend(settings.SIGN_IN_RATE, "sign-in", limits.place(client_ip(request)))
    ):
        return too_many(request, seconds)
    halfway: dict[str, Any] = request.session.get(HALFWAY, {"user": None, "at": 0})
    user = User.objects.filter(pk=halfway["user"], is_active=True).first()
    if not user or time.time() - halfway["at"] > HALFWAY_SECONDS or user.get_session_auth_hash() != halfway["hash"]:
        return redirect("login")
    with acting(actor=None, way=Way.BROWSER, ip=client_ip(request)):
        form = CodeForm(request.POST or None, user=user, request=request)
        if form.is_valid():
            del request.session[HALFWAY]
            _let_in(request, user, form.outcome, by_code=True)
            if form.outcome == Outcome.RECOVERY:
                messages.warning(request, _codes_left(user))
            return HttpResponseRedirect(halfway["next"])
    context = {"form": form, "recovery": "recovery" in request.GET}
    return _waiting(form, render(request, "accounts/code.html", context))


def _codes_left(user: User) -> str:
    left = user.recovery_codes.filter(used_at=None).count()
    return ngettext("%(count)d recovery code is left.", "%(count)d recovery codes are left.", left) % {"count": left}


# --- one's own security ------------------------------------------------------------------------------------------


def _own(view: View) -> View:
    """A page about oneself: kept nowhere, its changes written as one's own."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @sensitive_post_parameters()
    @wraps(view)
    def wrapped(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with acting(actor=request.user, way=Way.BROWSER, ip=client_ip(request)):
            return view(request, *args, **kwargs)

    return wrapped


@require_safe
@never_cache
def security(request: StaffRequest) -> HttpResponse:
    """Password, second factor, where one is signed in, the API token, and who has tried to sign in."""
    user = request.user
    context = {
        "app": selectors.second_factor(user),
        "compulsory": selectors.needs_second_factor(user),
        "codes_left": user.recovery_codes.filter(used_at=None).count(),
        "sessions": selectors.signed_in(user, request.session.session_key),
        "token": Token.objects.filter(user=user).first(),
        "tries": selectors.tries(user),
        "GOT_IN": (Outcome.IN, Outcome.RECOVERY),
    }
    return render(request, "accounts/security.html", context)


@_own
def security_password(request: StaffRequest) -> HttpResponse:
    """Change one's own password; all other sessions end."""
    form = NewPasswordForm(request.POST or None, user=request.user, request=request)
    if form.is_valid():
        services.password_set(
            user=request.user, password=form.cleaned_data["new_password"], keep=request.session.session_key
        )
        update_session_auth_hash(request, request.user)
        messages.success(request, _("The password is changed. You are signed out everywhere else."))
        return redirect("security")
    return _form(request, form, _("Change the password"), pgettext("button", "Change"))


def _form(request: StaffRequest, form: Any, title: str, button: str, lead: str = "") -> HttpResponse:
    context = {"form": form, "title": title, "button": button, "lead": lead}
    return _waiting(form, render(request, "accounts/form.html", context, status=400 if form.is_bound else 200))


@_own
def second_factor(request: StaffRequest) -> HttpResponse:
    """Set up an app as second factor: show its secret as a QR code, take its first code, show the recovery codes."""
    if selectors.second_factor(request.user):
        return redirect("security")
    key = request.session.setdefault(NEW_KEY, default_key())
    form = NewAppForm(request.POST or None, user=request.user, request=request)
    if form.is_valid():
        codes = services.second_factor_set(
            user=request.user, key=key, code=form.cleaned_data["code"], keep=request.session.session_key
        )
        if codes:
            del request.session[NEW_KEY]
            request.session[sessions.SECOND_FACTOR] = True
            return _show_codes(request, codes)
        form.add_error("code", _("This is not the code. Is the clock of the phone right? Take the code shown now."))
    app = TOTPDevice(user=request.user, key=key)
    context = {
        "form": form,
        "compulsory": selectors.needs_second_factor(request.user),
        # The library draws nothing but a path of its own: no text of anybody's gets in.
        "qr": mark_safe(segno.make(app.config_url, error="m").svg_inline(omitsize=True, svgclass="qr", lineclass=None)),  # noqa: S308
        "secret": " ".join(_base32(app)[at : at + 4] for at in range(0, 32, 4)),
    }
    return _waiting(form, render(request, "accounts/second_factor.html", context, status=400 if form.is_bound else 200))


def _base32(app: TOTPDevice) -> str:
    return b32encode(app.bin_key).decode()


def _show_codes(request: StaffRequest, codes: list[str]) -> HttpResponse:
    return render(request, "accounts/recovery_codes.html", {"codes": codes, "text": "%0A".join(codes)})


@_own
def second_factor_off(request: StaffRequest) -> HttpResponse:
    """Go without a second factor, by password and code."""
    form = PasswordAndCode(request.POST or None, user=request.user, request=request)
    if selectors.second_factor(request.user) is None:
        return redirect("security")
    if form.is_valid():
        services.second_factor_drop(user=request.user)
        request.session[sessions.SECOND_FACTOR] = False
        messages.success(request, _("The second factor is off."))
        return redirect("security")
    return _form(request, form, _("Turn off the second factor"), _("Turn off"))


@_own
def recovery_codes(request: StaffRequest) -> HttpResponse:
    """New recovery codes in place of the old ones, by password and code."""
    form = PasswordAndCode(request.POST or None, user=request.user, request=request)
    if selectors.second_factor(request.user) is None:
        return redirect("security")
    if form.is_valid():
        return _show_codes(request, services.recovery_codes_make(user=request.user))
    return _form(request, form, _("New recovery codes"), _("Make new codes"), _("The former ones stop working."))


@require_POST
@_own
def session_end(request: StaffRequest, handle: str) -> HttpResponse:
    """Sign out of one other session."""
    if services.session_end(user=request.user, handle=handle):
        messages.success(request, _("Signed out there."))
    return redirect("security")


@require_POST
@_own
def sessions_end(request: StaffRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = services.sessions_end(user=request.user, keep=request.session.session_key)
    messages.success(
        request, ngettext("%(count)d session ended.", "%(count)d sessions ended.", ended) % {"count": ended}
    )
    return redirect("security")


@_own
def token_make(request: StaffRequest) -> HttpResponse:
    """A new API token, shown once."""
    form = OwnPassword(request.POST or None, user=request.user, request=request)
    if form.is_valid():
        return render(request, "accounts/token.html", {"token": services.token_make(user=request.user)})
    lead = _("Programs use it in your name: it opens what you may see and change, without password or code.")
    return _form(request, form, _("New API token"), _("Make a token"), lead)


@require_POST
@_own
def token_end(request: StaffRequest) -> HttpResponse:
    """Take one's own API token away."""
    services.token_end(user=request.user)
    messages.success(request, _("The token works no more."))
    return redirect("security")
