"""What is asked once while a page is read, and each time elsewhere."""

import pytest

from accounts.models import Role
from config.once import once_a_page, one_page
from territories.selectors import territory_ids, territory_ids_of
from tests import make


@once_a_page
def _count(asked: list[int] | tuple[int, ...] = ()) -> object:
    return object()


def test_the_same_question_has_one_answer_within_a_page_and_a_new_one_in_the_next() -> None:
    with one_page():
        first = _count()
        assert _count() is first
        assert _count((1,)) is not first
    with one_page():
        assert _count() is not first
    assert _count() is not _count()


def test_after_an_error_nothing_is_kept() -> None:
    kept = []

    def fails() -> None:
        with one_page():
            kept.append(_count())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert _count() is not kept[0]


@pytest.mark.django_db
def test_a_grant_holds_in_the_next_page_and_at_once_where_nothing_is_kept() -> None:
    place, person = make.territory(), make.user(Role.REP)
    with one_page():
        assert territory_ids(person, "view") == []
        make.grant(person, place, "view")
        assert territory_ids(person, "view") == [], "one answer a page"
    with one_page():
        assert territory_ids(person, "view") == [place.pk]
    make.grant(person, place, "change")
    assert territory_ids(person, "change") == [place.pk]


@pytest.mark.django_db
def test_of_several_people_each_has_what_they_have_alone() -> None:
    place = make.territory()
    people = [
        make.user(Role.REP, place),
        make.user(Role.REP),
        make.user(Role.ADMIN),
        make.user(Role.ADMIN, is_active=False),
    ]
    found = territory_ids_of(people, "change")
    assert found == {person.pk: territory_ids(person, "change") for person in people}
    assert list(found.values()) == [[place.pk], [], None, []]
