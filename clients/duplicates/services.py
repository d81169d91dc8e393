"""Keeps the possible duplicates current, and merges clients: the only code that writes either.

Clients change → a trigger notes them (sql/duplicates.sql) → `check_some` compares them with the others, CHUNK clients a
transaction: killed, it is done again.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from clients.changes import MERGED, UNMERGED
from clients.duplicates import hanging, matching
from clients.duplicates.models import Different, Merge, Pair
from clients.models import Client
from clients.services import Conflict, client_mark_merged, client_mark_parted, client_restore, client_take
from config import sql
from config.exchange.merging import Counts
from territories.selectors import territory_ids

CHUNK = 1000  # clients compared in one transaction
MOST = 40  # clients with one key, above which the key says nothing: a chain's INN, a street's popular name


# --- the search --------------------------------------------------------------------------------------------------


def check_some() -> int:
    """Compare up to CHUNK clients that have changed with all others; how many they were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM duplicates_unchecked WHERE client_id IN (SELECT client_id FROM duplicates_unchecked"
            " ORDER BY client_id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING client_id",
            [CHUNK],
        )
        if not (changed := [pk for (pk,) in cursor.fetchall()]):
            return 0
        outlets = _outlets(changed)
        cursor.execute("DELETE FROM duplicates_key WHERE client_id = ANY(%s)", [changed])
        keys = [(key, pk) for pk, one in outlets.items() for key in set(matching.keys(one).values())]
        with cursor.copy("COPY duplicates_key (key, client_id) FROM STDIN") as copy:
            for row in keys:
                copy.write_row(row)
        cursor.execute("DELETE FROM duplicates_pair WHERE one_id = ANY(%s) OR other_id = ANY(%s)", [changed, changed])
        cursor.execute(
            sql.read("clients/duplicates", "pairs"),
            {"keys": [key for key, _pk in keys], "clients": [pk for _key, pk in keys], "most": MOST},
        )
        pairs = cursor.fetchall()
        outlets |= _outlets({pk for pair in pairs for pk in pair} - set(outlets))
        shared = _shared(outlets[pk] for pair in pairs for pk in pair)
        scored = ((one, other, matching.score(outlets[one], outlets[other], shared)) for one, other in pairs)
        Pair.objects.bulk_create(
            [
                Pair(one_id=one, other_id=other, score=score.value, reasons=score.reasons)
                for one, other, score in scored
                if score.value >= matching.CANDIDATE
            ],
            ignore_conflicts=True,
        )
    return len(changed)


def _outlets(pks: Collection[int]) -> dict[int, matching.Outlet]:
    """These clients in their normal form; without those that are merged."""
    rows = Client.objects.filter(pk__in=pks, merged_into=None).values_list(
        "pk", "name", "address", "phone", "email", "counterparty__inn", "lat", "lon"
    )
    return {
        pk: matching.outlet(matching.Facts(name, address, phone, email, inn or "", lat, lon))
        for pk, name, address, phone, email, inn, lat, lon in rows
    }


def _shared(outlets: Iterable[matching.Outlet]) -> frozenset[str]:
    """Of the phones and e-mails of these, those that too many clients have."""
    keys: dict[int, str] = {}
    for one in outlets:
        keys |= {matching.hashed(f"p{phone}"): phone for phone in one.phones}
        keys |= {matching.hashed(f"e{one.email}"): one.email} if one.email else {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM duplicates_key WHERE key = ANY(%s) GROUP BY key HAVING count(*) > %s",
            [list(keys), matching.SHARED],
        )
        return frozenset(keys[key] for (key,) in cursor.fetchall())


class Candidate(NamedTuple):
    """A client that may be the one being entered, and why."""

    client: Client
    score: matching.Score


class Found(NamedTuple):
    """Candidates that this person may see, likeliest first; `elsewhere`: that there are others, and nothing of them."""

    candidates: list[Candidate]
    elsewhere: bool


def look_alikes(user: User, facts: matching.Facts, but: int | None = None) -> Found:
    """Clients that may be the outlet somebody is about to enter (`but`: not this one)."""
    new = matching.outlet(facts)
    keys = list(set(matching.keys(new).values()))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.read("clients/duplicates", "pairs"), {"keys": keys, "clients": [but or 0] * len(keys), "most": MOST}
        )
        pks = {pk for pair in cursor.fetchall() for pk in pair} - {but or 0}
        # What was entered a minute ago has no keys yet; a second click on "Save" is the commonest duplicate of all.
        cursor.execute("SELECT client_id FROM duplicates_unchecked ORDER BY client_id DESC LIMIT %s", [CHUNK])
        pks |= {pk for (pk,) in cursor.fetchall()} - {but or 0}
    outlets = _outlets(pks)
    shared = _shared([new])
    scores = {pk: matching.score(new, one, shared) for pk, one in outlets.items()}
    likely = sorted((pk for pk in scores if scores[pk].value >= matching.CANDIDATE), key=lambda pk: -scores[pk].value)
    visible = Client.objects.visible_to(user).select_related("territory", "channel", "counterparty").in_bulk(likely)
    return Found([Candidate(visible[pk], scores[pk]) for pk in likely if pk in visible], len(visible) < len(likely))


def different_say(*, user: User, one: int, other: int, way: Way, ip: str | None = None) -> Different:
    """Remember for good that two clients are not one. Raises Client.DoesNotExist, PermissionDenied."""
    one, other = sorted((one, other))
    with acting(actor=user, way=way, ip=ip):
        _mergeable(user, one, other)
        said, _made = Different.objects.get_or_create(one_id=one, other_id=other, defaults={"actor": user})
        Pair.objects.filter(one=one, other=other).delete()
    return said


def different_take_back(*, user: User, one: int, other: int, way: Way, ip: str | None = None) -> None:
    """They may be one after all: they are compared again."""
    one, other = sorted((one, other))
    with acting(actor=user, way=way, ip=ip), connection.cursor() as cursor:
        _mergeable(user, one, other)
        Different.objects.filter(one_id=one, other_id=other).delete()
        cursor.execute("INSERT INTO duplicates_unchecked VALUES (%s), (%s) ON CONFLICT DO NOTHING", [one, other])


# --- merging -----------------------------------------------------------------------------------------------------

CHOSEN = (  # what a merge asks about, field by field; the code stays with its client, and both lead to the survivor
    "name", "territory", "channel", "counterparty", "address", "lat", "lon", "phone", "email", "is_target", "opened_on",
    "closed_on", "potential_monthly", "lost_reason",
)  # fmt: skip


def _mergeable(user: User, *pks: int) -> list[Client]:
    """These clients, locked in the order of their ids; this person must have the right `approve` on each."""
    found = Client.objects.visible_to(user).select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk")
    clients = {client.pk: client for client in found}
    if len(clients) != len(set(pks)):
        raise Client.DoesNotExist
    if Client.objects.approvable_by(user).filter(pk__in=pks).count() != len(clients):
        raise PermissionDenied
    return [clients[pk] for pk in pks]


def clients_merge(
    *, user: User, survivor: int, loser: int, versions: Mapping[int, int], take: Collection[str], way: Way,
    ip: str | None = None,
) -> Merge:  # fmt: skip
    """Take the client `loser` for `survivor`: what hangs on it moves, and it is closed with a pointer.

    `take`: the fields (of CHOSEN) whose value the survivor gets from the loser. `versions`: of both, as this person
    saw them. Raises Client.DoesNotExist for a client this person may not see, or that is merged already;
    PermissionDenied without the right `approve` on both; Conflict with the client that has changed since;
    ValidationError when the survivor as chosen can't be.
    """
    with transaction.atomic():
        keeps, goes = _mergeable(user, survivor, loser)
        for client in (keeps, goes):
            if client.version != versions[client.pk]:
                raise Conflict(client)
        return _merge(keeps, goes, take, Merge(actor=user), way, ip)


def _merge(keeps: Client, goes: Client, take: Collection[str], merge: Merge, way: Way, ip: str | None) -> Merge:
    merge.survivor, merge.loser = keeps, goes
    merge.status, merge.status_cause = goes.status, goes.status_cause
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('duplicates_merge', 'id'))")
        merge.pk = cursor.fetchone()[0]
        with acting(actor=merge.actor, way=way, reference=f"{MERGED}{merge.pk}", ip=ip):
            merge.fields = _take_fields(keeps, goes, take)
            for each in hanging.everything():
                if not each.stays:
                    _move(cursor, each, merge)
            client_mark_merged(pk=goes.pk, into=keeps)
            merge.save(force_insert=True)
    return merge


def _take_fields(keeps: Client, goes: Client, take: Collection[str]) -> dict[str, list[Any]]:
    """Give the survivor the chosen values; per field that differs what it was and became, as JSON."""
    fields, taken = {}, {}
    for name in CHOSEN:
        attribute = Client._meta.get_field(name).attname  # type: ignore[union-attr]
        old, new = getattr(keeps, attribute), getattr(goes, attribute)
        if name in take and old != new:
            fields[attribute] = [_packed(old), _packed(new)]
            taken[attribute] = new
    if taken:
        client_take(keeps, taken)
    return fields


def _packed(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _move(cursor: Any, each: hanging.Hanging, merge: Merge) -> None:
    """Move the rows of one table to the survivor; what it has already fills what it lacks there and stays."""
    names = {"survivor": merge.survivor_id, "loser": merge.loser_id}
    if each.through:
        table, column = each.through
        cursor.execute(
            f"UPDATE {each.table} SET {each.column} = %(survivor)s WHERE {column} = ANY(%(ids)s)",
            {**names, "ids": merge.moved.get(table, [])},
        )
        return
    same = " AND ".join(f"mine.{name} = theirs.{name}" for name in each.unique)
    for column, empty in each.fill.items():
        cursor.execute(
            f"UPDATE {each.table} mine SET {column} = theirs.{column} FROM {each.table} theirs"
            f" WHERE mine.{each.column} = %(survivor)s AND theirs.{each.column} = %(loser)s AND {same}"
            f" AND mine.{column} IS NOT DISTINCT FROM {empty} AND theirs.{column} IS DISTINCT FROM {empty}"
            f" RETURNING mine.id, to_jsonb(mine.{column})",
            names,
        )
        for pk, value in cursor.fetchall():
            merge.filled.setdefault(each.table, []).append([pk, column, value])
    unlike = f" AND NOT EXISTS (SELECT FROM {each.table} theirs WHERE theirs.{each.column} = %(survivor)s AND {same})"
    cursor.execute(
        f"UPDATE {each.table} mine SET {each.column} = %(survivor)s WHERE mine.{each.column} = %(loser)s"
        f"{unlike if each.unique else ''} RETURNING mine.id",
        names,
    )
    if ids := [pk for (pk,) in cursor.fetchall()]:
        merge.moved[each.table] = ids


def merge_undo(*, user: User, pk: int, way: Way, ip: str | None = None) -> Merge:
    """Make two clients of one again, as a change of its own: what the merge moved goes back, with what has been done
    to it since, and fields get their former values.

    Raises Merge.DoesNotExist where this person sees no such merge, PermissionDenied without the right `approve` on
    both, ValidationError with the reasons in words when later changes stand against it.
    """
    with transaction.atomic():
        merge = Merge.objects.select_for_update().filter(undone_at=None).get(pk=pk)
        clients = {one.pk: one for one in Client.objects.select_for_update().filter(
            pk__in=[merge.survivor_id, merge.loser_id]).order_by("pk")}  # fmt: skip
        keeps, goes = clients[merge.survivor_id], clients[merge.loser_id]
        places = {keeps.territory_id, goes.territory_id}
        if not may(user, "view", places):
            raise Merge.DoesNotExist
        if not may(user, "approve", places):
            raise PermissionDenied
        if against := _against(merge, keeps):
            raise ValidationError(against)
        with acting(actor=user, way=way, reference=f"{UNMERGED}{merge.pk}", ip=ip), connection.cursor() as cursor:
            client_mark_parted(pk=goes.pk, status=merge.status, cause=merge.status_cause)
            if merge.fields:
                client_restore(pk=keeps.pk, values={name: old for name, (old, _new) in merge.fields.items()})
            _move_back(cursor, merge)
            Merge.objects.filter(pk=merge.pk).update(undone_by=user, undone_at=timezone.now())
    return merge


def may(user: User, right: str, territories: Collection[int]) -> bool:
    """Whether somebody has a right on all these territories."""
    ids = territory_ids(user, right)
    return ids is None or set(territories) <= set(ids)


def _against(merge: Merge, keeps: Client) -> list[str]:
    """What has changed since so that the merge can't be undone, in words."""
    against = []
    if keeps.merged_into_id:
        against.append(_("The client it was merged into has been merged itself: undo that first."))
    for name, (_old, new) in merge.fields.items():
        now = _packed(getattr(keeps, name))
        if now != new:
            label = Client._meta.get_field(name).verbose_name  # type: ignore[union-attr]
            said = _("“%(field)s” has been changed since the merge: set it back to “%(value)s” first.")
            against.append(said % {"field": label, "value": new})
    return against


def _move_back(cursor: Any, merge: Merge) -> None:
    for each in hanging.everything():
        if each.stays:
            continue
        # Only what is still the survivor's: what went on to somebody else or was removed since stays so.
        ids, where = merge.moved.get(each.through[0] if each.through else each.table, []), "id"
        if each.through:
            where = each.through[1]
        cursor.execute(
            f"UPDATE {each.table} SET {each.column} = %s WHERE {where} = ANY(%s) AND {each.column} = %s",
            [merge.loser_id, ids, merge.survivor_id],
        )
        for pk, column, value in merge.filled.get(each.table, []):
            cursor.execute(
                f"UPDATE {each.table} SET {column} = {each.fill[column]}"
                f" WHERE id = %s AND {each.column} = %s AND to_jsonb({column}) = %s::jsonb",
                [pk, merge.survivor_id, value],
            )


# --- loads -------------------------------------------------------------------------------------------------------


def merges_load(cursor: Any, columns: Any) -> Counts:
    """Take `stage` (exchange file `merges`): which code stands for which client. A pair that is stored is unchanged;
    one that would merge a client into two, or into itself, is turned away."""
    cursor.execute("SELECT line, code, survivor_code FROM stage ORDER BY line")
    taken = changed = 0
    for line, code, survivor_code in cursor.fetchall():
        clients = {one.code: one for one in Client.objects.filter(code__in=[code, survivor_code])}
        goes, keeps = clients.get(code), clients.get(survivor_code)
        wrong = None
        if goes is None or keeps is None:
            wrong = ("code" if goes is None else "survivor_code", _("unknown: %(what)s") % {"what": _("client")})
        elif goes.merged_into_id == keeps.pk:
            taken += 1
            continue
        elif goes.merged_into_id or keeps.merged_into_id or goes == keeps:
            wrong = ("survivor_code", _("one of the two is merged already"))
        if wrong:
            value = code if wrong[0] == "code" else survivor_code
            cursor.execute("INSERT INTO reject VALUES (%s, %s, %s, %s)", [line, wrong[0], value, wrong[1]])
            continue
        assert goes
        assert keeps
        _merge(keeps, goes, (), Merge(), Way.LOAD, None)
        taken, changed = taken + 1, changed + 1
    return Counts(taken, changed, new=changed)
