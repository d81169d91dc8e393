"""The client pages over HTTP: list, filter, search, last page, card and the saving of a field, each beside a trivial view
with session and user under the same gunicorn (two workers of four threads, as `manage.py run` has them); at 100,000
clients and with 1,000,000 more (bench/rights.py). Requests one after another, each in turn with the trivial view.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection, connections
from django.test import Client as Browser

from accounts.models import Role, User, Way
from accounts.services import acting
from clients.models import Client

TIMES = 60
TRIVIAL = "/bench/trivial/"
SEARCHES = {"a frequent word": "магазин", "a rare word": "{code}", "a phone": "8 {phone}", "a typo": "магозин {house}"}
ENOUGH = 15  # SQL statements of a page


def pages() -> dict[str, str]:
    """The addresses to measure, of what the register holds."""
    one = Client.objects.exclude(phone="").order_by("-pk").first()
    assert one is not None
    words = {"code": one.code, "phone": one.phone[-10:].replace(" ", ""), "house": one.address.rsplit(" ", 1)[-1]}
    found = {
        "list": "/clients/",
        "list by last order": "/clients/?status=all&sort=-last_order",
        "list, last page": "/clients/?status=all&last=1",
        "filter": "/clients/?status=lost&reason=-&category=-",
        "card": f"/clients/{quote(one.code)}/",
    }
    for name, text in SEARCHES.items():
        asked = quote(text.format(**words))
        found[f"search for {name}"] = f"/clients/?status=all&search={asked}"
        found[f"search as one types, {name}"] = f"/search/?search={asked}"
    return found


def prepare() -> str:
    """Somebody who sees everything, signed in; the words that bench/rights.py's fill has put past the triggers."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO clients_word (word) SELECT DISTINCT word FROM clients_client,"
            " client_words(name || ' ' || address) word WHERE length(word) BETWEEN 4 AND 64 ON CONFLICT DO NOTHING"
        )
        cursor.execute("VACUUM ANALYZE clients_client, clients_word")
    browser = Browser()
    with acting(actor=None, way=Way.COMMAND):
        person, _new = User.objects.get_or_create(username="bench", role=Role.ANALYST, is_superuser=True)
        browser.force_login(person)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def statements(session: str) -> dict[str, int]:
    """How many SQL statements each page takes."""
    browser, counted = Browser(), {}
    browser.cookies[settings.SESSION_COOKIE_NAME] = session
    for name, address in pages().items():
        browser.get(address)
        seen: list[str] = []
        with connection.execute_wrapper(lambda run, sql, *rest, seen=seen: (seen.append(sql), run(sql, *rest))[1]):
            assert browser.get(address).status_code == 200, address
        counted[name] = len(seen)
    return counted


def measure(report: Callable[..., None], smaller: dict[str, float] | None = None) -> dict[str, float]:
    """Report p50 and p95 of each page beside the trivial view's, and its p50 beside that in a `smaller` register, if
    given. Returns the medians, seconds."""
    session = prepare()
    settings.ALLOWED_HOSTS.append("testserver")
    size = f"{Client.objects.count():,} clients"
    name, most = max(statements(session).items(), key=lambda each: each[1])
    print(f"SQL statements, {size}: {most} at most ({name})", flush=True)
    assert most <= ENOUGH, (name, most)
    medians = {}
    with served() as port:
        ask = asker(port, {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"})
        for name, address in pages().items():
            ours, peer = [], []
            for turn in range(TIMES + 5):
                taken = ask(address), ask(TRIVIAL)
                if turn >= 5:
                    ours.append(taken[0])
                    peer.append(taken[1])
            medians[name] = _at(ours, 0.5)
            report(f"{name}, {size}, p50", medians[name], "trivial view", _at(peer, 0.5), "≤ 20×")
            report(f"{name}, {size}, p95", _at(ours, 0.95), "trivial view", _at(peer, 0.95), "≤ 50×")
            if smaller:
                report(f"{name}, {size}, p50", medians[name], "with a tenth of them", smaller[name], "≤ 1.2×")
        _measure_save(report, ask, size)
    return medians


@contextmanager
def served() -> Iterator[int]:
    """The product under gunicorn, at a port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket",
         "--workers", "2", "--worker-class", "gthread", "--threads", "4"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "bench.settings"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _measure_save(report: Callable[..., None], ask: Callable[..., float], size: str) -> None:
    """A field saved in its cell of the list, with its history."""
    one = Client.objects.exclude(phone="").latest("pk")
    ours, peer = [], []
    for turn in range(TIMES + 5):
        before = one.phone
        one.phone = f"8 900 {turn:07}"
        sent = urlencode({"version": one.version, "in": "list", "initial-phone": before, "phone": one.phone})
        taken = ask(f"/clients/{quote(one.code)}/cell/phone/", sent), ask(TRIVIAL)
        one.refresh_from_db()
        assert one.phone == f"8 900 {turn:07}"
        if turn >= 5:
            ours.append(taken[0])
            peer.append(taken[1])
    report(f"a field saved with its history, {size}, p50", _at(ours, 0.5), "trivial view", _at(peer, 0.5), "≤ 20×")
    report(f"a field saved with its history, {size}, p95", _at(ours, 0.95), "trivial view", _at(peer, 0.95), "≤ 50×")


def asker(port: int, headers: dict[str, str]) -> Callable[..., float]:
    """Asks for an address, or sends a form to it, and returns the seconds; waits for the server at first."""
    token = "b" * 32
    headers = {**headers, "Cookie": f"{headers['Cookie']}; {settings.CSRF_COOKIE_NAME}={token}"}
    sending = {**headers, "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded"}

    def ask(address: str, sent: str | None = None) -> float:
        start = time.perf_counter()
        one = HTTPConnection("127.0.0.1", port, timeout=60)
        if sent is None:
            one.request("GET", address, headers=headers)
        else:
            one.request("POST", address, body=sent, headers=sending)
        answer = one.getresponse()
        answer.read()
        one.close()
        assert answer.status == 200, (address, answer.status)
        return time.perf_counter() - start

    for _try in range(100):
        try:
            ask(TRIVIAL)
            return ask
        except ConnectionError:
            time.sleep(0.2)
    raise AssertionError("gunicorn does not answer")


def _at(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]
