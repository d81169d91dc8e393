"""Attacks that were tried by hand on a running instance, and what is to hold against them."""

from datetime import date

import pytest

from accounts.models import Role
from kpi import services
from tests import make

pytestmark = pytest.mark.django_db
SQL = ["\n; SELECT 1 --", "\r\n) OR true --", "' OR true --", "\\' OR true --", "%(period)s", "{measures}", "$1", "/*"]


@pytest.mark.parametrize("text", SQL)
def test_no_text_becomes_sql(text: str) -> None:
    """A line break once ended the comment above the statement of a number's clients, where the parameters are named."""
    place = make.territory(code="place")
    make.client(place)
    services.period_current(date(2026, 1, 1), date(2026, 1, 31))
    at = make.signed_in(make.user(Role.HEAD, place))
    month = {"territory": "place", "from": "2026-01", "to": "2026-01"}
    for path, name, others in (
        ("/clients/", "search", {}), ("/clients/", "channel", {}), ("/clients/", "manager", {}),
        ("/kpi/", "sort", month), ("/kpi/", "by", month),
        ("/kpi/okb/clients/", "channel", month), ("/kpi/okb/clients/", "category", month),
        ("/kpi/okb/clients/", "after_code", {**month, "after": "9"}),
        ("/api/v1/clients/", "search", {}), ("/api/v1/clients/", "channel", {}),
        ("/api/v1/kpi/okb/clients/", "channel", month), ("/api/v1/kpi/okb/clients/", "category", month),
    ):  # fmt: skip
        assert at.get(path, {**others, name: text}).status_code == 200, (path, name)
    assert at.get("/api/v1/kpi/okb/clients/", {**month, "cursor": f"9:{text}"}).status_code == 200
