"""The only code that writes contacts, the history of contacts and its next steps (spec/product.md, rule 6).

Who may change a client may change what hangs on it. `code` is that of the client; a client this person may not see
raises Client.DoesNotExist, one they may not change PermissionDenied.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from clients.models import Client, Contact, Interaction
from config.exchange.staging import CLEAR


class Meanwhile(Exception):
    """Somebody else has changed or removed the row since it was shown; `current` is as it is now, None if removed."""

    def __init__(self, current: Model | None = None, fields: frozenset[str] = frozenset()) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.current, self.fields = current, fields


def contact_add(*, user: User, code: str, values: Mapping[str, Any], way: Way, ip: str | None = None) -> Contact:
    """Add a person to a client. Raises ValidationError by field."""
    with acting(actor=user, way=way, ip=ip):
        contact = Contact(client=_changeable(user, code), **values)
        _check(contact, values)
        contact.save(force_insert=True)
    return contact


def contact_update(
    *, user: User, code: str, pk: int, was: Mapping[str, Any], changes: Mapping[str, Any], way: Way,
    ip: str | None = None,
) -> Contact:  # fmt: skip
    """Change fields of a contact. `was`: the values of these fields as this person saw them.

    Raises Meanwhile with the fields that somebody else has changed since, ValidationError by field; nothing is
    changed then.
    """
    with acting(actor=user, way=way, ip=ip):
        contact = _contact(_changeable(user, code), pk)
        if differing := frozenset(name for name in changes if getattr(contact, name) != was[name]):
            raise Meanwhile(contact, differing)
        for name, value in changes.items():
            setattr(contact, name, value)
        _check(contact, changes)
        contact.save(update_fields=list(changes))
    return contact


def contact_remove(*, user: User, code: str, pk: int, way: Way, ip: str | None = None) -> Contact:
    """Take a person off a client; what was agreed on with them stays. Raises Meanwhile if somebody else already did."""
    with acting(actor=user, way=way, ip=ip):
        contact = _contact(_changeable(user, code), pk)
        Contact.objects.filter(pk=pk).delete()
    return contact


def interaction_add(
    *, user: User, code: str, values: Mapping[str, Any], closes: int | None = None, way: Way, ip: str | None = None
) -> Interaction:
    """Write down what was said. `closes`: the id of the interaction whose next step is done by it, if any.

    Raises ValidationError by field, Interaction.DoesNotExist where `closes` is none of this client.
    """
    with acting(actor=user, way=way, ip=ip):
        client = _changeable(user, code)
        interaction = Interaction(client=client, author=user, **values)
        _check(interaction, values)
        if interaction.at > timezone.now() + timedelta(minutes=1):
            raise ValidationError({"at": _("This is still to come: write it down as a next step.")})
        interaction.save(force_insert=True)
        if closes is not None:
            _set_done(client.interactions.select_for_update().get(pk=closes, next_on__isnull=False), True)
    return interaction


def step_move(*, user: User, code: str, pk: int, was: date, to: date, way: Way, ip: str | None = None) -> Interaction:
    """Move an open next step from the day it was shown with to another. Raises Meanwhile if it isn't there any more."""
    with acting(actor=user, way=way, ip=ip):
        step = _step(_changeable(user, code), pk)
        if step.next_on != was or step.next_done_at:
            raise Meanwhile(step)
        step.next_on = to
        step.save(update_fields=["next_on"])
    return step


def step_done(*, user: User, code: str, pk: int, done: bool = True, way: Way, ip: str | None = None) -> Interaction:
    """Mark a next step as done, or (`done` False) take that back; doing it twice changes nothing."""
    with acting(actor=user, way=way, ip=ip):
        step = _step(_changeable(user, code), pk)
        _set_done(step, done)
    return step


def _set_done(step: Interaction, done: bool) -> None:
    if done != bool(step.next_done_at):
        step.next_done_at = timezone.now() if done else None
        step.save(update_fields=["next_done_at"])


def _changeable(user: User, code: str) -> Client:
    """The client, locked: what hangs on it changes one at a time."""
    client = Client.objects.visible_to(user).get(code=code)
    changeable = Client.objects.changeable_by(user).select_for_update(of=("self",), no_key=True).filter(pk=client.pk)
    if not changeable:
        raise PermissionDenied
    return client


def _contact(client: Client, pk: int) -> Contact:
    contact = client.contacts.filter(pk=pk).first()
    if contact is None:
        raise Meanwhile
    return contact


def _step(client: Client, pk: int) -> Interaction:
    return client.interactions.get(pk=pk, next_on__isnull=False)


def _check(row: Contact | Interaction, values: Mapping[str, Any]) -> None:
    """The rules of the table, and the one of the exchange files: there a lone dash empties the cell."""
    if dashes := [name for name, value in values.items() if isinstance(value, str) and value.strip() == CLEAR]:
        raise ValidationError({name: _("A lone dash stands for nothing: leave it empty.") for name in dashes})
    row.full_clean()
