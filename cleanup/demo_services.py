"""The campaigns of the demo distributor: last year's, closed, and this year's, half done; the same each time.

What is worth telling goes through the services like anybody's answers. “All correct”, the bulk of them, is written in
sets, as the services would: one by one, 5,000 clients would take minutes.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.jobs.models import Job
from accounts.jobs.services import job_run
from accounts.models import User, Way
from accounts.services import acting
from cleanup import answer_services, approval_services, selectors, services, tasks
from cleanup import questionnaire_services as builder
from cleanup.models import Answer, Answers, Campaign, Decision, Section, Sheet, SheetState, Verdict, Version
from cleanup.results.services import result_reckon
from clients.models import Channel, Client, Status
from clients.services import client_update

OPEN = {"condition_key": "works", "condition_value": "yes"}
# What the distributor asks beside the usual questions (standard.py): key, kind, text, further fields.
SHELF: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("brands", "several", "Какие наши марки стоят на полке?",
     {"options": ["Своя ферма", "Волжский двор", "Доброе утро", "ни одной"], **OPEN}),
    ("shelf_share", "number", "Доля нашей полки в категории", {"unit": "%", **OPEN}),
    ("fridge", "yes_no", "Есть ли в точке наше холодильное оборудование?", OPEN),
    ("fridges", "number", "Сколько единиц?", {"unit": "шт.", "condition_key": "fridge", "condition_value": "yes"}),
    ("fridge_state", "one", "В каком оно состоянии?",
     {"options": ["исправно", "нужен ремонт", "забирать"], "condition_key": "fridge", "condition_value": "yes"}),
    ("turnover", "money", "Оборот точки в месяц, со слов хозяина", {"hint": "Если не говорят — пропустите.", **OPEN}),
    ("visited", "date", "Когда были в точке в последний раз?", OPEN),
    ("target", "field", "Остаётся ли точка в целевой базе?", {"field": "is_target", **OPEN}),
    ("decides", "text", "Кто принимает решение о закупке и когда его застать?", OPEN),
)  # fmt: skip
# What answers that are told one by one say, in turn.
KINDS = ("category", "phone", "place", "address", "potential", "email", "target", "channel", "phone", "closed")
STREETS = ("ул. Советская", "ул. Гагарина", "пр. Победы", "ул. Мира", "ул. Чехова", "ул. Садовая")
WORDS = ("Телефон не отвечает, уточните.", "Где фото фасада?", "Проверьте адрес: такой улицы здесь нет.")
CLOSED_SINCE = ("Пункт выдачи заказов", "Аптека", "Помещение пустует", "Парикмахерская")


@transaction.atomic
def fill(*, admin: User, today: date, seed: int = 6) -> None:
    """Both campaigns, in one transaction: all or, interrupted, nothing. Does nothing where there are campaigns."""
    if Campaign.objects.exists():
        return
    version = _questionnaire(admin)
    _Year(admin, _last_year(admin, version, today), Random(seed)).past()  # noqa: S311
    _Year(admin, _this_year(admin, today), Random(seed + 1)).running()  # noqa: S311


def _questionnaire(admin: User) -> Version:
    version = builder.questionnaire_create(user=admin, name="Ежегодная чистка базы", way=Way.COMMAND)
    section = builder.section_save(user=admin, version=version.pk, title="Полка и оборудование", way=Way.COMMAND)
    for key, kind, text, more in SHELF:
        values = {"section": Section(pk=section.pk, version=version), "key": key, "kind": kind, "text": text, **more}
        builder.question_save(user=admin, version=version.pk, values=values, way=Way.COMMAND)
    return version


def _last_year(admin: User, version: Version, today: date) -> Campaign:
    first = today - timedelta(days=365 + 30)
    values = {
        "name": f"Чистка базы {first.year}", "year": first.year, "first_day": first, "version": version,
        "last_day": first + timedelta(days=45), "statuses": [Status.ACTIVE, Status.POTENTIAL, Status.LOST],
    }  # fmt: skip
    return services.campaign_create(user=admin, values=values, way=Way.COMMAND)


def _this_year(admin: User, today: date) -> Campaign:
    former = Campaign.objects.get()
    campaign = services.campaign_copy(user=admin, pk=former.pk, year=former.year + 1, way=Way.COMMAND)
    days = {"first_day": today - timedelta(days=21), "last_day": today + timedelta(days=16)}
    return services.campaign_change(user=admin, pk=campaign.pk, values=days, way=Way.COMMAND)


class _Year:
    """A campaign that is started, and played through."""

    def __init__(self, admin: User, campaign: Campaign, rng: Random) -> None:
        self.admin, self.rng, self.told = admin, rng, 0
        self.campaign = services.campaign_start(user=admin, pk=campaign.pk, way=Way.COMMAND)
        assert self.campaign.prefill_job
        _run(self.campaign.prefill_job)
        bosses = selectors.people(Campaign(answers=Answers.SUPERVISOR))
        people = User.objects.in_bulk([*bosses.values(), *selectors.people(self.campaign).values()])
        self.people = people
        self.bosses = {territory: people[pk] for territory, pk in bosses.items()}
        self.channels = list(Channel.objects.order_by("pk").values_list("pk", flat=True))
        assert self.campaign.version
        self.options = dict(self.campaign.version.questions.values_list("key", "options"))
        found = self.campaign.sheets.select_related("client").order_by("client__code")
        self.sheets = [sheet for sheet in found if sheet.rep_id and sheet.territory_id in self.bosses]

    # --- the two years

    def past(self) -> None:
        """Nearly all answered and applied; then it is closed, and what it left is dated as it was."""
        plain: list[Sheet] = []
        told: list[Sheet] = []
        most = min(0.14, 350 / len(self.sheets))  # one by one they take their time
        for sheet in self.sheets:
            lot = self.rng.random()
            if lot < 0.06:
                continue  # nobody got there
            double = bool(sheet.details.get("duplicates")) and lot < 0.7
            if (lot < 0.06 + most or double) and self._correct(sheet, self._days(45)):
                told.append(sheet)
            else:
                plain.append(sheet)
        self._all_correct(plain, 45)
        for number, sheet in enumerate(told):
            if number % 25 == 7:
                self._return(sheet)
            else:
                approval_services.sheet_approve(user=self.bosses[sheet.territory_id], pk=sheet.pk)
        self._approve_plain(plain)
        services.campaign_close(user=self.admin, pk=self.campaign.pk, way=Way.COMMAND)
        self._date(self.campaign.last_day)

    def running(self) -> None:
        """About half answered; most of that decided, some waits for every reason there is, a few are in conflict."""
        plain: list[Sheet] = []
        told: list[Sheet] = []
        most = min(0.14, 300 / len(self.sheets))
        for sheet in self.sheets:
            haste = 0.3 + (sheet.rep_id or 0) * 7 % 10 / 22  # some are slow
            lot = self.rng.random() / haste
            if (lot < most or sheet.details.get("duplicates")) and self._correct(sheet, self._days(21)):
                told.append(sheet)
            elif lot < 1:
                plain.append(sheet)
        self._all_correct(plain, 21)
        for number, sheet in enumerate(told):
            boss = self.bosses[sheet.territory_id]
            if number % 12 == 3:
                self._meanwhile(sheet, boss)
            elif number % 12 == 5:
                self._return(sheet)
            elif number % 3 == 1:
                approval_services.sheet_approve(user=boss, pk=sheet.pk)
        self._approve_plain([sheet for sheet in plain if self.rng.random() < 0.6])
        self._date(None)

    # --- answers

    def _days(self, most: int) -> datetime:
        """A moment in the working hours of one of the first days."""
        last = (timezone.localdate() - self.campaign.first_day).days
        day = self.campaign.first_day + timedelta(days=self.rng.randrange(max(1, min(most, last))))
        return timezone.make_aware(datetime.combine(day, time(9 + self.rng.randrange(8), self.rng.randrange(60))))

    def _said(self) -> dict[str, Any]:
        """What is said of an outlet that is open, beside its fields."""
        rng, fridge = self.rng, self.rng.random() < 0.3
        said: dict[str, Any] = {
            "works": "yes", "area": str(rng.randrange(3, 60) * 5), "fridge": "yes" if fridge else "no",
            "competitors": [rng.choice(self.options["competitors"])],
            "brands": self.options["brands"][: rng.randrange(1, 4)], "shelf_share": str(rng.randrange(5, 45)),
        }  # fmt: skip
        if fridge:
            said |= {"fridges": str(rng.randrange(1, 4)), "fridge_state": rng.choice(self.options["fridge_state"])}
        return said

    def _key(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)

    def _correct(self, sheet: Sheet, at: datetime) -> bool:
        """An answer worth a look or with a correction, through the service; False where it can't be of its kind."""
        client, rng = sheet.client, self.rng
        values, more = self._said(), dict[str, Any]()
        potential = int(client.potential_monthly or 20_000)
        kind = KINDS[self.told % len(KINDS)]
        double = next((each["client"] for each in sheet.details.get("duplicates", []) if each["client"] < client.pk), 0)
        if double and Client.objects.filter(pk=double, merged_into=None, territory=client.territory_id).exists():
            more["merge_into"] = double
        elif kind == "closed":
            closed = at.date() - timedelta(days=rng.randrange(5, 90))
            if client.opened_on and client.opened_on >= closed:
                return False
            values = {
                "works": "no", "who_is_there": rng.choice(CLOSED_SINCE), "closed_on": {"value": closed.isoformat()},
            }  # fmt: skip
        elif kind == "category":
            more["category"] = "ABCDE"["ABCDE".find(sheet.category_before or "C") - 1]
        elif kind == "place":
            if client.lat is None or client.lon is None:
                return False
            more |= {"lat": float(client.lat) + 0.03, "lon": float(client.lon), "accuracy": 20.0}
        else:
            new: dict[str, Any] = {
                "phone": f"+7 927 {rng.randrange(200, 999)}-{rng.randrange(10, 99)}-{rng.randrange(10, 99)}",
                "address": f"{rng.choice(STREETS)}, {rng.randrange(1, 120)}",
                "email": f"zakaz{rng.randrange(1000, 9999)}@example.ru",
                "potential": str(potential * rng.choice((2, 5)) // 100 * 100),
                "channel": sheet.proposed_channel_id or self._other(client.channel_id), "target": not client.is_target,
            }  # fmt: skip
            values[kind] = {"value": new[kind]}
        answer_services.sheet_answer(
            user=self._rep(sheet), pk=sheet.pk, key=self._key(), values=values, at=at, way=Way.CAMPAIGN, **more
        )
        self.told += 1
        return True

    def _other(self, channel: int | None) -> int:
        return self.rng.choice([pk for pk in self.channels if pk != channel])

    def _rep(self, sheet: Sheet) -> User:
        assert sheet.rep_id
        return self.people[sheet.rep_id]

    def _all_correct(self, sheets: list[Sheet], most: int) -> None:
        assert self.campaign.version
        for rep in sorted({sheet.rep_id or 0 for sheet in sheets}):
            made = []
            for sheet in sheets:
                if sheet.rep_id == rep:
                    at = self._days(most)
                    made.append(
                        Answer(
                            sheet=sheet, key=self._key(), version=self.campaign.version, author_id=rep, at=at,
                            received_at=at, values=self._said(),
                        )
                    )  # fmt: skip
            with acting(actor=self.people[rep], way=Way.CAMPAIGN, reference=self.campaign.reference):
                Answer.objects.bulk_create(made)
        self._execute(
            "UPDATE cleanup_sheet s SET answer_id = a.id, state = 'answered', answered_at = a.at"
            " FROM cleanup_answer a WHERE a.sheet_id = s.id AND s.campaign_id = %s AND s.state = 'waiting'",
            self.campaign.pk,
        )

    # --- decisions

    def _return(self, sheet: Sheet) -> None:
        boss = self.bosses[sheet.territory_id]
        approval_services.sheet_return(user=boss, pk=sheet.pk, word=self.rng.choice(WORDS))

    def _meanwhile(self, sheet: Sheet, boss: User) -> None:
        """Somebody else changes what the answer corrects, on the client's card: a conflict."""
        answer = Answer.objects.get(sheet=sheet)
        field = next((name for name in ("phone", "address", "email") if name in answer.changes), None)
        if field is None:
            return
        client = Client.objects.get(pk=sheet.client_id)
        other = {"phone": "+7 843 200-10-20", "address": "ул. Новая, 1", "email": "info@example.ru"}[field]
        client_update(
            user=boss, code=client.code, version=client.version, changes={field: other}, way=Way.COMMAND
        )  # fmt: skip
        approval_services.sheet_approve(user=boss, pk=sheet.pk)

    def _approve_plain(self, sheets: list[Sheet]) -> None:
        """As sheets_approve and its job do with answers that change nothing."""
        by_boss: dict[int, list[int]] = {}
        for sheet in sheets:
            by_boss.setdefault(self.bosses[sheet.territory_id].pk, []).append(sheet.pk)
        for boss, pks in sorted(by_boss.items()):
            rows = Sheet.objects.filter(pk__in=pks, state=SheetState.ANSWERED, answer__changes={}, attention=[])
            found = list(rows.values_list("pk", "answer_id"))
            with acting(actor=self.people[boss], way=Way.CAMPAIGN, reference=self.campaign.reference):
                Decision.objects.bulk_create(
                    Decision(sheet_id=pk, answer_id=answer, verdict=Verdict.APPROVED, by_id=boss)
                    for pk, answer in found
                )
            Sheet.objects.filter(pk__in=[pk for pk, _answer in found]).update(
                state=SheetState.APPLIED, decided_at=timezone.now()
            )

    def _date(self, closed: date | None) -> None:
        """Sheets and the campaign carry the days on which it would have been; the history says when it was made."""
        pk = self.campaign.pk
        self._execute(
            "UPDATE cleanup_sheet s SET answered_at = a.at, decided_at = CASE WHEN s.decided_at IS NOT NULL"
            " THEN least(now(), a.at + interval '20 hours') END FROM cleanup_answer a"
            " WHERE a.id = s.answer_id AND s.campaign_id = %s",
            pk,
        )
        self._execute(
            'INSERT INTO cleanup_verified (client_id, "on") SELECT client_id, decided_at::date FROM cleanup_sheet'
            " WHERE campaign_id = %s AND state = 'applied'"
            ' ON CONFLICT (client_id) DO UPDATE SET "on" = excluded."on"',
            pk,
        )
        begun = timezone.make_aware(datetime.combine(self.campaign.first_day, time(8)))
        dates: dict[str, Any] = {"started_at": begun}
        if closed:
            dates["closed_at"] = timezone.make_aware(datetime.combine(closed, time(19)))
        with acting(actor=self.admin, way=Way.COMMAND, reference=self.campaign.reference):
            Campaign.objects.filter(pk=pk).update(**dates)
        services.scores_refreshed(campaign=self.campaign)
        result_reckon(campaign=self.campaign)

    def _execute(self, statement: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)


def _run(job: Job) -> None:
    assert tasks  # it registers the steps
    while job_run(job.pk):
        pass
