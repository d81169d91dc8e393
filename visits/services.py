"""The only code that writes visits and audits."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User, Way
from accounts.services import acting
from clients.models import Client
from config.exchange.columns import Column
from config.exchange.merging import Counts, Parent, merge
from visits.models import Visit


def visit_done(*, user: User, pk: int, done: bool = True, way: Way, ip: str | None = None) -> Visit:
    """Note that somebody was there now, or (`done` False) take that back; doing it twice changes nothing.

    Raises Visit.DoesNotExist for a client this person may not see, PermissionDenied for one they may not change.
    """
    with acting(actor=user, way=way, ip=ip):
        visit = Visit.objects.select_for_update(of=("self",)).get(pk=pk, client__in=Client.objects.visible_to(user))
        if not Client.objects.changeable_by(user).filter(pk=visit.client_id).exists():
            raise PermissionDenied
        if done != bool(visit.done_at):
            visit.done_at = timezone.now() if done else None
            visit.save(update_fields=["done_at"])
    return visit


def visits_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="visits_visit", columns=columns, key=("client_code", "planned_on"))


def audits_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="visits_audit", columns=columns, key=("client_code", "date"))


def audit_items_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `audit_items`): an item belongs to the audit of its client on its day."""
    audit = Parent(
        join="LEFT JOIN visits_audit parent ON parent.client_id = r_client_id.id AND parent.date = me.date",
        target="audit_id", finds=("client_code", "date"),
        column="date", reason=gettext_lazy("no audit of this client on this day"),
    )  # fmt: skip
    return merge(cursor, table="visits_audititem", columns=columns, key=("sku",), parent=audit)
