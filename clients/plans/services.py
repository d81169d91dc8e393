"""The only code that writes plans of activation and return.

Who may change a client may plan it; a client this person may not see raises Client.DoesNotExist, one they may not
change PermissionDenied.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User, Way
from accounts.services import acting, notify
from clients.models import Client, Status
from clients.plans.models import BY_HAND, Kind, Plan, Stage
from territories.models import TerritoryUserGrant

KINDS = {Status.POTENTIAL: Kind.ACTIVATION, Status.LOST: Kind.RETURN}


class Made(NamedTuple):
    """What became of clients to be planned: `had` a plan already, `left_out`: neither potential nor lost."""

    made: int
    had: int
    left_out: int


class Meanwhile(Exception):
    """Somebody else, or an order, has moved the plan since it was shown; `current` is as it is now."""

    def __init__(self, current: Plan) -> None:
        super().__init__(f"plan {current.pk} is at {current.stage}")
        self.current = current


def plans_add(
    *, user: User, whys: Mapping[str, str], due_on: date, manager: User | None = None, way: Way, ip: str | None = None
) -> Made:
    """Plan the clients of `whys` (by code: why), each for the representative of its territory, or for `manager`.

    Where there is no representative, for `user`. Of who is neither potential nor lost, or planned already, nothing is
    made. The managers are left a notice. Raises ValidationError for a day that is past.
    """
    if due_on < timezone.localdate():
        raise ValidationError({"due_on": _("This day is past.")})
    with acting(actor=user, way=way, ip=ip):
        clients = _changeable(user, whys)
        planned = set(Plan.objects.open().filter(client__in=clients).values_list("client", flat=True))
        fit = [client for client in clients if client.status in KINDS and client.pk not in planned]
        managers = _managers({client.territory_id for client in fit})
        made = Plan.objects.bulk_create(
            Plan(
                client=client, manager=manager or managers.get(client.territory_id, user),
                kind=KINDS[Status(client.status)], due_on=due_on, why=whys[client.code][:500], author=user,
            )
            for client in fit
        )  # fmt: skip
        _tell(made, user, due_on)
    return Made(len(made), len(planned), len(clients) - len(made) - len(planned))


def plan_update(*, user: User, pk: int, was: str, changes: Mapping[str, Any], way: Way, ip: str | None = None) -> Plan:
    """Move a plan on, or change its day or manager. `was`: the stage it was shown at.

    Raises Plan.DoesNotExist where this person sees no such plan, Meanwhile where it is not at that stage any more,
    ValidationError by field.
    """
    with acting(actor=user, way=way, ip=ip):
        plan = Plan.objects.visible_to(user).select_for_update(of=("self",)).select_related("client").get(pk=pk)
        _changeable(user, [plan.client.code])
        if plan.stage != was:
            raise Meanwhile(plan)
        _check_move(plan, changes.get("stage", plan.stage))
        changed = [name for name, value in changes.items() if getattr(plan, name) != value]
        for name in changed:
            setattr(plan, name, changes[name])
        if "stage" in changed:
            plan.stage_at = timezone.now()
            changed.append("stage_at")
        if changed:
            plan.full_clean()
            plan.save(update_fields=changed)
        if "manager" in changed and plan.manager != user:
            _tell([plan], user, plan.due_on)
    return plan


def _check_move(plan: Plan, stage: str) -> None:
    """Raises ValidationError where a plan can't come to this stage by hand."""
    if plan.stage == Stage.WON:
        raise ValidationError({"stage": _("This client is won.")})
    if stage not in BY_HAND:
        raise ValidationError({"stage": _("Only an order wins a client.")})
    anew = not plan.is_open and stage != plan.stage
    if anew and (plan.client.status not in KINDS or Plan.objects.open().filter(client=plan.client).exists()):
        raise ValidationError({"stage": _("This client is planned anew already, or is not to be won any more.")})


def plans_derive() -> None:
    """End the open plans of clients that have become active, by an order, or were closed: part of what follows from
    facts, within the transaction that writes the split (kpi/services.py)."""
    now = timezone.now()
    found = Plan.objects.open().select_related("client", "manager", "author").select_for_update(of=("self",))
    won = list(found.filter(client__status=Status.ACTIVE).order_by("pk"))
    Plan.objects.filter(pk__in=[plan.pk for plan in won]).update(stage=Stage.WON, stage_at=now)
    Plan.objects.open().filter(client__status=Status.CLOSED).update(stage=Stage.GIVEN_UP, stage_at=now)
    whose: dict[User, list[Plan]] = defaultdict(list)
    for plan in won:
        for person in {plan.manager, plan.author} - {None}:
            whose[person].append(plan)  # type: ignore[index]
    for person, plans in whose.items():
        name = plans[0].client.name
        notify(recipients=[person], kind="plans_won", params={"n": len(plans), "name": name}, link=reverse("plans"))


def tasks_tell(*, user: User, clients: Iterable[Client], step: str, due_on: date) -> None:
    """Leave the representatives of these clients a notice of the next steps set for them by `user`."""
    number: dict[int, int] = defaultdict(int)
    for client in clients:
        number[client.territory_id] += 1
    of_person: dict[User, int] = defaultdict(int)
    for territory, manager in _managers(number).items():
        of_person[manager] += number[territory]
    for person, n in of_person.items():
        if person != user:
            params = {"n": n, "who": str(user), "step": step, "due": due_on.isoformat()}
            notify(recipients=[person], kind="tasks_made", params=params, link=reverse("my-day"))


def _tell(plans: Iterable[Plan], user: User, due_on: date) -> None:
    number: dict[User, int] = defaultdict(int)
    for plan in plans:
        number[plan.manager] += 1
    for person, n in number.items():
        if person != user:
            params = {"n": n, "who": str(user), "due": due_on.isoformat()}
            notify(recipients=[person], kind="plans_added", params=params, link=reverse("plans"))


def _managers(territories: Iterable[int]) -> dict[int, User]:
    """By territory, the representative to whom it itself is granted; of several, the first by name."""
    grants = TerritoryUserGrant.objects.filter(
        content_object__any=list(territories), user__role=Role.REP, user__is_active=True, permission__codename="change"
    )
    found: dict[int, User] = {}
    for grant in grants.select_related("user").order_by("-user__full_name", "-user"):
        found[grant.content_object_id] = grant.user
    return found


def _changeable(user: User, codes: Iterable[str]) -> list[Client]:
    """The clients of these codes, locked: what hangs on one changes one at a time."""
    codes = set(codes)
    if Client.objects.visible_to(user).filter(code__in=codes).count() != len(codes):
        raise Client.DoesNotExist
    found = list(
        Client.objects.changeable_by(user).filter(code__in=codes).select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )  # fmt: skip
    if len(found) != len(codes):
        raise PermissionDenied
    return found
