"""Taking back one change, a bulk change or a load, which is itself a change of the history."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import ChangeSet, HistoryEvent, Role, User, Way
from accounts.services import acting
from clients import changes
from clients.models import Channel, Client, Contact, Contract, Counterparty
from clients.reverts import WHY
from clients.services import Reverted, changes_plan, changes_revert, client_update
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db
Load = Callable[..., int]


@pytest.fixture
def region() -> Territory:
    return make.territory()


@pytest.fixture
def route(region: Territory) -> Territory:
    return make.territory(region)


@pytest.fixture
def rep(route: Territory) -> User:
    return make.user(Role.REP, route)


@pytest.fixture
def admin() -> User:
    return make.user(Role.ADMIN)


@pytest.fixture
def shop(route: Territory) -> Client:
    return make.client(route, name="Shop", phone="1")


def change(user: User, shop: Client, **changes: Any) -> str:
    """Change a client; the reference of the event."""
    shop.refresh_from_db()
    client_update(user=user, code=shop.code, version=shop.version, changes=changes, way=Way.BROWSER)
    shop.refresh_from_db()
    return f"event:{HistoryEvent.objects.filter(table='clients_client', row_id=shop.pk).latest('pk').pk}"


def bulk(user: User, reference: str, found: Any, **values: Any) -> None:
    with acting(actor=user, way=Way.BROWSER, reference=reference):
        found.update(**values)


def revert(user: User, reference: str, **options: Any) -> Reverted:
    return changes_revert(user=user, reference=reference, way=Way.BROWSER, ip="10.0.0.7", **options)


def obstacles(user: User, reference: str) -> list[tuple[str, Any, Any]]:
    found = changes_plan(user=user, reference=reference).obstacles
    names = {str(text): key for key, text in WHY.items()}
    return [(each.field, each.present, names[str(each.why)]) for each in found]


def test_one_change_is_taken_back_and_that_is_a_change_too(rep: User, shop: Client) -> None:
    event = change(rep, shop, phone="2", name="New")
    done = revert(rep, event)
    shop.refresh_from_db()
    assert (shop.phone, shop.name, shop.version) == ("1", "Shop", 3)
    last = HistoryEvent.objects.latest("pk")
    assert (last.actor, last.way, last.ip, last.reference) == (rep, "browser", "10.0.0.7", done.reference)
    assert (last.old, last.new) == ({"phone": "2", "name": "New"}, {"phone": "1", "name": "Shop"})
    assert ChangeSet.objects.get(reference=done.reference).reverts == event


def test_a_value_that_somebody_has_changed_since_stays_and_is_listed(rep: User, shop: Client) -> None:
    event = change(rep, shop, phone="2", name="New")
    change(rep, shop, phone="3")
    assert obstacles(rep, event) == [("phone", "3", "changed")]
    revert(rep, event)
    shop.refresh_from_db()
    assert (shop.phone, shop.name) == ("3", "Shop")


def test_what_is_back_already_is_no_obstacle_and_twice_is_nothing_to_do(rep: User, shop: Client) -> None:
    event = change(rep, shop, phone="2")
    revert(rep, event)
    assert obstacles(rep, event) == []
    with translation.override("en"), pytest.raises(ValidationError, match="Nothing of it"):
        revert(rep, event)


def test_a_revert_is_taken_back_like_any_change(rep: User, shop: Client) -> None:
    first = revert(rep, change(rep, shop, phone="2"))
    revert(rep, first.reference)
    shop.refresh_from_db()
    assert shop.phone == "2"


def test_a_change_of_a_field_of_supervisors_is_taken_back_by_them_only(
    rep: User, admin: User, region: Territory, shop: Client
) -> None:
    event = change(admin, shop, is_target=False, phone="2")
    assert obstacles(rep, event) == [("is_target", False, "forbidden")]
    revert(rep, event)
    shop.refresh_from_db()
    assert (shop.is_target, shop.phone) == (False, "1")
    revert(make.user(Role.SUPERVISOR, region), event)
    shop.refresh_from_db()
    assert shop.is_target


def test_a_move_is_not_taken_back_to_a_territory_beyond_ones_rights(admin: User, route: Territory) -> None:
    shop = make.client(make.territory())
    event = change(admin, shop, territory=route)
    assert obstacles(make.user(Role.SUPERVISOR, route), event) == [("territory_id", route.pk, "forbidden")]


@pytest.mark.parametrize("role", [Role.REP, Role.SUPERVISOR, Role.HEAD, Role.ANALYST])
def test_a_change_of_a_client_of_another_territory_does_not_exist(admin: User, shop: Client, role: Role) -> None:
    event = change(admin, shop, phone="2")
    with pytest.raises(ChangeSet.DoesNotExist):
        revert(make.user(role, make.territory()), event)


def test_an_analyst_takes_nothing_back(admin: User, route: Territory, shop: Client) -> None:
    event = change(admin, shop, phone="2")
    with pytest.raises(ValidationError):
        revert(make.user(Role.ANALYST, route), event)
    shop.refresh_from_db()
    assert shop.phone == "2"


@pytest.mark.parametrize("reference", ["event:0", "event:x", "event:", "event:99999999999999999999", "load:none", ""])
def test_what_there_is_not_cannot_be_taken_back(admin: User, reference: str) -> None:
    with pytest.raises(ChangeSet.DoesNotExist):
        revert(admin, reference)


def test_a_bulk_change_is_taken_back_by_its_author_or_an_administrator(
    rep: User, admin: User, route: Territory, region: Territory
) -> None:
    shops = [make.client(route, phone=str(number)) for number in range(3)]
    bulk(rep, "bulk:1", Client.objects.filter(pk__in=[shop.pk for shop in shops]), phone="9")
    with pytest.raises(ChangeSet.DoesNotExist):
        revert(make.user(Role.SUPERVISOR, region), "bulk:1")
    done = revert(rep, "bulk:1")
    assert [(part.table.model, part.rows, part.values) for part in done.plan.parts] == [(Client, 3, 3)]
    assert list(Client.objects.order_by("pk").values_list("phone", flat=True)) == ["0", "1", "2"]
    revert(admin, done.reference)
    assert set(Client.objects.values_list("phone", flat=True)) == {"9"}


def test_of_several_changes_with_one_reference_the_value_before_the_first_comes_back(admin: User, shop: Client) -> None:
    for phone in ("2", "3"):
        bulk(admin, "bulk:1", Client.objects.all(), phone=phone)
    revert(admin, "bulk:1")
    shop.refresh_from_db()
    assert shop.phone == "1"


def test_what_jobs_derive_is_left_to_them(admin: User, shop: Client) -> None:
    bulk(admin, "bulk:1", Client.objects.all(), status="lost", phone="2")
    revert(admin, "bulk:1")
    shop.refresh_from_db()
    assert (shop.status, shop.phone) == ("lost", "1")


def test_a_code_that_another_client_has_by_now_is_not_taken_from_it(
    admin: User, route: Territory, shop: Client
) -> None:
    was = shop.code
    event = change(admin, shop, code="NEW", phone="2")
    make.client(route, code=was)
    assert obstacles(admin, event) == [("code", "NEW", "taken")]
    revert(admin, event)
    shop.refresh_from_db()
    assert (shop.code, shop.phone) == ("NEW", "1")


def test_of_two_days_none_is_given_back_that_would_end_before_it_begins(admin: User, shop: Client) -> None:
    bulk(admin, "bulk:0", Client.objects.all(), opened_on=date(2020, 1, 1), closed_on=date(2021, 1, 1))
    bulk(admin, "bulk:1", Client.objects.all(), opened_on=date(2024, 1, 1), closed_on=date(2025, 1, 1), phone="2")
    change(admin, shop, opened_on=date(2024, 2, 2))
    assert sorted(obstacles(admin, "bulk:1")) == [
        ("closed_on", "2025-01-01", "order"), ("opened_on", "2024-02-02", "changed"),
    ]  # fmt: skip
    revert(admin, "bulk:1")
    shop.refresh_from_db()
    assert (shop.phone, shop.closed_on) == ("1", date(2025, 1, 1))


@pytest.fixture
def loaded(load: Load) -> str:
    """A load over a small register; its reference."""
    load(
        territories="code,name\nT,Company\n", channels="code,name\nK,Shops\n",
        counterparties="code,name,inn\nP,Owner,7707083893\n",
        contracts="number,counterparty_code,signed_on,credit_limit\nN1,P,2024-01-01,100\n",
        clients="code,name,territory_code,channel_code,potential_monthly,lat\nA,Alpha,T,K,10.50,55.5\nB,Beta,T,,,\n",
        contacts="client_code,full_name,phone\nA,Ann,1\n",
    )  # fmt: skip
    load(
        channels="code,name\nK,Stores\nL,New\n",
        counterparties="code,name,inn\nP,Owner & Co,\nQ,Other,\n",
        contracts="number,counterparty_code,signed_on,credit_limit\nN1,P,2024-01-02,-\nN2,Q,2024-01-01,5\n",
        clients="code,name,territory_code,channel_code,potential_monthly,lat\nA,Aleph,T,L,7,-\nB,Beta,T,K,1,\nC,Gamma,T,K,,\n",
        contacts="client_code,full_name,phone\nA,Ann,2\nB,Bob,3\n",
        products="sku,name,category\ns,Tea,tea\n",
    )
    return ChangeSet.objects.latest("at").reference


def test_a_load_is_taken_back_as_a_whole(loaded: str, admin: User) -> None:
    done = revert(admin, loaded)
    a, b = Client.objects.get(code="A"), Client.objects.get(code="B")
    assert (a.name, a.channel.code if a.channel else "", float(a.potential_monthly or 0), a.lat) == (
        "Alpha",
        "K",
        10.5,
        55.5,
    )
    assert (b.channel, b.potential_monthly) == (None, None)
    assert Channel.objects.get(code="K").name == "Shops"
    assert Counterparty.objects.get(code="P").name == "Owner"
    assert list(Contract.objects.values_list("number", "signed_on", "credit_limit")) == [("N1", date(2024, 1, 1), 100)]
    assert list(Contact.objects.values_list("full_name", "phone")) == [("Ann", "1")]
    assert (done.plan.created, done.plan.staying, done.plan.elsewhere, done.closed) == (1, 3, 1, 0)
    assert done.plan.obstacles == []
    assert (Client, "name", "Alpha", "Aleph", "Aleph") in [value[:1] + value[2:6] for value in done.plan.values]
    assert {event.reference for event in HistoryEvent.objects.filter(way="browser")} == {done.reference}


def test_a_load_taken_back_can_be_brought_back(loaded: str, admin: User) -> None:
    def register() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in (Channel, Counterparty, Contract, Contact)] + [
            list(
                Client.objects.order_by("pk")
                .defer("version")
                .values_list("code", "name", "channel", "lat", "closed_on")
            )
        ]

    after = register()
    first = revert(admin, loaded, close_created=True)
    assert register() != after
    second = revert(admin, first.reference)
    assert register() == after
    third = revert(admin, second.reference)
    assert revert(admin, third.reference).plan.obstacles == []
    assert register() == after


def test_clients_that_a_load_created_are_closed_if_asked_for(loaded: str, admin: User) -> None:
    later = timezone.localdate() + timedelta(days=30)
    bulk(admin, "bulk:1", Client.objects.filter(code="C"), opened_on=later)
    assert revert(admin, loaded, close_created=True).closed == 1
    assert Client.objects.get(code="C").closed_on == later


def test_a_contact_that_was_edited_since_is_not_removed_with_its_load(loaded: str, admin: User) -> None:
    bulk(admin, "bulk:1", Contact.objects.filter(full_name="Bob"), phone="4")
    revert(admin, loaded)
    assert Contact.objects.get(full_name="Bob").phone == "4"


def test_who_may_change_a_client_takes_back_changes_of_its_contacts(rep: User, route: Territory, shop: Client) -> None:
    person = make.contact(shop, phone="1")
    bulk(make.user(Role.ADMIN), "bulk:1", Contact.objects.all(), phone="2")
    event = f"event:{HistoryEvent.objects.latest('pk').pk}"
    with pytest.raises(ValidationError):
        revert(make.user(Role.ANALYST, route), event)
    revert(rep, event)
    person.refresh_from_db()
    assert person.phone == "1"


def test_the_list_of_changes_says_what_was_taken_back_and_what_that_was_taken_back_again(
    loaded: str, admin: User
) -> None:
    def taken_back() -> dict[str, bool]:
        return {line.change.reference: line.taken_back for line in changes.page().lines}

    assert not taken_back()[loaded]
    first = revert(admin, loaded).reference
    assert (taken_back()[loaded], taken_back()[first]) == (True, False)
    second = revert(admin, first).reference
    assert (taken_back()[loaded], taken_back()[first], taken_back()[second]) == (False, True, False)
    assert [change.reference for _title, change in changes.related(first, admin)] == [loaded, second]


def test_the_list_of_changes_goes_on_page_by_page(admin: User, shop: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAGE", 2)
    for number in range(5):
        bulk(admin, f"bulk:{number}", Client.objects.all(), phone=f"9{number}")
    seen: list[str] = []
    before: str | None = ""
    while before is not None:
        page = changes.page(before)
        seen += [line.change.reference for line in page.lines]
        before = page.before
    assert seen == [f"bulk:{number}" for number in range(4, -1, -1)]


def test_on_its_page_a_change_is_shown_beside_what_it_becomes_and_taken_back(rep: User, shop: Client) -> None:
    event = change(rep, shop, phone="2222")
    browser = make.signed_in(rep)
    history = browser.get(reverse("client-history", args=[shop.code])).content.decode()
    address = reverse("change", args=[event])
    assert address in history
    text = browser.get(address).content.decode()
    assert all(word in text for word in ("Becomes what it was", "2222", "Take back"))
    assert browser.post(address).url == reverse("client-card", args=[shop.code])  # type: ignore[attr-defined]
    shop.refresh_from_db()
    assert shop.phone == "1"
    assert "Nothing of it can be taken back" in browser.get(address).content.decode()


def test_an_administrator_takes_a_load_back_from_the_list_and_that_again(loaded: str, admin: User) -> None:
    browser = make.signed_in(admin)
    address = reverse("change", args=[loaded])
    assert address in browser.get(reverse("change-list")).content.decode()
    assert "Close the clients that it created" in browser.get(address).content.decode()
    undo = browser.post(address, {"close": "on"}).url  # type: ignore[attr-defined]
    assert Client.objects.get(code="C").closed_on == timezone.localdate()
    assert "Took back" in browser.get(undo).content.decode()
    assert "taken back" in browser.get(reverse("change-list")).content.decode()
    browser.post(undo)
    assert Client.objects.get(code="C").closed_on is None
