import pytest

from clients import selectors
from clients.models import Client, Status
from tests import make

pytestmark = pytest.mark.django_db


def test_pages_go_forth_and_back_over_clients_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "PAGE", 3)
    route = make.territory()
    codes = [make.client(route, name="Один", code=f"K{number}").code for number in range(8)]
    everything = Client.objects.all()

    seen, after = [], None
    while True:
        page = selectors.page(everything, after=after)
        seen += [client.code for client in page.clients]
        after, before = page.after, page.before
        if after is None:
            break
    assert seen == codes

    back = selectors.page(everything, before=before)
    assert [client.code for client in back.clients] == codes[3:6]
    first = selectors.page(everything, before=back.before)
    assert [client.code for client in first.clients] == codes[:3]
    assert first.before is None


def test_ё_is_sorted_as_е() -> None:
    route = make.territory()
    for name in ("Жук", "Ель", "Ёлка", "арбуз"):
        make.client(route, name=name)
    assert [client.name for client in selectors.page(Client.objects.all()).clients] == ["арбуз", "Ёлка", "Ель", "Жук"]


def test_tabs_count_each_part_of_the_base_and_losses_without_a_reason() -> None:
    route = make.territory()
    make.client(route, status=Status.ACTIVE)
    make.client(route, status=Status.LOST)
    make.client(route, status=Status.LOST, lost_reason="debt")
    tabs = selectors.tabs(Client.objects.all())
    assert {tab.status: tab.clients for tab in tabs.tabs} == {
        "active": 1,
        "potential": 0,
        "lost": 2,
        "closed": 0,
        "all": 3,
    }
    assert tabs.without_reason == 1
