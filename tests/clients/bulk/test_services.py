"""Selections and the job of a bulk edit: in steps, refused or reported, taken back as one."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.jobs.models import Job, State
from accounts.jobs.services import job_run
from accounts.models import ChangeSet, HistoryEvent, Role, User, Way
from accounts.services import acting
from clients.bulk import services, tasks
from clients.bulk.models import Edit, Selection
from clients.models import ChangeRequest, Client
from clients.services import changes_revert, client_update
from tests import make

pytestmark = pytest.mark.django_db
assert tasks.edit_step is services.edit_step  # imported: what a worker knows of


def choose(user: User, *clients: Client) -> Selection:
    return services.selection_create(user=user, found=Client.objects.filter(pk__in=[one.pk for one in clients]))


def begun(user: User, clients: list[Client], **changes: Any) -> Edit:
    edit = services.edit_create(selection=choose(user, *clients), changes=changes)
    return services.edit_begin(edit=edit, ip="10.0.0.7")


def done(edit: Edit) -> Job:
    assert edit.job is not None
    while job_run(edit.job.pk):
        pass
    edit.refresh_from_db()
    edit.job.refresh_from_db()
    return edit.job


def test_only_clients_that_one_may_see_are_chosen() -> None:
    route = make.territory()
    own, theirs = make.client(route), make.client(make.territory())
    assert choose(make.user(Role.REP, route), own, theirs).ids == [own.pk]
    with pytest.raises(ValidationError):
        choose(make.user(Role.REP, route), theirs)


def test_more_than_can_be_changed_at_once_are_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LARGEST", 2)
    route = make.territory()
    rep, clients = make.user(Role.REP, route), [make.client(route) for _number in range(3)]
    assert len(choose(rep, *clients[:2]).ids) == 2
    with pytest.raises(ValidationError):
        choose(rep, *clients)


def test_old_selections_go_and_what_was_done_with_them_stays() -> None:
    route = make.territory()
    rep, client = make.user(Role.REP, route), make.client(route)
    edit, looked_at = begun(rep, [client], phone="1"), services.edit_create(
        selection=choose(rep, client), changes={"phone": "2"}
    )  # fmt: skip
    done(edit)
    long_ago = timezone.now() - services.KEPT - timedelta(days=1)
    Selection.objects.update(at=long_ago)
    Edit.objects.update(at=long_ago)
    fresh = choose(rep, client)
    assert list(Selection.objects.all()) == [fresh]
    assert list(Edit.objects.values_list("pk", "selection")) == [(edit.pk, None)]
    assert looked_at.pk != edit.pk


def test_it_is_done_in_steps_under_one_reference_and_taken_back_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STEP", 2)
    route = make.territory()
    rep, clients = make.user(Role.REP, route), [make.client(route, phone="old") for _number in range(5)]
    edit = begun(rep, clients, phone="new", address="there")
    job = done(edit)
    assert (job.state, job.done, job.total, job.position) == (State.DONE, 5, 5, 5)
    assert job.result == {"changed": 5, "written": 5, "asked": 0, "same": 0, "refused": {}}
    assert set(Client.objects.values_list("phone", "address", "version")) == {("new", "there", 2)}
    events = HistoryEvent.objects.filter(reference=edit.reference)
    assert set(events.values_list("actor", "way", "ip")) == {(rep.pk, Way.BROWSER, "10.0.0.7")}
    assert (events.count(), ChangeSet.objects.filter(reference=edit.reference).count()) == (5, 1)
    changes_revert(user=rep, reference=edit.reference, way=Way.BROWSER)
    assert set(Client.objects.values_list("phone", "address", "version")) == {("old", "", 3)}


def test_what_needs_approval_is_asked_for_by_the_one_who_began_it() -> None:
    route, channel = make.territory(), make.channel()
    rep, clients = make.user(Role.REP, route), [make.client(route) for _number in range(3)]
    job = done(begun(rep, clients, channel=channel))
    assert (job.result["written"], job.result["asked"]) == (0, 3)
    assert ChangeRequest.objects.open().filter(author=rep, field="channel", new=channel.pk).count() == 3
    assert not Client.objects.exclude(channel=None).exists()


def test_a_client_changed_after_the_look_is_left_and_kept_to_be_looked_at_again() -> None:
    route = make.territory()
    rep, clients = make.user(Role.REP, route), [make.client(route) for _number in range(3)]
    edit = begun(rep, clients, phone="ours")
    client_update(user=rep, code=clients[1].code, version=1, changes={"email": "a@b.ru"}, way=Way.BROWSER)
    job = done(edit)
    assert (job.result["written"], job.result["refused"], edit.left) == (2, {"conflict": 1}, [clients[1].pk])
    clients[1].refresh_from_db()
    assert (clients[1].phone, clients[1].email) == ("", "a@b.ru")


def test_rights_are_those_of_the_moment_when_it_is_done() -> None:
    route = make.territory()
    rep, client = make.user(Role.REP, route), make.client(route)
    edit = begun(rep, [client], phone="new")
    with acting(actor=None, way=Way.COMMAND):
        User.objects.filter(pk=rep.pk).update(is_active=False)
    assert done(edit).result["refused"] == {"gone": 1}
    client.refresh_from_db()
    assert client.phone == ""


def test_it_is_begun_once() -> None:
    route = make.territory()
    rep = make.user(Role.REP, route)
    edit = begun(rep, [make.client(route)], phone="new")
    with pytest.raises(ValidationError):
        services.edit_begin(edit=edit, ip=None)
    assert Job.objects.count() == 1
