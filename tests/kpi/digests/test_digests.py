"""The weekly letter: what it says, to whom, and never twice."""

import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import HistoryEvent, Role, User, Way
from accounts.services import acting
from clients.models import Client
from kpi import services as kpi_services
from kpi.digests import selectors, services, tasks
from kpi.digests.models import Digest, DigestSetting, State
from territories.models import Territory
from tests import make
from tests.test_statements import ENOUGH, counted

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
HERE = timezone.get_default_timezone()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
FILES = {
    "territories": "code,name,parent_code\nRU,Россия,\nR1,Север,RU\nR2,Юг,RU\n",
    "products": "sku,name,category\nS1,Сок,Соки\n",
    "clients": "code,name,territory_code\nK1,Альфа,R1\nK2,Бета,R1\nK3,Гамма,R2\n",
    "invoices": "invoice,date,client_code,sku,quantity,amount,cost,payment_terms_days\n"
    "N1,2026-02-10,K1,S1,1,100,60,0\nN2,2026-02-25,K1,S1,1,5000,60,0\nN3,2026-03-05,K1,S1,1,700,60,5\n"
    "N4,2026-02-03,K2,S1,1,400,60,0\nN5,2026-03-20,K2,S1,1,9000,60,0\nN6,2026-03-11,K3,S1,1,50,60,0\n",
}
DAY = date(2026, 3, 11)


def boss(*places: Territory, **fields: Any) -> User:
    return make.user(Role.SUPERVISOR, *places, **{"email": "boss@example.com"} | fields)


def node(code: str) -> Territory:
    return Territory.objects.get(code=code)


def test_movers_are_against_the_same_days_of_the_month_before_with_the_clients_behind(
    load: Callable[..., int],
) -> None:
    load(**FILES)
    (section,) = selectors.content(boss(node("RU")), DAY).sections
    # up to 11 March against up to 11 February: the sales of the 20th and the 25th are in neither
    found = [
        (mover.name, mover.before, mover.now, [(each.name, each.change) for each in mover.clients])
        for mover in section.movers
    ]
    assert found == [
        ("Север", Decimal(500), Decimal(700), [("Альфа", Decimal(600))]),
        ("Юг", Decimal(0), Decimal(50), [("Гамма", Decimal(50))]),
    ]


def test_figures_are_those_of_the_matrix_with_the_month_and_the_year_before(load: Callable[..., int]) -> None:
    load(**FILES)
    (section,) = selectors.content(boss(node("R1")), DAY).sections
    akb = next(figure for figure in section.figures if figure.metric.key == "akb")
    assert (akb.value, akb.previous.was, akb.year.was) == (2, 2, 0)
    orders = next(figure for figure in section.figures if figure.metric.key == "orders")
    assert (orders.value, orders.previous.was) == (2, 3)
    assert orders.url == "/kpi/orders/clients/?territory=R1&from=2026-03&to=2026-03"


def test_overdue_and_lost_are_of_the_subtree_and_of_the_week(load: Callable[..., int]) -> None:
    load(**FILES)
    kpi_services.refresh()
    found = selectors.content(boss(node("R1")), DAY)
    assert [(each.name, each.amount) for each in found.overdue] == [("Альфа", Decimal(700))]
    now = selectors.content(boss(node("R1")), TODAY)
    assert {each.name for each in now.lost} == {"Альфа", "Бета"}
    assert now.lost_count == 2
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(code="K1").update(lost_reason="debt")
    assert [each.name for each in selectors.content(boss(node("R1")), TODAY).lost] == ["Бета"]
    assert selectors.content(boss(node("R1")), TODAY + timedelta(days=8)).lost == []


def test_the_letter_is_in_the_language_of_its_reader_as_html_and_text_and_names_nobody_elses_clients(
    load: Callable[..., int],
) -> None:
    load(**FILES)
    person = boss(node("R2"))
    services.setting_set(user=person, wanted=True, language="en", way=Way.BROWSER)
    assert services.digest_send(user=person, day=DAY + timedelta(days=1))
    (letter,) = mail.outbox
    ((html, kind),) = letter.alternatives  # type: ignore[attr-defined]
    assert (letter.to, kind) == (["boss@example.com"], "text/html")
    for part in (letter.body, html):
        assert "Гамма" in part
        assert "Unsubscribe" in part
        assert "/clients/K3/" in part
        assert "Альфа" not in part
        assert "Север" not in part
    assert "http://localhost:8000/kpi/orders/clients/" in html


def test_a_letter_goes_out_once_a_week_however_often_its_task_runs() -> None:
    person = boss(make.territory())
    assert [services.digest_send(user=person, day=MONDAY) for _time in range(3)] == [True, False, False]
    assert not services.digest_send(user=person, day=MONDAY + timedelta(days=6))
    assert len(mail.outbox) == 1
    assert services.digest_send(user=person, day=MONDAY + timedelta(days=7))
    assert [digest.state for digest in Digest.objects.all()] == [State.SENT, State.SENT]


def test_after_a_worker_that_died_while_sending_there_is_no_second_letter() -> None:
    person = boss(make.territory())
    Digest.objects.create(user=person, week=MONDAY, address=person.email)
    tasks.send(person.pk)
    assert mail.outbox == []


def test_a_mail_server_that_cannot_be_reached_claims_nothing_and_is_tried_again(settings: Any) -> None:
    person = boss(make.territory())
    kept = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    with pytest.raises(OSError, match="refused"):
        services.digest_send(user=person, day=MONDAY)
    assert not Digest.objects.exists()
    settings.EMAIL_BACKEND = kept
    assert services.digest_send(user=person, day=MONDAY)


def test_what_the_mail_server_refuses_is_written_down_and_not_tried_again(settings: Any) -> None:
    person = boss(make.territory())
    with refusing_server() as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
        assert not services.digest_send(user=person, day=MONDAY)
        assert not services.digest_send(user=person, day=MONDAY)
    digest = Digest.objects.get()
    assert digest.state == State.REFUSED
    assert "no such mailbox" in digest.error


@contextmanager
def refusing_server() -> Iterator[int]:
    """An SMTP server that takes no recipient; its port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                self.wfile.write(b"550 no such mailbox\r\n" if verb == b"RCPT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_it_is_due_on_monday_from_the_hour_on_and_on_tuesday_for_who_missed_it(settings: Any) -> None:
    settings.DIGEST_HOUR = 7
    person = boss(make.territory())

    def due(day: date, hour: int) -> list[int]:
        return services.due(datetime(day.year, day.month, day.day, hour, tzinfo=HERE))

    assert [due(MONDAY, 6), due(MONDAY, 7), due(MONDAY + timedelta(days=1), 0)] == [[], [person.pk], [person.pk]]
    assert [due(MONDAY + timedelta(days=days), 12) for days in range(2, 7)] == [[]] * 5
    services.digest_send(user=person, day=MONDAY)
    assert due(MONDAY, 12) == []
    settings.MAIL = False
    assert due(MONDAY + timedelta(days=7), 12) == []


def test_supervisors_and_heads_get_it_unless_they_say_no_others_if_they_say_yes_and_reps_never() -> None:
    place = make.territory()
    people = {role: make.user(role, place, email=f"{role}@example.com") for role in Role}
    make.user(Role.SUPERVISOR, place)  # without an address
    boss(place, is_active=False)
    noon = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 12, tzinfo=HERE)
    assert set(services.due(noon)) == {people[Role.SUPERVISOR].pk, people[Role.HEAD].pk}
    services.setting_set(user=people[Role.SUPERVISOR], wanted=False, language="ru", way=Way.BROWSER)
    services.setting_set(user=people[Role.ANALYST], wanted=True, language="ru", way=Way.BROWSER)
    assert set(services.due(noon)) == {people[Role.ANALYST].pk, people[Role.HEAD].pk}
    with pytest.raises(PermissionDenied):
        services.setting_set(user=people[Role.REP], wanted=True, language="ru", way=Way.BROWSER)
    events = HistoryEvent.objects.filter(table="digests_digestsetting")
    assert {event.actor for event in events} == {people[Role.SUPERVISOR], people[Role.ANALYST]}


def test_the_link_of_the_letter_signs_its_reader_off_without_signing_in_and_a_forged_one_nobody() -> None:
    person = boss(make.territory())
    browser = Browser(enforce_csrf_checks=True)  # mail programs send no token of ours
    address = f"/digest/unsubscribe/{services.token(person)}/"
    assert browser.get(address).status_code == 200
    assert services.setting_of(person).wanted, "looking is not leaving"
    assert browser.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not DigestSetting.objects.get(user=person).wanted
    assert browser.post(address[:-2] + "x/").status_code == 404


def test_the_page_shows_ones_own_letter_and_takes_the_setting(load: Callable[..., int]) -> None:
    load(**FILES)
    person = boss(node("R1"))
    browser = make.signed_in(person)
    text = browser.get("/kpi/digest/").content.decode()
    assert "Север: what moved by" in text
    assert "Юг" not in text
    browser.post("/kpi/digest/", {"language": "en"})
    setting = DigestSetting.objects.get(user=person)
    assert (setting.wanted, setting.language) == (False, "en")
    assert browser.post("/kpi/digest/", {"language": "xx"}).status_code == 400


def test_the_page_waits_for_figures_that_are_not_stored_and_takes_few_statements_for_many_nodes(
    load: Callable[..., int],
) -> None:
    load(**FILES)
    day = TODAY - timedelta(days=1)
    browser = make.signed_in(boss(node("R1"), node("R2")))
    text = browser.get("/kpi/digest/").content.decode()
    assert "every 3s" in text
    assert "letter-table" not in text
    tasks.reckon(day.isoformat())
    with counted() as statements:
        text = browser.get("/kpi/digest/").content.decode()
    assert "every 3s" not in text
    assert "Север" in text
    assert "Юг" in text
    assert "Бета" in text, "nobody is lost: the page leaves a statement out"
    assert len(statements) <= ENOUGH
