"""Change requests as their pages show them, with what speaks for a second look."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from clients import fields
from clients.models import ChangeRequest, Client
from clients.querysets import ChangeRequestQuerySet
from territories.selectors import territory_ids, territory_ids_of


class Row(NamedTuple):
    """A request in words; `now` is the client's value where it is neither what it was when asked for nor that
    wanted; `here`: the reader may see the client."""

    request: ChangeRequest
    label: str
    old: str
    new: str
    now: str
    remarks: list[str]
    here: bool


def rows(found: Iterable[ChangeRequest], reader: User) -> list[Row]:
    """These requests, in their order; what is said of open ones holds today."""
    some = list(found)
    current = {each.pk: fields.pack(fields.held(each.client, each.field)) for each in some}
    texts = fields.texts(
        (each.field, value) for each in some for value in (each.old, each.new, current[each.pk])
    )  # fmt: skip
    visible = Client.objects.visible_to(reader).filter(pk__in=[each.client_id for each in some])
    here = set(visible.values_list("pk", flat=True))
    remarks = _Remarks(reader, {each.author for each in some if each.state == "open"})
    return [
        Row(
            each, fields.label(each.field), texts[each.field, each.old], texts[each.field, each.new],
            texts[each.field, current[each.pk]] if each.state == "open" and _moved(each) else "",
            remarks.on(each) if each.state == "open" else [], each.client_id in here,
        )
        for each in some
    ]  # fmt: skip


def _moved(request: ChangeRequest) -> bool:
    now = fields.held(request.client, request.field)
    return now not in (fields.unpack(request.field, request.old), fields.unpack(request.field, request.new))


class _Remarks:
    """What has come about since a request was made and an approver should know; rights are asked for once a person."""

    def __init__(self, reader: User, authors: Collection[User]) -> None:
        self.reader = reader
        self.may_change = territory_ids_of(authors, "change")
        self.may_approve = territory_ids(reader, "approve")

    def on(self, request: ChangeRequest) -> list[str]:
        client, author, said = request.client, request.author, []
        if fields.held(client, request.field) == fields.unpack(request.field, request.new):
            said.append(_("The client has this value already."))
        if client.closed_on and client.closed_on <= timezone.localdate() and request.field != "closed_on":
            said.append(_("The client has been closed."))
        if not author.is_active:
            said.append(_("%(who)s does not work here any more.") % {"who": author})
        elif not _within(self.may_change[author.pk], client.territory_id):
            said.append(_("The client is no longer with %(who)s.") % {"who": author})
        if author != self.reader and request.field == "territory" and not _within(self.may_approve, request.new):
            said.append(_("You don't decide about the territory it is to move to."))
        return said


def _within(held: Collection[int] | None, territory: Any) -> bool:
    return held is None or territory in held


def all_of(found: ChangeRequestQuerySet) -> ChangeRequestQuerySet:
    """With what their rows show."""
    return found.select_related("client__territory", "client__category_override", "author", "decided_by")


def waiting_on(client: Client, reader: User) -> list[Row]:
    """The open requests of a client."""
    return rows(all_of(ChangeRequest.objects.open().filter(client=client)).order_by("pk"), reader)


def waiting_for(user: User) -> ChangeRequestQuerySet:
    """The requests that wait for this person's decision."""
    return ChangeRequest.objects.open().approvable_by(user)
