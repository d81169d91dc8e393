"""The only code that writes clients (spec/product.md, rule 1): rights, field rules, validation, version, history."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User, Way
from accounts.services import acting, new_reference, notify
from clients import bulk_plan, fields, reverts
from clients.bulk_plan import Outcome, Seen
from clients.changes import REQUEST
from clients.models import Category, ChangeRequest, Client, FieldRule, RequestState, Right, Status, StatusCause
from clients.overrides.models import CategoryOverride
from clients.reverts import Part, Plan
from config.exchange.columns import Column
from config.exchange.merging import Check, Counts, merge
from config.exchange.staging import CLEAR
from territories.selectors import destinations, territory_ids

NEW_FIELDS = frozenset(fields.DEFAULT_RIGHTS) - {"closed_on", "lost_reason"}  # what a client may begin with
GENERATED = {"search", "name_sort"}
DAYS = {"opened_on", "closed_on"}  # checked together, whichever is changed
OWN_CODE = "N"  # before the number, in the code of a client that was given none


class Conflict(Exception):
    """Somebody else has changed the client since `version`; `current` is the client as it is now."""

    def __init__(self, current: Client) -> None:
        super().__init__(f"client {current.code} is at version {current.version}")
        self.current = current


class Editable(NamedTuple):
    """The fields of a client that somebody may change at once, and those they may ask to have changed."""

    free: frozenset[str]
    asked: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.free | self.asked

    def __bool__(self) -> bool:
        return bool(self.all)


class Filed(NamedTuple):
    """What became of one field that needs approval."""

    request: ChangeRequest
    already: bool = False  # the same had been asked for before: nothing new was filed
    replaced: ChangeRequest | None = None  # what this request took the place of


class Saved(NamedTuple):
    """The client as it is after an edit, and the requests for what could not be written at once."""

    client: Client
    filed: list[Filed]


def editable_fields(*, user: User, client: Client) -> Editable:
    """What of `client` this person may change; nothing if they may only look."""
    change = territory_ids(user, "change")
    if change is not None and client.territory_id not in change:
        return Editable(frozenset(), frozenset())
    approve = territory_ids(user, "approve")
    if approve is None or client.territory_id in approve:
        return Editable(frozenset(fields.DEFAULT_RIGHTS), frozenset())
    asked = frozenset(name for name, right in fields.rights().items() if right == Right.APPROVE) - {fields.OVERRIDE}
    return Editable(frozenset(fields.DEFAULT_RIGHTS) - asked, asked)


def client_update(
    *, user: User, code: str, version: int, changes: Mapping[str, Any], way: Way, reference: str = "",
    ip: str | None = None,
) -> Saved:  # fmt: skip
    """Change fields of one client; for those that this person may not change at once a change request is filed.

    `changes`: new values by field name (model objects for relations). `reference`: of the campaign it comes by.
    Raises Client.DoesNotExist for a client this person may not see, PermissionDenied for one (or a field, or a target
    territory) they may not change, Conflict when `version` is not the stored one, ValidationError by field. Nothing is
    changed or filed then.
    """
    with transaction.atomic():
        client = Client.objects.visible_to(user).select_for_update(of=("self",)).get(code=code)
        free, asked = _parted(user, client, changes)
        if client.version != version:
            raise Conflict(client)
        if asked:  # what is asked for must be possible, but stays as it is for now
            stored = {name: getattr(client, name) for name in asked}
            _fill_in(client, {**free, **asked})
            for name, value in stored.items():
                setattr(client, name, value)
        with acting(actor=user, way=way, reference=reference, ip=ip):
            if free:
                _write(client, free)
            filed = _file(user, client, asked)
        client.refresh_from_db()
    return Saved(client, filed)


def client_create(*, user: User, values: Mapping[str, Any], way: Way, ip: str | None = None) -> Client:
    """Add a client on a territory this person may change; without a `code` it gets one of its own.

    `values`: by field name, of NEW_FIELDS. Raises PermissionDenied for a field or a territory beyond one's rights,
    ValidationError by field.
    """
    if forbidden := set(values) - NEW_FIELDS:
        raise PermissionDenied(", ".join(sorted(forbidden)))
    client = Client()
    with transaction.atomic():
        given = {name: value for name, value in values.items() if name != "code" or value}
        if "code" not in given:
            client.pk, given["code"] = _own_code()
        _fill_in(client, given, whole=True)
        allowed = territory_ids(user, "change")
        if allowed is not None and client.territory_id not in allowed:
            raise PermissionDenied("territory")
        with acting(actor=user, way=way, ip=ip):
            _store(client, force_insert=True)
        client.refresh_from_db()
    return client


def _own_code() -> tuple[int, str]:
    """The key of the next client and a code made of it that nobody else has."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('clients_client', 'id'))")
            (pk,) = cursor.fetchone() or (0,)
            code = f"{OWN_CODE}{pk}"
            if not Client.objects.filter(code=code).exists():
                return pk, code


def _parted(user: User, client: Client, changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of `changes` this person may write at once, and what of the rest differs and has to be asked for."""
    editable = editable_fields(user=user, client=client)
    if forbidden := set(changes) - editable.all:
        raise PermissionDenied(", ".join(sorted(forbidden)))
    free = {name: value for name, value in changes.items() if name in editable.free}
    asked = {
        name: value for name, value in changes.items() if name in editable.asked and value != getattr(client, name)
    }
    target = changes.get("territory")
    if target and target.pk != client.territory_id:
        if all(target.pk != node.pk for node in destinations(user, client.territory)):
            raise PermissionDenied("territory")
        held = territory_ids(user, fields.rights()["territory"])
        if "territory" in free and held is not None and target.pk not in held:
            asked["territory"] = free.pop("territory")
    return free, asked


def _fill_in(client: Client, values: Mapping[str, Any], *, whole: bool = False) -> None:
    """Give the client these values and check them by the rules of the register; ValidationError by field. `whole`: a
    new client, of which nothing has been checked yet."""
    # In an exchange file a lone dash empties the cell: what is dumped must load.
    dashes = [name for name, value in values.items() if isinstance(value, str) and value.strip() == CLEAR]
    if dashes:
        raise ValidationError({name: _("A lone dash stands for nothing: leave it empty.") for name in dashes})
    for name, value in values.items():
        setattr(client, name, value)
    looked_at = set(values) | (DAYS if DAYS & set(values) else set())
    client.full_clean(exclude=GENERATED if whole else {field.name for field in Client._meta.fields} - looked_at)


def _write(client: Client, values: Mapping[str, Any]) -> None:
    _fill_in(client, values)
    _store(client, update_fields=list(values))


def _store(client: Client, **how: Any) -> None:
    """Save a checked client; if somebody else was quicker with what must be unique, ValidationError says so."""
    try:
        with transaction.atomic():
            client.save(**how)
    except IntegrityError:
        client.full_clean(exclude=GENERATED)
        raise


# --- change requests (spec/product.md, rule 3) ------------------------------------------------------------------


class Decision(NamedTuple):
    """What became of a decision about one request; `why`: in words, where it isn't simply done."""

    request: ChangeRequest
    done: bool
    why: str = ""


def _file(user: User, client: Client, asked: Mapping[str, Any]) -> list[Filed]:
    """Ask for values of fields of a client whose row is locked. Of one field only one request is open: the same asked
    again changes nothing, another value takes the place of what was asked for, and its author is told."""
    filed = []
    for name, value in asked.items():
        former = ChangeRequest.objects.open().select_related("author").filter(client=client, field=name).first()
        old, new = fields.pack(fields.held(client, name)), fields.pack(value)
        if former and (former.old, former.new) == (old, new):
            filed.append(Filed(former, already=True))
            continue
        if former:
            _close(former, RequestState.REPLACED, user)
        request = ChangeRequest.objects.create(client=client, field=name, old=old, new=new, author=user)
        filed.append(Filed(request, replaced=former))
    return filed


def change_request_withdraw(*, user: User, pk: int, way: Way, ip: str | None = None) -> Decision:
    """Take back a request of one's own. Raises ChangeRequest.DoesNotExist for somebody else's."""
    with acting(actor=user, way=way, ip=ip):
        request = ChangeRequest.objects.select_for_update(of=("self",)).get(pk=pk, author=user)
        if request.state != RequestState.OPEN:
            return Decision(request, False, _decided(request))
        _close(request, RequestState.WITHDRAWN, user)
        return Decision(request, True)


def change_request_approve(
    *, user: User, pk: int, reason: str = "", seen: int | None = None, way: Way, ip: str | None = None
) -> Decision:
    """Write what was asked for into the register, as done by `user` with the request as reference.

    If the client's value is no longer what it was when asked for, nothing is written, unless `seen` is the version
    of the client as it is now: then the approver has seen that value and wants the new one all the same. What can't
    be written any more is said in words too, and the request goes on waiting. Raises ChangeRequest.DoesNotExist
    where this person decides nothing.
    """
    with acting(actor=user, way=way, reference=f"{REQUEST}{pk}", ip=ip):
        request = _locked(user, pk)
        client = request.client
        current, new = fields.held(client, request.field), fields.unpack(request.field, request.new)
        if request.state != RequestState.OPEN:
            return Decision(request, False, _decided(request))
        if current == new:
            _close(request, RequestState.OUTDATED, user, reason)
            return Decision(request, True, _("The client had this value already."))
        if current != fields.unpack(request.field, request.old) and seen != client.version:
            now = request.field, fields.pack(current)
            said = _("The value has changed since it was asked for. Now: %(now)s") % {"now": fields.texts([now])[now]}
            return Decision(request, False, said)
        allowed = territory_ids(user, "approve")
        if request.field == "territory" and allowed is not None and new not in allowed:
            return Decision(request, False, _("You don't decide about the territory it is to move to."))
        try:
            if request.field == fields.OVERRIDE:
                _override(client, new, request.author)
            else:
                _write(client, {fields.attribute(request.field): new})
        except ValidationError as error:
            return Decision(request, False, _("Not possible any more: %(why)s") % {"why": " ".join(error.messages)})
        _close(request, RequestState.APPROVED, user, reason)
        return Decision(request, True)


def change_request_decline(*, user: User, pk: int, reason: str, way: Way, ip: str | None = None) -> Decision:
    """Turn a request down. Raises ValidationError without a reason, ChangeRequest.DoesNotExist where this person
    decides nothing."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why you turn it down.")})
    with acting(actor=user, way=way, reference=f"{REQUEST}{pk}", ip=ip):
        request = _locked(user, pk)
        if request.state != RequestState.OPEN:
            return Decision(request, False, _decided(request))
        _close(request, RequestState.DECLINED, user, reason.strip())
        return Decision(request, True)


def change_requests_decide(
    *,
    user: User,
    ids: Iterable[int],
    approve: bool,
    reason: str = "",
    seen: int | None = None,
    way: Way,
    ip: str | None = None,
) -> list[Decision]:
    """Approve or turn down several requests, each by itself: what can't be done does not keep back the others.
    Those about which this person decides nothing are left out. `seen`: as for change_request_approve."""
    decisions = []
    for request in ChangeRequest.objects.approvable_by(user).filter(pk__in=list(ids)).order_by("client_id", "pk"):
        try:
            decisions.append(
                change_request_approve(user=user, pk=request.pk, reason=reason, seen=seen, way=way, ip=ip)
                if approve
                else change_request_decline(user=user, pk=request.pk, reason=reason, way=way, ip=ip)
            )
        except ChangeRequest.DoesNotExist:  # the client has just left this person's territory
            decisions.append(Decision(request, False, _("You don't decide about this client any more.")))
    return decisions


def _locked(user: User, pk: int) -> ChangeRequest:
    """The request with its client, both locked; the client first, as everywhere."""
    found = ChangeRequest.objects.approvable_by(user)
    client = Client.objects.select_for_update().get(pk=found.get(pk=pk).client_id)
    request = found.select_for_update(of=("self",)).get(pk=pk)
    request.client = client
    return request


def _close(request: ChangeRequest, state: RequestState, by: User, reason: str = "") -> None:
    """End an open request, and tell its author if somebody else did."""
    request.state, request.decided_by, request.decided_at, request.reason = state, by, timezone.now(), reason
    request.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    _tell(request, state, by, reason)


def _tell(request: ChangeRequest, state: RequestState, by: User, reason: str = "") -> None:
    """Tell the author what became of a request, if it was somebody else's doing."""
    if request.author != by:
        params = {"field": request.field, "client": request.client.name, "who": str(by), "reason": reason}
        link = f"{reverse('request-mine')}#request-{request.pk}"
        notify(recipients=[request.author], kind=f"request_{state.value}", params=params, link=link)


def _decided(request: ChangeRequest) -> str:
    day = formats.date_format(timezone.localtime(request.decided_at), "SHORT_DATETIME_FORMAT")
    return _("Decided already: %(state)s, %(who)s, %(day)s.") % {
        "state": request.get_state_display(), "who": request.decided_by, "day": day
    }  # fmt: skip


def field_rules_set(*, user: User, rights: Mapping[str, str], way: Way, ip: str | None = None) -> None:
    """Say which right fields of clients need, by name. Administrators only, else PermissionDenied; ValueError for
    what is no field or no right."""
    if territory_ids(user, "manage") is not None:
        raise PermissionDenied
    if set(rights) - set(fields.ALL_RIGHTS) or set(rights.values()) - set(Right.values):
        raise ValueError(rights)
    with acting(actor=user, way=way, ip=ip):
        for name, right in rights.items():
            FieldRule.objects.update_or_create(field=name, defaults={"right": right})


# --- many clients at once ----------------------------------------------------------------------------------------


def clients_bulk_plan(*, user: User, seen: Seen, changes: Mapping[str, Any]) -> tuple[bulk_plan.Plan, Outcome]:
    """What `clients_bulk_update` would do now; nothing is changed."""
    plan = bulk_plan.plan(user, _checked(changes))
    with transaction.atomic(), connection.cursor() as cursor:
        bulk_plan.fill(cursor, plan, seen)
        return plan, bulk_plan.outcome(cursor, shown=bulk_plan.SHOWN)


def clients_bulk_update(
    *, user: User, seen: Seen, changes: Mapping[str, Any], reference: str, way: Way, ip: str | None = None
) -> Outcome:
    """Give many clients the same new values: to each what `client_update` would do, in a few statements for all.

    `seen`: the clients by key, each with the version at which it was seen: one that has another by now is left alone,
    and so is one that this person may not change or that would break a rule; what needs approval is asked for.
    `changes`: new values by field name (model objects for relations), not of `code`. `reference`: of the history, by
    which all of it is taken back; several calls may share it. Raises ValidationError by field for values that no
    client can have, PermissionDenied for what is no field to be changed; nothing is changed then.
    """
    plan = bulk_plan.plan(user, _checked(changes))
    with acting(actor=user, way=way, reference=reference, ip=ip), connection.cursor() as cursor:
        bulk_plan.fill(cursor, plan, seen, lock=True)
        given = ", ".join(
            f"{each.column} = CASE WHEN {each.free} THEN {each.new} ELSE c.{each.column} END" for each in plan.fields
        )
        cursor.execute(
            f"UPDATE clients_client c SET {given} FROM bulking b WHERE b.id = c.id AND b.writes", plan.parameters
        )
        for field in plan.fields:
            if field.free != "true":
                _file_many(cursor, user, field, plan.parameters)
        return bulk_plan.outcome(cursor)


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values as a client takes them. Raises as clients_bulk_update says."""
    if beyond := set(changes) - (set(fields.DEFAULT_RIGHTS) - {"code"}):
        raise PermissionDenied(", ".join(sorted(beyond)))
    if not changes:
        raise ValidationError({})
    probe = Client()
    _fill_in(probe, changes)
    return {name: getattr(probe, name) for name in changes}


def _file_many(cursor: CursorWrapper, user: User, field: bulk_plan.Field, parameters: Mapping[str, Any]) -> None:
    """`_file` for one field of the clients of `bulking` for which it is asked for."""
    given = {**parameters, "field": field.name, "user": user.pk}
    clients = f"FROM bulking b JOIN clients_client c ON c.id = b.id WHERE b.asks AND {field.asked}"
    cursor.execute(
        "UPDATE clients_changerequest r SET state = 'replaced', decided_by_id = %(user)s, decided_at = now()"
        f" FROM (SELECT b.id {clients}) w WHERE r.client_id = w.id AND r.state = 'open' AND r.field = %(field)s"
        " RETURNING r.id",
        given,
    )
    replaced = [pk for (pk,) in cursor.fetchall()]
    cursor.execute(
        "INSERT INTO clients_changerequest (client_id, field, old, new, author_id, at, state, reason)"
        f" SELECT b.id, %(field)s, {field.old}, {field.wanted}, %(user)s, now(), 'open', '' {clients}",
        given,
    )
    for request in ChangeRequest.objects.filter(pk__in=replaced).select_related("author", "client"):
        _tell(request, RequestState.REPLACED, user)


# --- merging: what clients/duplicates/services.py writes to clients, in its transaction and in its name ------------


def client_take(client: Client, values: Mapping[str, Any]) -> None:
    """Give a locked client values of its duplicate, by attribute. Raises ValidationError by field."""
    _write(client, values)


def client_mark_merged(*, pk: int, into: Client) -> None:
    """Close a client with a pointer to the one that it was merged into."""
    Client.objects.filter(pk=pk).update(merged_into=into, status=Status.CLOSED, status_cause=StatusCause.MERGED)


def client_mark_parted(*, pk: int, status: str, cause: str) -> None:
    """Make a merged client one of its own again, with its former part of the base."""
    Client.objects.filter(pk=pk).update(merged_into=None, status=status, status_cause=cause)


def client_restore(*, pk: int, values: Mapping[str, Any]) -> None:
    """Give a locked client former values back, by attribute and as they are packed in JSON."""
    Client.objects.filter(pk=pk).update(**values)


# --- the category set by hand (docs/decisions/077-category-by-hand.md) ------------------------------------------


def override_right(*, user: User, client: Client) -> str:
    """What this person may do about a client's category: "set" it, "ask" for it, or "" nothing."""
    change = territory_ids(user, "change")
    if change is not None and client.territory_id not in change:
        return ""
    for right in {fields.rights()[fields.OVERRIDE], Right.APPROVE.value}:
        held = territory_ids(user, right)
        if held is None or client.territory_id in held:
            return "set"
    return "ask"


def category_override(
    *, user: User, code: str, wanted: fields.Override | None, way: Way, reference: str = "", ip: str | None = None
) -> Saved:
    """Put a category in place of the derived one until a day, or (None) give the derived one back; who may not, files
    a request. Raises Client.DoesNotExist, PermissionDenied, ValidationError; nothing is changed or filed then."""
    with acting(actor=user, way=way, reference=reference, ip=ip):
        client = Client.objects.visible_to(user).select_for_update(of=("self",)).get(code=code)
        right = override_right(user=user, client=client)
        if not right:
            raise PermissionDenied(fields.OVERRIDE)
        _check_override(wanted)
        filed: list[Filed] = []
        if right == "set":
            _override(client, wanted, user)
        elif wanted != fields.held(client, fields.OVERRIDE):
            filed = _file(user, client, {fields.OVERRIDE: wanted})
        client.refresh_from_db()
    return Saved(client, filed)


def _check_override(wanted: fields.Override | None) -> None:
    if wanted is None:
        return
    if wanted.category not in Category.values:
        raise ValidationError({"category": _("Choose a category from A to E.")})
    if wanted.until < timezone.localdate():
        raise ValidationError({"until": _("The last day of the category set by hand has passed already.")})
    if not wanted.reason.strip():
        raise ValidationError({"reason": _("Say why the category is set by hand.")})


def _override(client: Client, wanted: fields.Override | None, author: User) -> None:
    """Write an override of a client whose row is locked, and the category that is in force with it."""
    _check_override(wanted)
    row = CategoryOverride.objects.filter(client=client).first()
    if wanted is None:
        if row is None:
            return
        client.category = row.derived
        row.delete()
    else:
        values = {**wanted._asdict(), "author": author, "at": timezone.now()}
        derived = row.derived if row else client.category
        CategoryOverride.objects.update_or_create(client=client, defaults=values | {"derived": derived})
        client.category = wanted.category
    client.save(update_fields=["category"])


# --- taking changes back -----------------------------------------------------------------------------------------


class Reverted(NamedTuple):
    """What was done, under which reference of the history: by that it can be taken back as well."""

    reference: str
    plan: Plan
    closed: int


def changes_plan(*, user: User, reference: str) -> Plan:
    """What `changes_revert` would do now; nothing is changed."""
    reverts.change(user, reference)
    with transaction.atomic(), connection.cursor() as cursor:
        return reverts.plan(cursor, user=user, reference=reference, rights=fields.rights())


def changes_revert(
    *, user: User, reference: str, close_created: bool = False, way: Way, ip: str | None = None
) -> Reverted:
    """Take back one event ("event:<id>") or all with one reference: a load, a bulk change, a revert.

    Every value that is still what the change made of it becomes what it was; contacts and contracts that it added are
    removed, those that it removed put back; `close_created`: the clients it created are closed today. All else is
    left, and listed in the plan. Itself a change of the history. Raises ChangeSet.DoesNotExist for what this person
    may not look at, ValidationError where nothing can be taken back.
    """
    reverts.change(user, reference)
    made = new_reference("revert")
    try:
        with acting(actor=user, way=way, reference=made, ip=ip, reverts=reference), connection.cursor() as cursor:
            plan = reverts.plan(cursor, user=user, reference=reference, rights=fields.rights(), lock=True)
            for part in plan.parts:
                _give_back(cursor, part)
            closed = _close_created(cursor) if close_created else 0
            if not plan.possible and not closed:
                raise ValidationError(_("Nothing of it can be taken back."))
    except IntegrityError as error:
        raise ValidationError(_("The register does not allow it: %(why)s") % {"why": error}) from error
    return Reverted(made, plan, closed)


def _give_back(cursor: CursorWrapper, part: Part) -> None:
    """Write what the temporary table `reverting` says of one table: as a set, for a load may have changed them all."""
    name, columns = part.table.name, part.table.columns
    mine = f"FROM reverting WHERE \"table\" = '{name}' AND verdict ="
    if part.removed:
        cursor.execute(f"DELETE FROM {name} WHERE id IN (SELECT row_id {mine} 'remove')")
    if part.restored:
        listed = ", ".join(["id", *columns])
        cursor.execute(
            f"INSERT INTO {name} ({listed}) SELECT {listed} FROM (SELECT r.* FROM reverting d"
            f" CROSS JOIN LATERAL jsonb_populate_record(NULL::{name}, d.old) r"
            f" WHERE d.\"table\" = '{name}' AND d.verdict = 'restore') r"
        )
    if part.rows:
        cursor.execute(
            f"UPDATE {name} t SET {', '.join(f'{column} = r.{column}' for column in columns)}"
            f" FROM (SELECT row_id, jsonb_object_agg(field, old) AS old {mine} 'revert' GROUP BY row_id) v"
            f" JOIN {name} c ON c.id = v.row_id CROSS JOIN LATERAL jsonb_populate_record(c, v.old) r"
            " WHERE t.id = v.row_id"
        )


def _close_created(cursor: CursorWrapper) -> int:
    cursor.execute(
        "UPDATE clients_client SET closed_on = greatest(current_date, opened_on) WHERE closed_on IS NULL"
        " AND id IN (SELECT row_id FROM reverting WHERE verdict = 'created')"
    )
    return int(cursor.rowcount)


# --- loads: `stage` of an exchange file into the register (config/exchange); spec/exchange.md -------------------


def channels_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="clients_channel", columns=columns, key=("code",))


def counterparties_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="clients_counterparty", columns=columns, key=("code",))


def contracts_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    ends = Check("valid_until", "m.valid_until < m.signed_on", gettext_lazy("ends before it is signed"))
    return merge(cursor, table="clients_contract", columns=columns, key=("number",), checks=[ends])


def clients_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """A merged client may come again as it is stored, for the accounting system goes on sending it; not changed."""
    closed = Check("closed_on", "m.closed_on < m.opened_on", gettext_lazy("closed before opened"))
    stored, said = (", ".join(f"{alias}.{column.field}" for column in columns) for alias in "cm")
    merged = Check(
        "code",
        "EXISTS (SELECT FROM clients_client c WHERE c.id = m.id AND c.merged_into_id IS NOT NULL"
        f" AND ({stored}) IS DISTINCT FROM ({said}))",
        gettext_lazy("merged into another client: change that one, or undo the merge"),
    )
    return merge(cursor, table="clients_client", columns=columns, key=("code",), checks=[closed, merged])


def contacts_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    return merge(cursor, table="clients_contact", columns=columns, key=("client_code", "full_name"))


def clients_set_derived(cursor: CursorWrapper) -> int:
    """Write what follows from facts for the clients of the temporary table `derived` (id, status, cause, order_on,
    category) where it differs; how many did. A move of status is an event of the history with its cause
    (spec/product.md, rule 5). A category set by hand stays in force until its last day has passed."""
    cursor.execute("DELETE FROM overrides_categoryoverride WHERE until < current_date")
    cursor.execute(
        """
        UPDATE clients_client c
        SET status = d.status, status_cause = d.cause, last_order_on = d.order_on,
            category = coalesce(o.category, d.category)
        FROM derived d LEFT JOIN overrides_categoryoverride o ON o.client_id = d.id
        WHERE d.id = c.id AND (c.status, c.status_cause, c.last_order_on, c.category)
              IS DISTINCT FROM (d.status, d.cause, d.order_on, coalesce(o.category, d.category))
        """
    )
    written = int(cursor.rowcount)
    cursor.execute(
        "UPDATE overrides_categoryoverride o SET derived = d.category FROM derived d"
        " WHERE d.id = o.client_id AND o.derived <> d.category"
    )
    # One set by hand while the statement above waited for its client's row was not seen there.
    cursor.execute(
        "UPDATE clients_client c SET category = o.category FROM overrides_categoryoverride o"
        " WHERE o.client_id = c.id AND c.category <> o.category AND c.merged_into_id IS NULL"
    )
    return written
