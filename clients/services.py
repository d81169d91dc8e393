"""The only code that writes clients (spec/product.md, rule 1): rights, field rules, validation, version, history."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, Way
from accounts.services import acting
from clients.models import Client
from config.exchange.columns import Column
from config.exchange.merging import Check, Counts, merge
from config.exchange.staging import CLEAR
from territories.selectors import territory_ids

EVERYBODYS_FIELDS = frozenset({"name", "address", "lat", "lon", "phone", "email", "potential_monthly", "lost_reason"})
APPROVERS_FIELDS = frozenset(
    {"code", "territory", "channel", "counterparty", "is_target", "opened_on", "closed_on"}
)  # of supervisors and above: those with the right `approve` on the client's territory (spec/product.md, rule 3)


class Conflict(Exception):
    """Somebody else has changed the client since `version`; `current` is the client as it is now."""

    def __init__(self, current: Client) -> None:
        super().__init__(f"client {current.code} is at version {current.version}")
        self.current = current


def editable_fields(*, user: User, client: Client) -> frozenset[str]:
    """The fields of `client` this person may change; none if they may only look."""

    def may(right: str) -> bool:
        ids = territory_ids(user, right)
        return ids is None or client.territory_id in ids

    if not may("change"):
        return frozenset()
    return EVERYBODYS_FIELDS | APPROVERS_FIELDS if may("approve") else EVERYBODYS_FIELDS


def client_update(
    *, user: User, code: str, version: int, changes: Mapping[str, Any], way: Way, ip: str | None = None
) -> Client:
    """Change fields of one client and return it as it is afterwards.

    `changes`: new values by field name (model objects for relations). Raises Client.DoesNotExist for a client this
    person may not see, PermissionDenied for one (or a field, or a target territory) they may not change, Conflict
    when `version` is not the stored one, ValidationError by field. Nothing is changed then.
    """
    with transaction.atomic():
        client = Client.objects.visible_to(user).select_for_update(of=("self",)).get(code=code)
        forbidden = set(changes) - editable_fields(user=user, client=client)
        if forbidden:
            raise PermissionDenied(", ".join(sorted(forbidden)))
        if client.version != version:
            raise Conflict(client)
        if "territory" in changes:
            allowed = territory_ids(user, "change")
            if allowed is not None and changes["territory"].pk not in allowed:
                raise PermissionDenied("territory")
        lone_dashes = [field for field, value in changes.items() if isinstance(value, str) and value.strip() == CLEAR]
        if lone_dashes:  # in an exchange file it empties the cell: what is dumped must load
            raise ValidationError(
                {field: _("A lone dash stands for nothing: leave it empty.") for field in lone_dashes}
            )
        for field, value in changes.items():
            setattr(client, field, value)
        client.full_clean(exclude={"search", "name_sort"})
        with acting(actor=user, way=way, ip=ip):
            client.save(update_fields=list(changes))
        client.refresh_from_db()
    return client


# --- loads: `stage` of an exchange file into the register (config/exchange); spec/exchange.md -------------------


def channels_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="clients_channel", columns=columns, key=("code",))


def counterparties_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="clients_counterparty", columns=columns, key=("code",))


def contracts_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    ends = Check("valid_until", "m.valid_until < m.signed_on", gettext_lazy("ends before it is signed"))
    return merge(cursor, table="clients_contract", columns=columns, key=("number",), checks=[ends])


def clients_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    closed = Check("closed_on", "m.closed_on < m.opened_on", gettext_lazy("closed before opened"))
    return merge(cursor, table="clients_client", columns=columns, key=("code",), checks=[closed])


def contacts_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="clients_contact", columns=columns, key=("client_code", "full_name"))


def clients_set_derived(cursor: CursorWrapper) -> int:
    """Write what follows from facts for the clients of the temporary table `derived` (id, status, cause, order_on,
    category) where it differs; how many did. A move of
    status is an event of the history with its cause (spec/product.md, rule 5)."""
    cursor.execute(
        """
        UPDATE clients_client c
        SET status = d.status, status_cause = d.cause, last_order_on = d.order_on, category = d.category
        FROM derived d
        WHERE d.id = c.id AND (c.status, c.status_cause, c.last_order_on, c.category)
              IS DISTINCT FROM (d.status, d.cause, d.order_on, d.category)
        """
    )
    return int(cursor.rowcount)
