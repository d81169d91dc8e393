"""The only code that writes visits and audits."""

from collections.abc import Sequence

from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy

from config.exchange.columns import Column
from config.exchange.merging import Counts, Parent, merge


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
