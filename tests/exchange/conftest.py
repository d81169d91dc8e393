"""What the exchange tests share: reasons in English, the rows turned away, a small register to load onto."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import connection
from django.utils import translation


class Rejected(NamedTuple):
    """A row of rejected.csv."""

    file: str
    line: int
    column: str
    value: str
    reason: str

    @property
    def place(self) -> tuple[int, str, str]:
        return self.line, self.column, self.value


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def rejected(tmp_path: Path) -> Callable[[], list[Rejected]]:
    """Reads what the last load turned away."""

    def read() -> list[Rejected]:
        with (tmp_path / "rejected.csv").open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines)
            assert next(rows) == ["file", "line", "column", "value", "reason"]
            return [Rejected(file, int(line), column, value, reason) for file, line, column, value, reason in rows]

    return read


@pytest.fixture
def register(load: Callable[..., int]) -> None:
    """Two routes, two channels, products a–c, a counterparty and the clients X and Y."""
    assert (
        load(
            territories="code,name,parent_code,kind\nT,Company,,company\nR1,Route 1,T,route\nR2,Route 2,T,route\n",
            channels="code,name\nK,Shops\nL,Chains\n",
            products="sku,name,category\na,Tea,tea\nb,Coffee,coffee\nc,Bag,bags\n",
            counterparties="code,name,inn,kpp\nP,LLC,7707083893,770701001\n",
            clients="code,name,territory_code,channel_code,counterparty_code,opened_on,phone,potential_monthly\n"
            "X,Shop X,R1,K,P,2024-01-10,111,100\nY,Shop Y,R2,,,,,\n",
        )
        == 0
    )


def rows(query: str) -> list[tuple[object, ...]]:
    """The answer of the database."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
