"""The only code that writes imports: uploading, settling what the file means, the dry run, the load."""

import csv
import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from accounts.jobs import files
from accounts.jobs.models import Job
from accounts.jobs.services import JobError, Progress, job_create
from accounts.models import User, Way
from accounts.services import acting
from config.exchange import guessing, loading, reading
from config.exchange.files import File
from config.exchange.preview import Example, preview
from config.exchange.reading import Unreadable, fold
from kpi import tasks as kpi_tasks
from kpi.exchange import FILES
from kpi.imports import errors
from kpi.imports.labels import is_reason, label
from kpi.imports.models import Import, Source

BY_NAME = {file.name: file for file in FILES}
SAMPLES = 20  # rows kept to guess by and to show
REASONS = 20  # kinds of reasons told on the page; the file of errors has all
READ = 0.6  # of a step's time goes by in reading, about


def import_create(*, owner: User, upload: "UploadedFile[Any]") -> Import:
    """Keep an uploaded file and guess what it is; known headings mean what they meant before.

    Raises ValidationError where the file cannot be read, and keeps nothing.
    """
    made = Import(owner=owner, file_name=(upload.name or "")[-255:])
    files.make_folder(made.reference)
    try:
        with made.path.open("wb") as out:
            for block in upload.chunks():
                out.write(block)
        made.headings, made.samples = _beginning(made.path)
    except Unreadable as error:
        shutil.rmtree(made.path.parent)
        raise ValidationError(str(error)) from None
    made.source = Source.objects.filter(headings=_hash(made.headings)).first()
    if made.source:
        made.kind, made.mapping = made.source.kind, made.source.mapping
    else:
        guess = guessing.guess(made.headings, made.samples, FILES, made.file_name)
        made.kind, made.mapping = guess.kind, guess.mapping
    made.save()
    return made


def _beginning(path: Path) -> tuple[list[str], list[list[str]]]:
    every = [column for file in FILES for column in file.columns]
    with reading.table(path, every) as table:
        rows = list(islice((row for chunk in table.chunks for row in chunk.cells if row), SAMPLES))
    kept = [at for at, title in enumerate(table.header) if not is_reason(title)]
    headings = [table.header[at].strip() for at in kept]
    return headings, [[row[at].replace("\0", "")[:200] if at < len(row) else "" for at in kept] for row in rows]


def _hash(headings: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(map(fold, headings))).encode()).hexdigest()


def mapping_for(imported: Import, kind: str) -> dict[str, str]:
    """What the headings stand for if the file is of this kind."""
    if kind == imported.kind:
        return dict(imported.mapping)
    return guessing.columns_of(imported.headings, imported.samples, BY_NAME[kind])


@transaction.atomic
def import_settle(*, imported: Import, user: User, kind: str, mapping: Mapping[str, str], source: str) -> Import:
    """Take the file for `kind` and its headings for the columns of `mapping`, remember it for the next file of this
    source, and begin the dry run. Raises ValidationError where a required column is missing or one is there twice."""
    stored = Import.objects.select_for_update().get(pk=imported.pk)
    if (stored.job and not stored.job.ended) or stored.loaded:
        raise ValidationError(_("The file is being loaded or has been: upload it again."))
    chosen = Counter(name for name in mapping.values() if name)
    known = {column.name: column for column in BY_NAME[kind].columns}
    twice = [label(known[name]) for name, times in chosen.items() if times > 1]
    missing = [label(column) for column in known.values() if column.required and column.name not in chosen]
    if twice:
        raise ValidationError(_("Chosen twice: %(names)s.") % {"names": ", ".join(twice)})
    if missing:
        raise ValidationError(_("No column is chosen for: %(names)s.") % {"names": ", ".join(missing)})
    stored.source = _remember(_hash(stored.headings), kind, mapping, source or Path(stored.file_name).stem)
    stored.kind, stored.mapping, stored.load_job = kind, dict(mapping), None
    stored.check_job = job_create(
        owner=user, kind="imports.check", parameters={"import": stored.pk},
        title=_("Dry run of %(file)s") % {"file": stored.file_name}, link=reverse("import", args=[stored.pk]),
    )  # fmt: skip
    stored.save()
    return stored


def _remember(headings: str, kind: str, mapping: Mapping[str, str], name: str) -> Source:
    name = name[:100]
    if Source.objects.filter(name=name).exclude(headings=headings).exists():
        raise ValidationError(
            _("Files of the source “%(name)s” have other headings: give this one another name.") % {"name": name}
        )
    source, _made = Source.objects.update_or_create(
        headings=headings, defaults={"name": name, "kind": kind, "mapping": dict(mapping)}
    )
    return source


@transaction.atomic
def import_load(*, imported: Import, user: User) -> Import:
    """Begin the load of a file after its dry run. Raises ValidationError where it can't be."""
    stored = Import.objects.select_for_update().get(pk=imported.pk)
    if not stored.can_load:
        raise ValidationError(_("This file can't be loaded (any more): upload it again."))
    stored.load_job = job_create(
        owner=user, kind="imports.load", parameters={"import": stored.pk},
        title=_("Import of %(file)s") % {"file": stored.file_name}, link=reverse("import", args=[stored.pk]),
    )  # fmt: skip
    stored.save()
    return stored


# --- steps of the jobs: each file is one transaction, and so one step -------------------------------------------


def import_check_step(job: Job) -> bool:
    """The dry run: the whole of it."""
    imported, file, rejected = _begin(job)
    with Progress(job) as say, rejected.open("w", encoding="utf-8", newline="") as out:
        try:
            found = preview(
                file, imported.path, session=_session(imported, job), reference=f"load:{imported.reference}",
                writer=csv.writer(out), progress=lambda part: say(int(100 * READ * part), 100),
            )  # fmt: skip
        except Unreadable as error:
            raise JobError(str(error)) from None
    _finish(job, imported, file, found.report, rejected)
    job.result |= {"new_examples": _shown(file, found.new), "changed_examples": _shown(file, found.changed)}
    return True


def import_load_step(job: Job) -> bool:
    """The load, as the command `load` does it: all good rows or, when it is cut off, none."""
    imported, file, rejected = _begin(job)
    with Progress(job) as say, rejected.open("w", encoding="utf-8", newline="") as out:
        report = loading.load_file(
            file, imported.path, session=_session(imported, job), reference=f"load:{imported.reference}",
            writer=csv.writer(out), progress=lambda part: say(int(100 * READ * part), 100),
        )  # fmt: skip
    if report.error:
        raise JobError(report.error)
    _finish(job, imported, file, report, rejected)
    transaction.on_commit(_refresh)
    return True


def _begin(job: Job) -> tuple[Import, File, Path]:
    imported = Import.objects.get(pk=job.parameters["import"])
    if not imported.path.exists():
        raise JobError(_("The file is no longer kept: upload it again."))
    file = guessing.settled(BY_NAME[imported.kind], imported.mapping)
    return imported, file, imported.path.with_name("rejected.csv")


def _session(imported: Import, job: Job) -> loading.Session:
    def session(reference: str) -> AbstractContextManager[None]:
        return acting(actor=job.owner, way=Way.LOAD, reference=reference)

    return session


def _finish(job: Job, imported: Import, file: File, report: loading.Report, rejected: Path) -> None:
    """The report, and the file of errors."""
    imported.errors.unlink(missing_ok=True)
    if report.rejected:
        errors.write(imported.path, rejected, imported.errors, file.columns)
    job.done = job.total = report.taken + report.rejected
    job.result = {
        "new": report.new, "changed": report.changed - report.new, "unchanged": report.taken - report.changed,
        "rejected": report.rejected, "ignored": list(report.ignored), "reasons": _reasons(rejected, file),
    }  # fmt: skip


def _reasons(rejected: Path, file: File) -> list[dict[str, Any]]:
    """The most frequent reasons, with a value each and the line where it was first met."""
    labels = {column.name: label(column) for column in file.columns}
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], tuple[str, str]] = {}
    with rejected.open(encoding="utf-8", newline="") as lines:
        for _path, line, name, value, why in csv.reader(lines):
            counts[name, why] += 1
            first.setdefault((name, why), (line, value[:100]))
    return [
        {"column": labels.get(name, ""), "reason": why, "rows": rows, "line": first[name, why][0],
         "value": first[name, why][1]}
        for (name, why), rows in counts.most_common(REASONS)
    ]  # fmt: skip


def _shown(file: File, examples: Sequence[Example]) -> list[dict[str, Any]]:
    labels = {column.name: label(column) for column in file.columns}
    return [
        {"line": one.line, "key": one.key,
         "values": [[labels[name], old[:200], new[:200]] for name, (old, new) in one.values.items()]}
        for one in examples
    ]  # fmt: skip


def _refresh() -> None:
    try:
        kpi_tasks.refresh.delay()
    except BrokerError:
        pass  # beat asks for the same every half minute
