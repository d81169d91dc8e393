"""Precision and recall of the search for duplicates, on a made set that the weights were not tuned on."""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

from bench.outlets import Made, make
from clients.duplicates import matching

MEASURED_ON = (101, 102, 103)  # the weights were tuned on 1 and 2
MOST = 40  # outlets with one key, above which the key says nothing (clients/duplicates/services.py)


class Quality(NamedTuple):
    precision: float
    recall: float
    missed: list[tuple[int, int]]
    wrong: list[tuple[int, int]]
    compared: int


def quality(made: Made, candidate: int = matching.CANDIDATE) -> Quality:
    """What the keys bring together and the score keeps, beside what is so."""
    outlets = [matching.outlet(facts) for facts in made.outlets]
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for position, one in enumerate(outlets):
        for key in set(matching.keys(one).values()):
            groups[key].append(position)
    shared = frozenset(
        phone for phone, n in Counter(phone for one in outlets for phone in one.phones).items() if n > matching.SHARED
    )
    compared = {pair for group in groups.values() if len(group) <= MOST for pair in combinations(group, 2)}
    found = {(a, b) for a, b in compared if matching.score(outlets[a], outlets[b], shared).value >= candidate}
    right = found & made.pairs
    return Quality(
        len(right) / len(found), len(right) / len(made.pairs), sorted(made.pairs - found), sorted(found - made.pairs),
        len(compared),
    )  # fmt: skip


def measure(score: Callable[..., None]) -> None:
    """Quality on sets that nobody tuned on; the worst of them is reported."""
    worst = [quality(make(seed)) for seed in MEASURED_ON]
    score("duplicates: precision on a made set", min(one.precision for one in worst), "≥ 0.9")
    score("duplicates: recall on a made set", min(one.recall for one in worst), "≥ 0.95")


def measure_search(report: Callable[..., None], timed: Callable[..., float]) -> None:
    """All clients of the register compared with one another, beside one trigram look-up of spec/stack.md §4 each."""
    from django.db import connection

    from clients.duplicates import services

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM duplicates_unchecked")
        clients = cursor.fetchone()[0]
        cursor.execute("SELECT name_sort FROM clients_client TABLESAMPLE SYSTEM (0.01) LIMIT 20")
        names = [name for (name,) in cursor.fetchall()]

        def look_up() -> None:
            for name in names:
                cursor.execute("SELECT id FROM clients_client WHERE search %% %s LIMIT 40", [name])
                cursor.fetchall()

        peer = timed(look_up) / len(names) * clients

    def check() -> None:
        while services.check_some():
            pass

    report(
        f"duplicates: {clients:,} clients compared", timed(check), "a trigram look-up each (from 20)", peer, "feasible"
    )
