"""The pages of staff and territories, for people with the right `manage`: what each may change is in services.py."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User, Way
from accounts.requests import StaffRequest
from accounts.selectors import second_factor, wrong_tries
from config.web import client_ip
from territories import services
from territories.forms import HandOverForm, NewStaffForm, NewTerritoryForm, StaffFilter, StaffForm, TerritoryForm
from territories.selectors import given_to, people_on, staff_of, territories_managed_by, territory_ids

PAGE = 100
View = Callable[..., HttpResponse]
form_methods = require_http_methods(["GET", "HEAD", "POST"])


def for_managers(view: View) -> View:
    """Only for people who manage some part of the tree."""

    @wraps(view)
    def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if territory_ids(request.user, "manage") == []:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def _by(request: StaffRequest) -> dict[str, Any]:
    """Who changes something, by which way."""
    return {"actor": request.user, "way": Way.BROWSER, "ip": client_ip(request)}


def _done(form: Form, save: Callable[[], Any]) -> bool:
    """Whether the form was right and is saved; what the service finds wrong is put beside its field."""
    if not form.is_valid():
        return False
    try:
        save()
    except ValidationError as error:
        for field, errors in error.message_dict.items():
            form.add_error(field if field in form.fields else None, errors)
        return False
    return True


# --- staff -------------------------------------------------------------------------------------------------------


@require_safe
@for_managers
def staff_list(request: StaffRequest) -> HttpResponse:
    """The people this person manages, with their roles and territories."""
    asked = StaffFilter(request.GET)
    asked.is_valid()
    given: dict[str, Any] = {name: asked.cleaned_data.get(name) or "" for name in asked.fields}
    everybody = staff_of(request.user)
    found = everybody.filter(is_active=given["state"] != "gone")
    if given["role"]:
        found = found.filter(role=given["role"])
    for word in given["search"].split():
        found = found.filter(Q(full_name__icontains=word) | Q(username__icontains=word) | Q(email__icontains=word))
    page = Paginator(found, PAGE).get_page(given["page"])
    places = given_to(list(page))
    context = {
        "asked": given,
        "page": page,
        "people": [(person, places[person.pk]) for person in page],
        "roles": asked.fields["role"].choices,  # type: ignore[attr-defined]
        "counts": everybody.aggregate(active=Count("pk", Q(is_active=True)), gone=Count("pk", Q(is_active=False))),
    }
    return render(request, "territories/staff.html", context)


def _person(request: StaffRequest, username: str) -> User:
    """The member of staff with this user name, if this person manages them."""
    return get_object_or_404(staff_of(request.user), username=username)


@form_methods
@for_managers
def staff_new(request: StaffRequest) -> HttpResponse:
    """Somebody joins."""
    form = NewStaffForm(request.POST or None, user=request.user, person=None)
    if _done(form, lambda: services.staff_add(**form.values(), **_by(request))):
        return redirect("staff-member", form.cleaned_data["username"])
    return render(request, "territories/member.html", {"form": form}, status=400 if form.is_bound else 200)


@form_methods
@for_managers
def staff_member(request: StaffRequest, username: str) -> HttpResponse:
    """A member of staff: name, role, territories; and what else can be done about them."""
    person = _person(request, username)
    form = StaffForm(request.POST or None, user=request.user, person=person)
    if _done(form, lambda: services.staff_change(username=username, **form.values(), **_by(request))):
        messages.success(request, _("Saved."))
        return redirect("staff-list" if not staff_of(request.user).filter(pk=person.pk).exists() else request.path)
    context = {
        "form": form, "person": person, "app": second_factor(person), "wrong": wrong_tries(person.username),
    }  # fmt: skip
    return render(request, "territories/member.html", context, status=400 if form.is_bound else 200)


@require_POST
@for_managers
def staff_state(request: StaffRequest, username: str) -> HttpResponse:
    """Deactivate a member of staff, or let them in again."""
    person = _person(request, username)
    change = services.staff_deactivate if person.is_active else services.staff_reactivate
    changed = change(username=username, **_by(request))
    done = _("%(who)s may sign in again.") if changed.is_active else _("%(who)s is signed out everywhere for good.")
    messages.success(request, done % {"who": changed})
    return redirect("staff-member", username)


@require_POST
@for_managers
def staff_password(request: StaffRequest, username: str) -> HttpResponse:
    """A new password, shown this once."""
    person = _person(request, username)
    context = {"person": person, "password": services.staff_password(username=username, **_by(request))}
    return render(request, "territories/password.html", context)


@require_POST
@for_managers
def staff_second_factor(request: StaffRequest, username: str) -> HttpResponse:
    """Take the second factor of a lost phone away."""
    person = _person(request, username)
    if services.staff_second_factor_reset(username=username, **_by(request)):
        messages.success(
            request, _("%(who)s signs in by password alone until a new phone is set up.") % {"who": person}
        )
    return redirect("staff-member", username)


@require_POST
@for_managers
def staff_unlock(request: StaffRequest, username: str) -> HttpResponse:
    """End the waiting after wrong tries."""
    person = _person(request, username)
    services.staff_unlock(username=username, **_by(request))
    messages.success(request, _("%(who)s may try to sign in again at once.") % {"who": person})
    return redirect("staff-member", username)


@form_methods
@for_managers
def staff_hand_over(request: StaffRequest, username: str) -> HttpResponse:
    """Give somebody's territories to a successor, who gets them with everything."""
    person = _person(request, username)
    form = HandOverForm(request.POST or None, user=request.user, person=person)
    if _done(form, lambda: services.staff_hand_over(username=username, **form.values(), **_by(request))):
        messages.success(request, _("Handed over, with everything that belongs to the clients."))
        return redirect("staff-member", form.cleaned_data["successor"])
    context = {"form": form, "person": person}
    return render(request, "territories/hand_over.html", context, status=400 if form.is_bound else 200)


# --- territories -------------------------------------------------------------------------------------------------


@form_methods
@for_managers
def territory_list(request: StaffRequest) -> HttpResponse:
    """A node of the tree (?territory=), to be renamed or moved, and what lies right below it; else the highest ones."""
    managed = territories_managed_by(request.user)
    code = request.GET.get("territory")
    here = get_object_or_404(managed.select_related("parent"), code=code) if code else None
    form = TerritoryForm(request.POST or None, user=request.user, territory=here) if here else None
    if (
        here
        and form
        and _done(form, lambda: services.territory_change(territory=here, **form.values(), **_by(request)))
    ):
        messages.success(request, _("Saved."))
        return redirect(request.get_full_path())
    below = here.children.all() if here else managed.exclude(parent__in=managed)
    page = Paginator(below.annotate(parts=Count("children")).order_by("name", "code"), PAGE).get_page(
        request.GET.get("page")
    )
    people = people_on(list(page))
    context = {
        "here": here,
        "form": form,
        "way": managed.filter(paths_down__below=here).order_by("-paths_down__depth") if here else [],
        "page": page,
        "nodes": [(node, people[node.pk]) for node in page],
        "may_add": here or territory_ids(request.user, "manage") is None,
    }
    return render(request, "territories/tree.html", context, status=400 if form and form.is_bound else 200)


@form_methods
@for_managers
def territory_new(request: StaffRequest) -> HttpResponse:
    """Add a node below ?territory=."""
    parent = request.GET.get("territory", "")
    if parent:
        get_object_or_404(territories_managed_by(request.user), code=parent)
    form = NewTerritoryForm(request.POST or None, user=request.user, initial={"parent": parent})
    if _done(form, lambda: services.territory_add(**form.values(), **_by(request))):
        messages.success(request, _("Saved."))
        above = form.cleaned_data["parent"]
        return redirect(f"{request.path.removesuffix('new/')}" + (f"?territory={above.code}" if above else ""))
    return render(request, "territories/new.html", {"form": form}, status=400 if form.is_bound else 200)


@require_safe
@for_managers
def territory_options(request: StaffRequest) -> HttpResponse:
    """Territories whose name or code holds what is being typed into one of these forms."""
    text = (request.GET.get("add") or request.GET.get("parent") or "").strip()
    managed = territories_managed_by(request.user)
    found = managed.filter(Q(name__icontains=text) | Q(code__istartswith=text)).order_by("name")[:20]
    return render(request, "territories/_options.html", {"territories": found if text else []})
