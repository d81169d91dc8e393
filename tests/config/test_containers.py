"""Production without Docker: the commands, environments and scripts of docker-compose.yml and Dockerfile, run here.

Only what a container network would give is exchanged: addresses of servers, the port, /tmp and /files.
"""

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import yaml

from config import embedded

ROOT = Path(__file__).resolve().parent.parent.parent
DOMAIN = "crm.example.ru"
SECRETS = {
    "SECRET_KEY": "5f1b0c7be1cf4d3f9a8e8b1f6d2c7a90e4b35d8862f1477fa0c9",
    "POSTGRES_PASSWORD": "superuser1",
    "DB_OWNER_PASSWORD": "owner2",
    "DB_APP_PASSWORD": "app3",
}
PATIENCE = 60


def compose(**variables: str) -> dict[str, Any]:
    """docker-compose.yml with `variables` put in, by Compose's rules for ${A}, ${A:-default} and ${A:?why}."""
    text = (ROOT / "docker-compose.yml").read_text()

    def filled(text: str) -> str:
        # Innermost first: a default may itself hold a variable.
        while match := re.search(r"(?<!\$)\$\{(\w+)(?::([-?])([^${}]*))?\}", text):
            name, operator, rest = match.groups()
            value = variables.get(name, "")
            if not value and operator == "?":
                raise KeyError(f"{name}: {rest}")
            text = text[: match.start()] + (value or (rest if operator == "-" else "") or "") + text[match.end() :]
        return text.replace("$$", "$")

    return yaml.safe_load(filled(text))


SERVICES: dict[str, Any] = compose(DOMAIN=DOMAIN, **SECRETS)["services"]


def dockerfile(instruction: str) -> list[str]:
    """The command of the last CMD or HEALTHCHECK, both given as JSON lists."""
    *_earlier, last = re.findall(rf"^{instruction}.*?(\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return list(json.loads(last))


class Stack(NamedTuple):
    """The servers of the composition, and what a container of it sees."""

    ends: embedded.Endpoints
    tmp: Path
    port: int

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service and nothing else, with the servers' sockets for their names."""
        values = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
        for name in values.keys() & {"DATABASE_URL", "DATABASE_OWNER_URL"}:
            values[name], found = re.subn(r"@postgres:5432/(\w+)$", rf"@/\1?host={self.ends.runtime}", values[name])
            assert found == 1
        assert values["REDIS_URL"] == "redis://valkey:6379/0"
        values["REDIS_URL"] = self.ends.redis_url
        values["CRM_FILES_DIR"] = str(self.tmp / "files")
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return values | {"PATH": path, "HOSTNAME": socket.gethostname(), "PORT": str(self.port), "LANG": "C.UTF-8"}

    def command(self, parts: Sequence[str]) -> list[str]:
        """A command of the files with this stack's port and folder."""
        own = [part.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}").replace("/tmp", str(self.tmp)) for part in parts]
        if own[0] == "CMD-SHELL":
            return ["/bin/sh", "-c", own[1]]
        return own

    def run(self, service: str, *parts: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            parts, cwd=ROOT, env=self.environment(service) | environment,
            capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip

    def healthy(self, service: str) -> bool:
        own = SERVICES[service].get("healthcheck")
        return self.run(service, *self.command(own["test"] if own else dockerfile("HEALTHCHECK"))).returncode == 0

    def ask(self, path: str, **headers: str) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Host": DOMAIN} | {k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse()

    def query(self, statement: str, user: str = "postgres", database: str = "basis") -> list[tuple[Any, ...]]:
        with psycopg.connect(f"host={self.ends.runtime} user={user} dbname={database}", autocommit=True) as db:
            cursor = db.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Servers as the postgres image leaves them: initdb done, docker/postgres-init.sh run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stack = Stack(embedded.attach(tmp_path_factory.mktemp("servers")), tmp_path_factory.mktemp("tmp"), port)
    for statement in ("DROP DATABASE basis", "DROP ROLE basis_app", "DROP ROLE basis_owner"):
        stack.query(statement, database="postgres")
    image = {"PATH": f"{embedded.PG_HOME}/bin:/usr/bin:/bin", "LD_LIBRARY_PATH": f"{embedded.PG_HOME}/lib"}
    image |= {"POSTGRES_USER": "postgres", "PGHOST": str(stack.ends.runtime)}
    mounted = next(volume for volume in SERVICES["postgres"]["volumes"] if "/docker-entrypoint-initdb.d/" in volume)
    subprocess.run([ROOT / mounted.split(":")[0]], env=image | SERVICES["postgres"]["environment"], check=True)
    return stack


@pytest.fixture(scope="module")
def stack(servers: Stack) -> Stack:
    """The servers after the service `migrate` has ended well, which the other services wait for."""
    done = servers.run("migrate", *SERVICES["migrate"]["command"])
    assert done.returncode == 0, done.stderr
    return servers


@pytest.fixture
def started(stack: Stack, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a service (the test's parameter), healthy; stopped as Docker does it."""
    command = stack.command(SERVICES[request.param].get("command") or dockerfile("CMD"))
    process = subprocess.Popen(command, cwd=ROOT, env=stack.environment(request.param))
    try:
        wait(lambda: process.poll() is not None or stack.healthy(request.param), "healthy")
        assert process.poll() is None, f"{request.param} ended with {process.returncode}"
        yield process
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()


def wait(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not {what} within {PATIENCE} s"
        time.sleep(0.2)


# --- the files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["DOMAIN", *SECRETS])
def test_composition_refuses_to_start_without(name: str) -> None:
    variables = {"DOMAIN": DOMAIN} | SECRETS | {name: ""}
    with pytest.raises(KeyError, match=name):
        compose(**variables)


def test_every_variable_of_the_composition_is_in_the_example() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    listed = set(re.findall(r"^#? ?(\w+)=", (ROOT / "docker/example.env").read_text(), re.MULTILINE))
    assert used - {"ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"} == listed


def test_example_holds_no_secret() -> None:
    filled = re.findall(r"^\w+=.+$", (ROOT / "docker/example.env").read_text(), re.MULTILINE)
    assert filled == []


def test_every_service_is_watched_and_starts_again() -> None:
    for name, service in SERVICES.items():
        if name == "migrate":
            assert service["restart"] == "no"
        else:
            assert service["restart"] == "unless-stopped", name
            assert name == "web" or service["healthcheck"]["test"], name  # web's is the image's own


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_service_starts_after_the_migrations(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_only_migrate_knows_the_owner_of_the_schema() -> None:
    knowing = [name for name, service in SERVICES.items() if "DATABASE_OWNER_URL" in service.get("environment", {})]
    assert knowing == ["migrate"]


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_database_is_made_like_the_embedded_one() -> None:
    source = (ROOT / "config/embedded.py").read_text()
    arguments = shlex.split(SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"])
    assert "--lc-ctype=C.UTF-8" in arguments
    assert [argument for argument in arguments if f'"{argument}"' not in source] == []


# --- the database ------------------------------------------------------------------------------------------------


def test_roles_have_passwords_and_the_application_owns_nothing(stack: Stack) -> None:
    passwords = dict(stack.query("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'basis%'"))
    assert {name: str(text).split("$")[0] for name, text in passwords.items()} == {
        "basis_owner": "SCRAM-SHA-256", "basis_app": "SCRAM-SHA-256",
    }  # fmt: skip
    owners = stack.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == [("basis_owner",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stack.query("DELETE FROM history_event", user="basis_app")


def test_deployment_checks_are_clean(stack: Stack) -> None:
    done = stack.run(
        "web", "python", "manage.py", "check", "--deploy", "--database", "default", "--fail-level", "WARNING"
    )
    assert done.returncode == 0, done.stderr


def test_database_whose_letters_are_ascii_is_refused(stack: Stack) -> None:
    stack.query(
        "CREATE DATABASE ascii OWNER basis_owner TEMPLATE template0 LOCALE_PROVIDER builtin"
        " BUILTIN_LOCALE 'PG_UNICODE_FAST' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    url = f"postgresql://basis_owner@/ascii?host={stack.ends.runtime}"
    done = stack.run("migrate", *SERVICES["migrate"]["command"], DATABASE_OWNER_URL=url)
    assert done.returncode != 0
    assert "does not know Cyrillic" in done.stderr
    assert stack.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database="ascii") == []


@pytest.mark.parametrize("parts", [SERVICES["migrate"]["command"], SERVICES["worker"]["command"], dockerfile("CMD")])
def test_without_a_secret_key_nothing_starts(stack: Stack, parts: list[str]) -> None:
    done = stack.run("web", *parts, SECRET_KEY="")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


# --- the processes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("started", ["web"], indirect=True)
def test_web_answers(stack: Stack, started: subprocess.Popen[bytes]) -> None:
    health = stack.ask("/health/")
    assert (health.status, json.load(health)) == (200, {"status": "ok", "database": "ok"})
    plain = stack.ask("/")
    assert (plain.status, plain.headers["Location"]) == (301, f"https://{DOMAIN}/")
    behind_proxy = stack.ask("/", X_Forwarded_Proto="https")
    assert (behind_proxy.status, behind_proxy.headers["Location"]) == (302, "/login/?next=/")
    login = stack.ask("/login/", X_Forwarded_Proto="https")
    assert login.status == 200
    assert "Secure" in login.headers["Set-Cookie"]
    assert "max-age=31536000" in login.headers["Strict-Transport-Security"]
    stylesheet = re.search(r'href="(/static/[^"]+\.css)"', login.read().decode())
    assert stylesheet
    assert stack.ask(stylesheet[1], X_Forwarded_Proto="https").status == 200
    assert stack.ask("/health/", Host="elsewhere.example").status == 400


@pytest.mark.parametrize("started", ["web"], indirect=True)
def test_web_is_unhealthy_without_its_database(stack: Stack, started: subprocess.Popen[bytes]) -> None:
    stack.query("ALTER ROLE basis_app NOLOGIN")
    stack.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'basis_app'")
    try:
        assert not stack.healthy("web")
    finally:
        stack.query("ALTER ROLE basis_app LOGIN")
    assert stack.healthy("web")


@pytest.mark.slow
@pytest.mark.parametrize("started", ["worker"], indirect=True)
def test_worker_does_a_task_sent_by_web(stack: Stack, started: subprocess.Popen[bytes]) -> None:
    stack.query("INSERT INTO kpi_period (d0, d1, stale) VALUES ('2026-01-01', '2026-01-31', true)")
    sent = stack.run("web", "celery", "-A", "config", "call", "kpi.tasks.refresh")
    assert sent.returncode == 0, sent.stderr
    wait(lambda: stack.query("SELECT 1 FROM kpi_period WHERE d0 = '2026-01-01' AND NOT stale"), "reckoned")


@pytest.mark.slow
@pytest.mark.parametrize("started", ["beat"], indirect=True)
def test_beat_is_unhealthy_when_it_hangs(stack: Stack, started: subprocess.Popen[bytes]) -> None:
    started.send_signal(signal.SIGSTOP)
    try:
        assert not stack.healthy("beat")
    finally:
        started.send_signal(signal.SIGCONT)
    assert list(stack.tmp.glob("beat-schedule*"))


def test_administrator_of_a_fresh_instance_gets_a_password(stack: Stack) -> None:
    folder = stack.tmp / "exchange"
    folder.mkdir()
    (folder / "staff.csv").write_text("username,full_name,role\nadmin,Администратор,admin\n")
    loaded = stack.run("web", "python", "manage.py", "load", str(folder), "--rejected", str(folder / "rejected.csv"))
    assert loaded.returncode == 0, loaded.stderr
    environment: Mapping[str, str] = stack.environment("web")
    command = [sys.executable, "manage.py", "set_password", "admin"]
    weak = subprocess.run(command, cwd=ROOT, env=environment, input="12345\n", text=True, capture_output=True)
    assert weak.returncode == 1
    done = subprocess.run(command, cwd=ROOT, env=environment, input="correct-horse-7\n", text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert stack.query("SELECT 1 FROM accounts_user WHERE username = 'admin' AND password LIKE 'pbkdf2%'")
