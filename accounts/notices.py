"""What notices say. An app names its kinds in its own `notices.py`, imported when it is ready."""

from collections.abc import Callable

from django.db.models import QuerySet

from accounts.models import Notice, User

_TEXTS: dict[str, Callable[..., str]] = {}


def says(kind: str) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Marks the function that puts the text of this kind together, from the notice's `params` as keywords."""

    def keep(text: Callable[..., str]) -> Callable[..., str]:
        _TEXTS[kind] = text
        return text

    return keep


def text(notice: Notice) -> str:
    """The notice in the language of whoever reads it; of a kind of another release only its name."""
    known = _TEXTS.get(notice.kind)
    return known(**notice.params) if known else notice.kind


def unread(user: User) -> QuerySet[Notice]:
    """The notices this person has not read."""
    return Notice.objects.filter(recipient=user, read_at=None)
