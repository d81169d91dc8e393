"""The questionnaire builder: versions, sections and questions."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import StaffRequest
from cleanup import questionnaire_services
from cleanup.models import Question, Version
from cleanup.question_forms import NewForm, QuestionForm
from cleanup.services import administrator


@require_http_methods(["GET", "HEAD", "POST"])
def questionnaire_list(request: StaffRequest) -> HttpResponse:
    """All versions, and the place to begin a questionnaire."""
    administrator(request.user)
    form = NewForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = questionnaire_services.questionnaire_create(user=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("name", error.messages[0])
        else:
            return redirect("questionnaire", made.pk)
    versions = Version.objects.select_related("questionnaire").annotate(
        asked=Count("questions", distinct=True), used=Count("campaigns", distinct=True)
    )
    context = {"form": form, "versions": versions.order_by("questionnaire__name", "-number")}
    return render(request, "cleanup/questionnaires.html", context, status=400 if form.errors else 200)


@require_safe
def questionnaire_page(request: StaffRequest, pk: int) -> HttpResponse:
    """One version: its sections and questions, and the tools to change it while it is not asked."""
    administrator(request.user)
    return render(request, "cleanup/questionnaire.html", _builder(pk))


def _builder(pk: int, error: str = "") -> dict[str, Any]:
    version = get_object_or_404(Version.objects.select_related("questionnaire"), pk=pk)
    asked = list(version.questions.select_related("section"))
    texts = {question.key: question.text for question in asked}
    sections = [
        (section, [(each, texts.get(each.condition_key, "")) for each in asked if each.section_id == section.pk])
        for section in version.sections.all()
    ]
    return {"version": version, "sections": sections, "open": version.frozen_at is None, "error": error}


@require_POST
def questionnaire_change(request: StaffRequest, pk: int) -> HttpResponse:
    """`do`: add or rename a section, move (up, down) or remove a section or question, or make the next version."""
    administrator(request.user)
    get_object_or_404(Version, pk=pk)
    do, given = request.POST.get("do", ""), request.POST
    part = {
        name: int(given[name]) for name in ("section", "question") if given.get(name, "").isascii() and
        given.get(name, "").isdigit() and len(given[name]) < 19
    }  # fmt: skip
    error = ""
    try:
        if do == "version":
            return redirect("questionnaire", questionnaire_services.version_create(user=request.user, pk=pk).pk)
        if do == "section":
            questionnaire_services.section_save(
                user=request.user, version=pk, title=given.get("title", ""), pk=part.get("section")
            )
        elif do in (questionnaire_services.UP, questionnaire_services.DOWN) and part:
            questionnaire_services.part_move(user=request.user, version=pk, to=do, **part)
        elif do == "remove" and part:
            questionnaire_services.part_remove(user=request.user, version=pk, **part)
        else:
            return HttpResponseBadRequest()
    except ValidationError as wrong:
        error = " ".join(wrong.messages)
    except (ObjectDoesNotExist, StopIteration):
        raise Http404 from None
    if request.htmx:
        return render(request, "cleanup/_builder.html", _builder(pk, error))
    if error:
        messages.error(request, error)
    return redirect("questionnaire", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def question_edit(request: StaffRequest, pk: int, question: int | None = None) -> HttpResponse:
    """A question of the version `pk`: a new one (in ?section=), or one to change."""
    administrator(request.user)
    version = get_object_or_404(Version.objects.select_related("questionnaire"), pk=pk, frozen_at=None)
    stored = get_object_or_404(Question, pk=question, version=version) if question else None
    begun = {"section": request.GET.get("section", "")}
    form = QuestionForm(
        request.POST if request.method == "POST" else None, instance=stored, version=version, initial=begun
    )
    if form.is_valid():
        try:
            saved = questionnaire_services.question_save(
                user=request.user, version=pk, values=form.values(), pk=question
            )
        except ValidationError as error:
            form.add_errors(error)
        else:
            return redirect(f"{reverse('questionnaire', args=[pk])}#question-{saved.pk}")
    context = {"form": form, "version": version, "question": stored}
    return render(request, "cleanup/question.html", context, status=400 if form.errors else 200)
