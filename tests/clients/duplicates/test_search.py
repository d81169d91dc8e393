from typing import Any

import pytest

from accounts.models import Role, User, Way
from accounts.services import acting
from clients.duplicates import selectors, services
from clients.duplicates.matching import Facts
from clients.duplicates.models import Key, Pair
from clients.models import Client
from territories.models import Territory
from tests import make

pytestmark = pytest.mark.django_db
ADDRESS = "г. Казань, ул. Баумана, д. 10"


@pytest.fixture
def team() -> Territory:
    return make.territory()


@pytest.fixture
def boss(team: Territory) -> User:
    return make.user(Role.SUPERVISOR, team)


def shop(place: Territory, **fields: Any) -> Client:
    return make.client(place, **{"name": "Ромашка", "address": ADDRESS} | fields)


def check() -> None:
    while services.check_some():
        pass


def change(client: Client, **fields: Any) -> None:
    with acting(actor=None, way=Way.COMMAND):
        Client.objects.filter(pk=client.pk).update(**fields)


def found() -> set[tuple[int, int]]:
    check()
    return set(Pair.objects.values_list("one", "other"))


def test_two_cards_of_one_outlet_are_found_with_score_and_reasons(team: Territory) -> None:
    one, other = shop(team), shop(team, name="ООО «РОМАШКА»", address="Казань, Баумана 10")
    assert found() == {(one.pk, other.pk)}
    pair = Pair.objects.get()
    assert pair.score >= 90
    assert set(pair.reasons) == {"name", "address"}


def test_only_what_has_changed_is_compared_again(team: Territory) -> None:
    one, other = shop(team), shop(team, name="Василёк")
    assert found() == set()
    assert services.check_some() == 0
    change(other, is_target=False)  # says nothing about which outlet it is
    assert services.check_some() == 0
    change(other, name="Ромашка")
    assert services.check_some() == 1
    assert found() == {(one.pk, other.pk)}
    change(other, name="Василёк")
    assert found() == set()


def test_the_search_goes_on_where_it_was_broken_off(team: Territory, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = shop(team), shop(team)
    monkeypatch.setattr(services, "CHUNK", 1)
    assert services.check_some() == 1
    assert not Pair.objects.exists()  # the other one has no keys yet
    assert services.check_some() == 1
    assert set(Pair.objects.values_list("one", "other")) == {(one.pk, other.pk)}


def test_a_key_that_too_many_have_brings_nobody_together(team: Territory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST", 2)
    for _turn in range(3):
        shop(team)
    assert found() == set()


def test_not_a_duplicate_is_remembered_for_good_until_it_is_taken_back(team: Territory, boss: User) -> None:
    one, other = shop(team), shop(team)
    pairs = found()
    services.different_say(user=boss, one=other.pk, other=one.pk, way=Way.API)
    assert found() == set()
    change(one, phone="+7 900 111-22-33")
    assert found() == set()
    services.different_take_back(user=boss, one=one.pk, other=other.pk, way=Way.API)
    assert found() == pairs


def test_merging_two_clients_takes_them_off_the_list(team: Territory, boss: User) -> None:
    one, other = shop(team), shop(team)
    check()
    merged = services.clients_merge(
        user=boss, survivor=one.pk, loser=other.pk, versions={one.pk: 1, other.pk: 1}, take=(), way=Way.API
    )
    assert not selectors.pairs(boss).exists()
    assert found() == set()
    assert not Key.objects.filter(client=other).exists()
    services.merge_undo(user=boss, pk=merged.pk, way=Way.API)
    assert found() == {(one.pk, other.pk)}


def test_pairs_are_shown_to_who_decides_about_both(team: Territory, boss: User) -> None:
    elsewhere = make.territory()
    shop(team), shop(elsewhere)
    check()
    assert not selectors.pairs(boss).exists()
    assert not selectors.pairs(make.user(Role.REP, team)).exists()
    assert selectors.pairs(make.user(Role.ADMIN)).count() == 1
    assert selectors.pairs(make.user(Role.SUPERVISOR, team, elsewhere)).count() == 1
    assert selectors.pairs(make.user(Role.ADMIN), territory=elsewhere).count() == 1
    assert not selectors.pairs(make.user(Role.ADMIN), territory=make.territory()).exists()


def test_pages_of_pairs_lose_and_repeat_none(team: Territory, boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "PAGE", 2)
    for number in range(5):
        shop(team, name=f"Ромашка{number}", address=f"г. Казань, ул. Баумана, д. {number}")
        shop(team, name=f"Ромашка{number}", address=f"г. Казань, ул. Баумана, д. {number}")
    check()
    whole = list(selectors.pairs(boss))
    seen, after = [], ""
    while True:
        page = selectors.pair_page(selectors.pairs(boss), after)
        seen += page.pairs
        if not (after := page.after):
            break
    assert seen == whole
    assert len(whole) >= 5


# --- while a client is entered -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        Facts("ромашка ооо", "Баумана, 10"), Facts("Рамашка", "ул. Баумана д. 10"),
        Facts("Ромашка", "", "8 (912) 345 67 89"), Facts("Ромашка", "", "", "", "", 55.79001, 49.12001),
    ],
)  # fmt: skip
@pytest.mark.parametrize("checked", [True, False])
def test_what_is_being_entered_is_found_by_name_address_phone_and_place(
    team: Territory, facts: Facts, checked: bool
) -> None:
    there = shop(team, phone="+7 912 345-67-89", lat=55.79, lon=49.12)
    if checked:
        check()
    (candidate,) = services.look_alikes(make.user(Role.REP, team), facts).candidates
    assert candidate.client == there


def test_of_a_client_elsewhere_only_that_there_is_one_is_said(team: Territory) -> None:
    shop(make.territory(), name="Secret", phone="+7 912 345-67-89")
    check()
    rep = make.user(Role.REP, team)
    found = services.look_alikes(rep, Facts("Secret", ADDRESS))
    assert (found.candidates, found.elsewhere) == ([], True)
    page = make.signed_in(rep).get("/duplicates/check/", {"name": "Secret", "address": ADDRESS}).content.decode()
    assert "another territory" in page
    assert "Secret" not in page


# --- pages -------------------------------------------------------------------------------------------------------


def test_the_merge_page_proposes_the_fuller_card_and_fills_its_gaps(team: Territory, boss: User) -> None:
    full, poor = shop(team, email="a@b.ru", lat=55.0, lon=49.0), shop(team, phone="+7 912 345-67-89")
    page = make.signed_in(boss).get("/duplicates/merge/", {"one": poor.code, "other": full.code})
    assert page.context["one"] == full
    assert [row.name for row in page.context["rows"] if row.proposed] == ["phone"]


def test_a_merge_by_the_page_is_undone_from_the_card(team: Territory, boss: User) -> None:
    one, other = shop(team), shop(team, phone="+7 912 345-67-89")
    browser = make.signed_in(boss)
    sent = {
        "one": one.code, "other": other.code, f"version-{one.code}": 1, f"version-{other.code}": 1, "phone": "theirs",
    }  # fmt: skip
    assert browser.post("/duplicates/merge/", sent).url == f"/clients/{one.code}/"  # type: ignore[attr-defined]
    one.refresh_from_db()
    assert one.phone == "+7 912 345-67-89"
    card = browser.get(f"/clients/{other.code}/")
    assert (card.status_code, card.url) == (302, f"/clients/{one.code}/")  # type: ignore[attr-defined]
    panel = browser.get(f"/clients/{one.code}/merged/").content.decode()
    assert other.code in panel
    merge = one.merges.get()
    assert browser.post(f"/duplicates/merges/{merge.pk}/undo/").url == f"/clients/{other.code}/"  # type: ignore[attr-defined]
    other.refresh_from_db()
    assert other.merged_into is None


def test_a_merge_over_somebody_elses_change_shows_it_and_merges_nothing(team: Territory, boss: User) -> None:
    one, other = shop(team), shop(team)
    change(other, phone="5")
    sent = {"one": one.code, "other": other.code, f"version-{one.code}": 1, f"version-{other.code}": 1}
    answer = make.signed_in(boss).post("/duplicates/merge/", sent)
    assert answer.status_code == 409
    assert "Nothing was merged" in answer.content.decode()
    other.refresh_from_db()
    assert other.merged_into is None
