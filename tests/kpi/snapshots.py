"""What is stored of periods, as comparable values; and the same reckoned again from nothing."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from kpi import services
from kpi.models import DETAILS, MEASURES, Period, PeriodCell, PeriodClient

Stored = dict[tuple[Any, ...], tuple[Any, ...]]


def clients() -> Stored:
    """By period and client: place, channel, measures and details."""
    rows = PeriodClient.objects.values_list(
        "period__d0", "period__d1", "client_id", "territory_id", "channel_id", *MEASURES, *DETAILS
    )
    return {row[:3]: tuple(tuple(cell) if isinstance(cell, list) else cell for cell in row[3:]) for row in rows}


def cells() -> Stored:
    """By period, territory and channel: the sums; cells of nothing but zeros are as good as none."""
    rows = PeriodCell.objects.values_list("period__d0", "period__d1", "territory_id", "channel_id", *MEASURES)
    return {row[:4]: row[4:] for row in rows if any(row[4:])}


def sums_of_clients() -> Stored:
    sums: dict[tuple[Any, ...], list[Decimal | int]] = defaultdict(lambda: [0] * len(MEASURES))
    for (d0, d1, _client), (territory, channel, *parts) in clients().items():
        key, measures = (d0, d1, territory, channel), parts[: len(MEASURES)]
        sums[key] = [a + b for a, b in zip(sums[key], measures, strict=True)]
    return {key: tuple(values) for key, values in sums.items() if any(values)}


def reckon_from_nothing() -> None:
    PeriodClient.objects.all().delete()
    PeriodCell.objects.all().delete()
    Period.objects.update(stale=True)
    services.refresh()
