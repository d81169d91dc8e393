"""The only code that writes questionnaires; administrators only. A version that a campaign asks stays as it is: what is
to be asked otherwise goes into the next version."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from cleanup import questions
from cleanup.models import Question, Questionnaire, Section, Version
from cleanup.services import administrator
from cleanup.standard import SECTIONS

UP, DOWN = "up", "down"


def questionnaire_create(*, user: User | None, name: str, standard: bool = True, way: Way = Way.BROWSER) -> Version:
    """A questionnaire with its first version, with the usual questions (standard.py) or with none.

    Raises PermissionDenied, ValidationError by field.
    """
    administrator(user)
    made = Questionnaire(name=name.strip())
    made.full_clean()
    with acting(actor=user, way=way):
        made.save()
        version = Version.objects.create(questionnaire=made, number=1)
        for at, (title, asked) in enumerate(SECTIONS if standard else [], 1):
            section = Section.objects.create(version=version, position=at, title=str(title))
            for place, (key, kind, text, more) in enumerate(asked, 1):
                options = [str(option) for option in more.get("options", [])]
                values = {**more, "options": options}
                Question.objects.create(
                    version=version, section=section, position=place, key=key, kind=kind, text=str(text), **values
                )
    return version


def version_create(*, user: User, pk: int, way: Way = Way.BROWSER) -> Version:
    """The next version of a questionnaire, like the version `pk`, to be changed; one that is not asked yet is returned
    as it is. Raises PermissionDenied, Version.DoesNotExist."""
    administrator(user)
    with acting(actor=user, way=way):
        questionnaire = Questionnaire.objects.select_for_update().get(versions=pk)
        open_one = questionnaire.versions.filter(frozen_at=None).first()
        if open_one is not None:
            return open_one
        former = questionnaire.versions.get(pk=pk)
        last = questionnaire.versions.aggregate(Max("number"))["number__max"]
        version = Version.objects.create(questionnaire=questionnaire, number=last + 1)
        for section in former.sections.all():
            asked = list(section.questions.all())
            section.pk, section.version = None, version
            section.save(force_insert=True)
            for question in asked:
                question.pk, question.version, question.section = None, version, section
                question.save(force_insert=True)
    return version


def _open(pk: int) -> Version:
    """The version, locked. Raises ValidationError where it is asked already."""
    version = Version.objects.select_for_update(of=("self",)).select_related("questionnaire").get(pk=pk)
    if version.frozen_at:
        raise ValidationError(_("A clean-up asks this version: make a new one to change it."))
    return version


def section_save(*, user: User, version: int, title: str, pk: int | None = None, way: Way = Way.BROWSER) -> Section:
    """Add a section at the end, or give one another title. Raises as question_save."""
    administrator(user)
    with acting(actor=user, way=way):
        _open(version)
        section = Section.objects.get(pk=pk, version=version) if pk else Section(version_id=version)
        if section.pk is None:
            last = Section.objects.filter(version=version).aggregate(Max("position"))["position__max"]
            section.position = (last or 0) + 1
        section.title = title.strip()
        section.full_clean()
        section.save()
    return section


def question_save(
    *, user: User, version: int, values: Mapping[str, Any], pk: int | None = None, way: Way = Way.BROWSER
) -> Question:
    """Add a question at the end of its section, or change one. `values`: fields of Question.

    Raises PermissionDenied, DoesNotExist, ValidationError by field, and as a whole where the version is asked already.
    """
    administrator(user)
    with acting(actor=user, way=way):
        _open(version)
        question = Question.objects.get(pk=pk, version=version) if pk else Question(version_id=version)
        former_section, former_key = question.section_id, question.key
        for name, value in values.items():
            setattr(question, name, value)
        if question.pk is None or question.section_id != former_section:
            last = Question.objects.filter(section=question.section_id).aggregate(Max("position"))["position__max"]
            question.position = (last or 0) + 1
        question.clean_fields()
        if wrong := questions.wrong_with(question):
            raise ValidationError(wrong)
        question.full_clean()
        question.save()
        if former_key and former_key != question.key:  # what hangs on its answer goes on doing so
            Question.objects.filter(version=version, condition_key=former_key).update(condition_key=question.key)
    return question


def part_remove(*, user: User, version: int, section: int | None = None, question: int | None = None) -> None:
    """Take a question away, or a section with its questions. Raises ValidationError where others hang on its answer."""
    administrator(user)
    with acting(actor=user, way=Way.BROWSER):
        _open(version)
        gone = Question.objects.filter(version=version)
        gone = gone.filter(pk=question) if question else gone.filter(section=section)
        keys = list(gone.values_list("key", flat=True))
        hanging = Question.objects.filter(version=version, condition_key__in=keys).exclude(pk__in=gone).first()
        if hanging:
            raise ValidationError(
                _("“%(question)s” is asked only by its answer: change that first.") % {"question": hanging.text}
            )
        gone.delete()
        if section:
            Section.objects.filter(pk=section, version=version).delete()


def part_move(*, user: User, version: int, to: str, section: int | None = None, question: int | None = None) -> None:
    """Move a question within its section (at its edge into the next one), or a section, one place up or down.

    Raises ValidationError where a question would come before the one on whose answer it hangs.
    """
    administrator(user)
    with acting(actor=user, way=Way.BROWSER):
        _open(version)
        if section:
            _swap(list(Section.objects.filter(version=version)), section, to)
        elif question:
            moved = Question.objects.get(pk=question, version=version)
            if not _swap(list(Question.objects.filter(section=moved.section_id)), moved.pk, to):
                _into_next(moved, to)
        if broken := questions.broken(Version.objects.get(pk=version)):
            raise ValidationError(
                _("“%(question)s” must come after the question on whose answer it hangs.")
                % {"question": broken[0].text}
            )


def _swap(rows: list[Any], pk: int, to: str) -> bool:
    """Move one of the rows, which are in order, a place; False if it is at the edge."""
    at = next(place for place, row in enumerate(rows) if row.pk == pk)
    other = at - 1 if to == UP else at + 1
    if not 0 <= other < len(rows):
        return False
    rows[at], rows[other] = rows[other], rows[at]
    for place, row in enumerate(rows, 1):
        if row.position != place:
            row.position = place
            row.save(update_fields=["position"])
    return True


def _into_next(question: Question, to: str) -> None:
    sections = list(Section.objects.filter(version=question.version_id))
    at = next(place for place, row in enumerate(sections) if row.pk == question.section_id)
    other = at - 1 if to == UP else at + 1
    if not 0 <= other < len(sections):
        return
    there = list(Question.objects.filter(section=sections[other]))
    there.insert(len(there) if to == UP else 0, question)
    question.section = sections[other]
    for place, row in enumerate(there, 1):
        row.position = place
        row.save(update_fields=["position", "section"])
