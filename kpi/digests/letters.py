"""The letter itself: HTML with a plain text beside it, in the language of who gets it."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext as _

from accounts.models import User
from config import ui
from kpi.compared import Difference
from kpi.digests import selectors
from kpi.digests.selectors import Content, Named
from kpi.ranks.selectors import Move
from territories.models import Territory


def letter(user: User, day: date, language: str, token: str) -> EmailMultiAlternatives:
    """The letter as of `day` to a person; links lead to SITE_URL."""
    with translation.override(language):
        found = selectors.content(user, day)
        off = settings.SITE_URL + reverse("digest-unsubscribe", args=[token])
        context = {"content": found, "base": settings.SITE_URL, "off": off, "person": user, "language": language}
        html = render_to_string("digests/mail.html", context)
        about = subject([each.territory for each in found.sections], day)
        message = EmailMultiAlternatives(
            about, text(found, settings.SITE_URL, off), settings.DEFAULT_FROM_EMAIL, [user.email],
            headers={"List-Unsubscribe": f"<{off}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        )  # fmt: skip
        message.attach_alternative(html, "text/html")
    return message


def subject(nodes: Sequence[Territory], day: date) -> str:
    """What moved, in a line: the first node's name and the day."""
    where = nodes[0].name if nodes else "Basis"
    shown = formats.date_format(day, "SHORT_DATE_FORMAT")
    return _("%(where)s: what moved by %(day)s") % {"where": " ".join(where.split()), "day": shown}


def text(content: Content, base: str, off: str) -> str:
    """The plain text of the letter."""
    return "\n".join(_lines(content, base, off)) + "\n"


def _lines(content: Content, base: str, off: str) -> Iterator[str]:
    for section in content.sections:
        yield f"{section.territory.name}: {content.month}"
        if content.running:
            yield _("The month is running: figures up to %(day)s stand beside whole months.") % {
                "day": _day(content.day)
            }
        yield base + section.url
        for figure in section.figures:
            differences = [each for each in map(_difference, (figure.previous, figure.year)) if each]
            said = f" ({'; '.join(differences)})" if differences else ""
            yield f"  {figure.metric.name}: {ui.metric(figure.value, figure.metric.unit)}{said}"
        if section.movers:
            yield ""
            yield _("Net sales against the same days of the month before (to %(day)s)") % {"day": _day(content.before)}
        for mover in section.movers:
            yield f"  {mover.name}: {_change(mover.change)} ({ui.money(mover.before)} → {ui.money(mover.now)})"
            for client in mover.clients:
                yield f"    {client.name}: {_change(client.change)}  {base}{client.url}"
        yield ""
    lost = {"n": content.lost_count}
    yield from _list(_("Lost this week, no reason stated: %(n)s") % lost, content.lost, base + content.lost_url, base)
    yield _("Requests that wait for your decision: %(n)s") % {"n": content.request_count}
    for asked in content.requests:
        yield f"  {asked.client}: {asked.field} — {asked.author}, {_day(asked.day)}"
    yield base + content.requests_url
    yield ""
    yield from _list(_("Overdue most"), content.overdue, base + content.overdue_url, base)
    moved = {"up": content.up_count, "down": content.down_count}
    yield _("Moves of categories: up %(up)s, down %(down)s") % moved
    for move in content.moves:
        yield f"  {move.name}: {move.was} → {move.becomes}, {_why(move)}"
    yield base + content.moves_url
    yield ""
    yield _("No longer wanted? Unsubscribe: %(address)s") % {"address": off}


def _list(title: str, clients: list[Named], url: str, base: str) -> Iterator[str]:
    yield title
    for each in clients:
        what = ui.money(each.amount) if each.amount is not None else _day(each.day) if each.day else ui.NONE
        yield f"  {each.name} ({each.territory}): {what}  {base}{each.url}"
    yield url
    yield ""


def _difference(difference: Difference) -> str:
    return f"{difference.change}, {difference.former.name}" if difference.change else ""


def _why(move: Move) -> str:
    margin = f"{ui.money(move.was_margin)} → {ui.money(move.margin)}"
    return _("margin of 12 months %(margin)s") % {"margin": margin}


def _change(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else ''}{ui.money(amount)}"


def _day(day: date) -> str:
    return formats.date_format(day, "SHORT_DATE_FORMAT")
