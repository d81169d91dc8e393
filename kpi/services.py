"""Keeps metrics, ranks and the split of the register current.

Facts change → triggers write marks (kpi/sql/marks.sql) → `refresh` reckons the marked clients again in every stored
period they touch, or the whole period if many are. Every step is one transaction that can be killed and repeated;
the row of a period is its lock.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from clients.contact_services import interaction_add
from clients.models import Interaction, InteractionKind
from clients.plans.services import plans_add, plans_derive, tasks_tell
from clients.services import clients_set_derived
from config import sql
from config.exchange.columns import Column
from config.exchange.merging import Counts
from kpi import rules
from kpi.charts import flows
from kpi.models import DETAILS, MEASURES, Mark, Period, Rank, RankCell, RankDay, Rule
from kpi.months import month_end as month_end  # also as services.month_end
from kpi.months import months_before as months_before
from kpi.months import months_of as months_of
from kpi.splits import split_parameters, split_statement

MAX_MONTHS = 1200
WHOLE_ABOVE = 0.1  # share of touched clients from which a period is reckoned anew as a whole
USUAL_MONTHS = 13  # stored without being asked for: this many months, and the quarters and years they end


Days = tuple[date, date]  # first and last of a period


class PeriodError(ValueError):
    """A period that cannot be asked for; the text says why, in the user's language."""


def rules_load(cursor: CursorWrapper, columns: Sequence[Column]) -> Counts:
    """Take `stage` (exchange file `rules`)."""
    cursor.execute("SELECT line, name, value FROM stage ORDER BY line")
    taken = changed = new = 0
    last: dict[str, Any] = {}  # of rows with the same name the last one counts
    for line, name, value in cursor.fetchall():
        if reason := rules.objection(name, value):
            cursor.execute("INSERT INTO reject VALUES (%s, 'value', %s, %s)", [line, str(value), reason])
            continue
        taken += 1
        last[name] = value
    for name, value in last.items():
        rule = Rule.objects.filter(name=name).first()
        if rule is None or rule.value != value:
            Rule.objects.update_or_create(name=name, defaults={"value": value})
            changed += 1
            new += rule is None
    return Counts(taken, changed, new)


class Tasks(NamedTuple):
    """How many next steps were filed, and how many clients planned to be won or won back."""

    steps: int
    planned: int


def steps_make(
    *, user: User, said: Mapping[str, str], next_step: str, next_on: date, plan_until: date | None = None,
    ip: str | None = None,
) -> Tasks:  # fmt: skip
    """File a next step with each client of `said`, whose rep finds it in their day, with a notice; with `plan_until`
    those of them that are potential or lost are also planned to be won by that day.

    `said`: by code of the client, why: what it lacks. Who has the same step open already gets no second one. Raises
    PermissionDenied where this person may not change a client, Client.DoesNotExist where they may not see it,
    ValidationError for a day that can't be: nothing is made then.
    """
    have = set(
        Interaction.objects.filter(client__code__in=said, next_step=next_step, next_done_at=None).values_list(
            "client__code", flat=True
        )
    )
    planned = 0
    with acting(actor=user, way=Way.BROWSER, ip=ip):
        clients = [
            interaction_add(
                user=user, code=code, values={
                    "kind": InteractionKind.MEETING, "at": timezone.now(), "said": said[code],
                    "next_step": next_step, "next_on": next_on,
                }, way=Way.BROWSER, ip=ip,
            ).client
            for code in sorted(said.keys() - have)
        ]  # fmt: skip
        tasks_tell(user=user, clients=clients, step=next_step, due_on=next_on)
        if plan_until:
            planned = plans_add(user=user, whys=said, due_on=plan_until, way=Way.BROWSER, ip=ip).made
    return Tasks(len(clients), planned)


# --- periods -----------------------------------------------------------------------------------------------------


def period_days(first: str, last: str) -> tuple[date, date]:
    """First and last day of the months `first`..`last` (YYYY-MM). Raises PeriodError."""
    days = []
    for month in (first, last):
        try:
            year, number = month.split("-")
            if len(year) != 4 or len(number) != 2:
                raise ValueError
            days.append(date(int(year), int(number), 1))
        except ValueError:
            raise PeriodError(_("“%(month)s” is not a month (YYYY-MM)") % {"month": month}) from None
    d0, d1 = days[0], month_end(days[1])
    if d1 < d0:
        raise PeriodError(_("the period ends before it begins"))
    if months_of(d0, d1) > MAX_MONTHS:
        raise PeriodError(_("a period has %(months)d months at most") % {"months": MAX_MONTHS})
    return d0, d1


def day_read(text: str) -> date:
    """The day (YYYY-MM-DD). Raises PeriodError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PeriodError(_("“%(day)s” is not a day (YYYY-MM-DD)") % {"day": text}) from None


def period_stored(d0: date, d1: date) -> Period:
    """The period with its metrics as last reckoned; reckoned now if they never were or are outdated as a whole."""
    period, _made = Period.objects.get_or_create(d0=d0, d1=d1)
    if period.stale:
        _reckon_whole(period.pk)
        period.refresh_from_db()
    return period


def period_at_hand(d0: date, d1: date) -> Period | None:
    """The period if its metrics are stored; else None, and the next refresh will store them."""
    period, _made = Period.objects.get_or_create(d0=d0, d1=d1)
    return None if period.stale else period


def periods_at_hand(wanted: Collection[Days], also: Collection[Days] = ()) -> dict[Days, Period]:
    """Those whose metrics are stored; the other ones of `wanted` the next refresh will store."""
    firsts = {d0 for d0, _d1 in (*wanted, *also)}
    known = {(period.d0, period.d1): period for period in Period.objects.filter(d0__in=firsts)}
    if missing := [Period(d0=d0, d1=d1) for d0, d1 in wanted if (d0, d1) not in known]:
        Period.objects.bulk_create(missing, ignore_conflicts=True)
    return {days: known[days] for days in (*wanted, *also) if days in known and not known[days].stale}


def period_current(d0: date, d1: date) -> Period:
    """The period with everything in it that was committed before the call."""
    Period.objects.get_or_create(d0=d0, d1=d1)
    work_off_marks()
    return period_stored(d0, d1)


def waiting() -> int:
    """How many clients' changes are not yet in the stored metrics."""
    return Mark.objects.values("client").distinct().count()


# --- keeping current ---------------------------------------------------------------------------------------------


def refresh() -> None:
    """Bring everything stored up to date: periods, ranks of today, the split of the register."""
    _store_usual_periods()
    work_off_marks()
    for pk in Period.objects.filter(stale=True).order_by("-d1").values_list("pk", flat=True):
        _reckon_whole(pk)
    flows.flows_refresh()
    if not RankDay.objects.filter(as_of=timezone.localdate()).exists():
        _derive(timezone.localdate())
    if outdated := ranks_outdated():  # one a turn: they are shown as they were until then
        ranks_stored(outdated[0])


def _store_usual_periods() -> None:
    """The months, quarters and years that people look at: up to the last month with an order, or this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(date) FROM sales_invoice WHERE date <= current_date")
        latest = cursor.fetchone()[0]
    if latest is None:
        return
    wanted = set()
    for back in range(USUAL_MONTHS):
        first = months_before(latest.replace(day=1), back)
        quarter = first.replace(month=(first.month - 1) // 3 * 3 + 1)
        wanted |= {(first, month_end(first)), (quarter, month_end(quarter.replace(month=quarter.month + 2)))}
    wanted.add((latest.replace(month=1, day=1), latest.replace(month=12, day=31)))
    known = set(Period.objects.values_list("d0", "d1"))
    Period.objects.bulk_create([Period(d0=d0, d1=d1) for d0, d1 in wanted - known], ignore_conflicts=True)


def work_off_marks() -> None:
    """Reckon the marked clients again in every stored period that their change touches."""
    if not Mark.objects.exists():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # All periods, in one order: who reckons one of them finishes first, and has no mark taken from under it.
        periods = list(Period.objects.select_for_update().order_by("pk"))
        cursor.execute(
            "DROP TABLE IF EXISTS marked;"
            "CREATE TEMP TABLE marked (client_id bigint, since date, until date) ON COMMIT DROP;"
            "WITH gone AS (DELETE FROM kpi_mark RETURNING client_id, since, until)"
            " INSERT INTO marked SELECT * FROM gone;"
            "ANALYZE marked"
        )
        cursor.execute(
            # With the ranks of today goes the split, which looks at the last order however old it is.
            "DELETE FROM kpi_rankday WHERE EXISTS (SELECT FROM marked WHERE since <= as_of"
            " AND (until > as_of - interval '12 months' OR as_of = %s))",
            [timezone.localdate()],
        )
        cursor.execute("SELECT count(*) FROM clients_client")
        many = WHOLE_ABOVE * cursor.fetchone()[0]
        flows.flows_follow(cursor, many)
        for period in periods:
            if period.stale:
                continue
            cursor.execute(
                "DROP TABLE IF EXISTS touched;"
                "CREATE TEMP TABLE touched (client_id bigint PRIMARY KEY, owing boolean) ON COMMIT DROP"
            )
            cursor.execute(
                # What is owed changes by marks without an end only (kpi/sql/marks.sql): else it stays as it is.
                "INSERT INTO touched SELECT client_id, bool_or(until = 'infinity') FROM marked"
                " WHERE since <= %s AND until >= %s GROUP BY client_id",
                [period.d1, period.d0],
            )
            if cursor.rowcount > many:
                Period.objects.filter(pk=period.pk).update(stale=True)
            elif cursor.rowcount:
                cursor.execute("ANALYZE touched")
                _reckon(cursor, period, whole=False)


def _reckon_whole(pk: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        period = Period.objects.select_for_update().get(pk=pk)
        if period.stale:  # else somebody else was faster
            _reckon(cursor, period, whole=True)


_ONLY = " IN (SELECT client_id FROM touched)"
_WHOLE = {"lines": "sales_line", "only": "", "only_clients": "", "owing": ""}
_TOUCHED = {
    "lines": "(SELECT l.* FROM touched JOIN sales_invoice i USING (client_id) JOIN sales_line l ON l.invoice_id = i.id"
    " WHERE i.date BETWEEN %(d0)s AND %(d1)s)",
    "only": f"AND client_id{_ONLY}",
    "only_clients": f"AND c.id{_ONLY}",
    "owing": "AND i.client_id IN (SELECT client_id FROM touched WHERE owing)",
}


def _reckon(cursor: CursorWrapper, period: Period, *, whole: bool) -> None:
    """Write the period's clients and cells: all of them, or those of the temporary table `touched`."""
    parameters: dict[str, Any] = {
        **rules.in_force(period.d1),
        "d0": period.d0,
        "d1": period.d1,
        "months": months_of(period.d0, period.d1),
        "today": timezone.localdate(),
    }
    cursor.execute(sql.read("kpi", "client_facts").format(**(_WHOLE if whole else _TOUCHED)), parameters)
    cursor.execute(
        sql.read("kpi", "cells_whole" if whole else "cells").format(
            measures=", ".join(MEASURES),
            details=", ".join(DETAILS),
            sums=", ".join(f"sum({name})" if whole else f"sum(sign * {name})" for name in MEASURES),
            added=", ".join(f"{name} = c.{name} + excluded.{name}" for name in MEASURES),
        ),
        {"period": period.pk},
    )
    Period.objects.filter(pk=period.pk).update(stale=False, computed_at=timezone.now())


# --- ranks and split ---------------------------------------------------------------------------------------------


def ranks_stored(as_of: date) -> None:
    """Make sure that the ranks as of a day are stored in kpi_rank and true."""
    work_off_marks()
    if RankDay.objects.filter(as_of=as_of).exists():
        return
    if as_of == timezone.localdate():
        _derive(as_of)  # the register's split goes with the ranks of today, or nobody would see that it is due
        return
    with transaction.atomic(), connection.cursor() as cursor:
        _lock_derived(cursor)
        _store_ranks(cursor, as_of)


_RANKED = (
    "territory_id, channel_id, profit_rank, potential_rank, category, recency, frequency, monetary,"
    " amount, margin, potential"
)


def _store_ranks(cursor: CursorWrapper, as_of: date) -> None:
    Rank.objects.filter(day=as_of).delete()
    cursor.execute(
        f"INSERT INTO kpi_rank (day, client_id, {_RANKED}) SELECT %(as_of)s, id, {_RANKED}"
        f" FROM ({sql.read('kpi', 'ranks')}) r",
        rank_parameters(as_of),
    )
    RankCell.objects.filter(day=as_of).delete()
    cursor.execute(sql.read("kpi", "rank_cells").format(charts=sql.read("kpi", "rank_charts")), {"day": as_of})
    RankDay.objects.get_or_create(as_of=as_of)


def ranks_outdated() -> list[date]:
    """The days in the past whose stored ranks something has changed since, the latest first."""
    known = set(RankDay.objects.values_list("as_of", flat=True)) | {timezone.localdate()}
    return sorted(set(RankCell.objects.values_list("day", flat=True).distinct()) - known, reverse=True)


def rank_parameters(as_of: date) -> dict[str, date]:
    """The parameters of kpi/sql/ranks.sql."""
    return {"as_of": as_of, "window_start": months_before(as_of, 12), "today": timezone.localdate()}


def _derive(today: date) -> None:
    """Status, cause, last order and category of every client, as of today, into the register; with the ranks of
    today, all or nothing."""
    with acting(actor=None, way=Way.JOB, reference=f"split:{today}"), connection.cursor() as cursor:
        _lock_derived(cursor)
        _store_ranks(cursor, today)
        cursor.execute(
            "DROP TABLE IF EXISTS derived; CREATE TEMP TABLE derived ON COMMIT DROP AS"
            f" SELECT s.id, s.status, s.cause, s.order_on, coalesce(r.category, '') AS category"
            f" FROM ({split_statement()}) s LEFT JOIN kpi_rank r ON r.client_id = s.id AND r.day = %(as_of)s",
            split_parameters(today),
        )
        cursor.execute("ANALYZE derived")
        clients_set_derived(cursor)
        plans_derive()
        # Ranks of past days are asked for as of the ends of months only.
        cursor.execute("DELETE FROM kpi_rankcell WHERE day < %s AND extract(day FROM day + 1) <> 1", [today])
        cursor.execute("DELETE FROM kpi_rank WHERE day < %s AND extract(day FROM day + 1) <> 1", [today])
        cursor.execute("DELETE FROM kpi_rankday WHERE as_of < %s AND extract(day FROM as_of + 1) <> 1", [today])


def _lock_derived(cursor: CursorWrapper) -> None:
    """One at a time, until the end of the transaction."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('kpi.derived', 0))")
