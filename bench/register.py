"""The client pages over HTTP: list, filter, search, last page, card and its panels, each beside a trivial view with
session and user under the same gunicorn (two workers of four threads, as `manage.py run` has them), and beside the same
page of a register of a tenth of the clients, under a gunicorn of its own (bench/base.py).

One request after another, in turn: this page, the tenth's, the trivial view. So that a drift of the machine hits all.
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
from typing import Any
from urllib.parse import quote, urlencode

from bench import base

TIMES = int(os.environ.get("BENCH_TIMES", "60"))
TRIVIAL = "/bench/trivial/"
SEARCHES = {
    "a frequent word": "магазин", "a made name": "«{word}»", "a code": "{code}", "a phone": "8 {phone}",
    "part of a phone": "{part}", "an INN": "{inn}", "a typo": "{typo}", "a typo in a frequent word": "магозин {word}",
    "the other keyboard layout": "vfufpby", "what there is not": "щукарь{typo}",
}  # fmt: skip
PLACES = {
    "list": "/clients/",
    "list by last order": "/clients/?status=all&sort=-last_order",
    "list, last page": "/clients/?status=all&last=1",
    "list, page in the middle": "/clients/?status=all&after=1~%D0%BC%D0%B0%D0%B3",
    "filter": "/clients/?status=lost&reason=-&category=-",
    "filter on a node": "/clients/?territory=G2-1&channel=ch1",
    "all filters": "/clients/?status=lost&reason=-&category=-&channel=ch1&territory=G1-0&flag=no-phone",
    "counts of the tabs, patient": "/client-list/counts/?status=all&flag=birthday",
    "card": "/clients/{code}/",
    "card: history": "/clients/{code}/history/",
    "card: orders": "/clients/{code}/orders/",
    "card: visits": "/clients/{code}/visits/",
    "edit": "/clients/{code}/edit/",
    "my day": "/day/",
}
ENOUGH = 15  # SQL statements of a page


def prepared() -> dict[str, Any]:
    """In a process of the register's own: an administrator's session, the pages' addresses, their statements."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client as Browser

    from accounts.models import Role, User, Way
    from accounts.services import acting
    from clients.models import Client

    one = Client.objects.exclude(phone="").exclude(counterparty=None).latest("pk")
    word, phone = one.name.split("«")[1].split("»")[0], "".join(filter(str.isdecimal, one.phone))[-10:]
    words = {
        "code": one.code, "word": word, "phone": phone, "part": f"{phone[3:6]}-{phone[6:8]}-{phone[8:]}",
        "typo": word[:2] + "ъ" + word[3:], "inn": one.counterparty.inn if one.counterparty else "",
    }  # fmt: skip
    pages = {name: address.format(code=quote(one.code)) for name, address in PLACES.items()}
    for name, text in SEARCHES.items():
        asked = quote(text.format(**words))
        pages[f"search for {name}"] = f"/clients/?status=all&search={asked}"
        pages[f"search as one types, {name}"] = f"/search/?search={asked}"
    browser, counted = Browser(), {}
    with acting(actor=None, way=Way.COMMAND):
        browser.force_login(User.objects.get(username=f"{Role.ADMIN}0"))
    for name, address in pages.items():
        browser.get(address)
        seen: list[str] = []
        with connection.execute_wrapper(lambda run, sql, *rest, seen=seen: (seen.append(sql), run(sql, *rest))[1]):
            assert browser.get(address).status_code == 200, address
        counted[name] = len(seen)
    session = browser.cookies[settings.SESSION_COOKIE_NAME]
    saved = {"code": one.code, "version": one.version, "phone": one.phone}
    return {"cookie": f"{session.key}={session.value}", "pages": pages, "statements": counted, "saved": saved}


def measure(report: Callable[..., None], say: Callable[[str], None], only: str = "") -> None:
    """Report p50 and p95 of each page beside the trivial view's, and p50 beside the tenth's."""
    size = f"{base.CLIENTS:,}"
    program = "import json; from bench import register; print(json.dumps(register.prepared()))"
    whole, tenth = base.apart(base.CLIENTS, program), base.apart(base.TENTH, program)
    name, most = max(whole["statements"].items(), key=lambda each: each[1])
    say(f"SQL statements of a page: {most} at most ({name}); promised: ≤ {ENOUGH}.")
    with served(base.CLIENTS) as port, served(base.TENTH) as other:
        ask, ask_tenth = asker(port, {"Cookie": whole["cookie"]}), asker(other, {"Cookie": tenth["cookie"]})
        for name, address in whole["pages"].items():
            if only not in name:
                continue
            taken: list[tuple[float, float, float]] = []
            for _turn in range(TIMES + 5):
                taken.append((ask(address), ask_tenth(tenth["pages"][name]), ask(TRIVIAL)))
            ours, fewer, peer = zip(*taken[5:], strict=True)
            report(f"{name}, {size}, p50", _at(ours, 0.5), "trivial view", _at(peer, 0.5), "≤ 20×")
            report(f"{name}, {size}, p95", _at(ours, 0.95), "trivial view", _at(peer, 0.95), "≤ 50×")
            report(f"{name}, {size}, p50", _at(ours, 0.5), f"{base.TENTH:,} clients", _at(fewer, 0.5), "≤ 1.2×")
        if not only:
            _measure_save(report, ask, whole["saved"], size)


@contextmanager
def served(clients: int) -> Iterator[int]:
    """A gunicorn on the register of so many clients, at a port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = base.folder(clients)
    from config import embedded

    embedded.attach(home)  # running between the workers' starts
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket",
         "--workers", "2", "--worker-class", "gthread", "--threads", "4"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "bench.settings", "CRM_DATA_DIR": str(home)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _measure_save(report: Callable[..., None], ask: Callable[..., float], saved: dict[str, Any], size: str) -> None:
    """A field saved in its cell of the list, with its history; each save raises the client's version by one."""
    ours, peer = [], []
    before = saved["phone"]
    for turn in range(TIMES + 5):
        after = f"8 900 {turn:07}"
        given = {"version": saved["version"] + turn, "in": "list", "initial-phone": before, "phone": after}
        taken = ask(f"/clients/{quote(saved['code'])}/cell/phone/", urlencode(given)), ask(TRIVIAL)
        before = after
        if turn >= 5:
            ours.append(taken[0])
            peer.append(taken[1])
    report(f"a field saved with its history, {size}, p50", _at(ours, 0.5), "trivial view", _at(peer, 0.5), "≤ 20×")
    report(f"a field saved with its history, {size}, p95", _at(ours, 0.95), "trivial view", _at(peer, 0.95), "≤ 50×")


def asker(port: int, headers: dict[str, str]) -> Callable[..., float]:
    """Asks for an address, or sends a form to it, and returns the seconds; waits for the server at first."""
    token = "b" * 32
    headers = {**headers, "Cookie": f"{headers['Cookie']}; csrftoken={token}"}
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


def _at(times: tuple[float, ...], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]
