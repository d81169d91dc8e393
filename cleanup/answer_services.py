"""Taking answers: the only code that writes Answer and Photo. Sent twice, an answer is one."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, Way
from accounts.services import acting
from cleanup import questions
from cleanup.models import Answer, Attention, Photo, Sheet, SheetState
from cleanup.selectors import doubles
from clients import fields
from clients.models import Category, Client, Right

LARGEST_PHOTO = 10 * 2**20  # bytes
MOST_PHOTOS = 10  # of a sheet
FAR_METRES = 500  # between where it was answered and the client, beyond the accuracy of both
FAR_TIMES = 3  # how many times larger or smaller a number must have become
NUMBERS = ("potential_monthly",)
PICTURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n\x1a\n": ".png", b"RIFF": ".webp"}
TAKES = (SheetState.WAITING, SheetState.ANSWERED, SheetState.RETURNED)


def sheet_answer(
    *, user: User, pk: int, key: UUID, values: Mapping[str, Any], at: datetime, seen_version: int | None = None,
    seen: Mapping[str, fields.Packed] | None = None, merge_into: int | None = None, category: str = "",
    lat: float | None = None, lon: float | None = None, accuracy: float | None = None, comment: str = "",
    way: Way = Way.CAMPAIGN, ip: str | None = None,
) -> Sheet:  # fmt: skip
    """Take the answers to a sheet: questions.py says how `values` look. Nothing of the register is changed.

    `key` names this submission: sent again by the same person it changes nothing. `seen_version`: the client's version
    on the screen; if it has moved since, `seen` (values by field) is what the corrections start from, so that somebody
    else's change becomes a conflict. `merge_into`: the client this one is a duplicate of, of those the sheet names
    and this person may see. `category`: the category confirmed or proposed, "" for nothing said. `at`: when, by the
    device's clock.

    Raises Sheet.DoesNotExist for one that is not this person's to answer, ValidationError by question key, under
    __all__ where nothing can be taken: closed, decided already, key of another submission.
    """
    with transaction.atomic():
        sheet = _locked(user, pk)
        if (former := Answer.objects.filter(key=key).first()) is not None:
            if (former.sheet_id, former.author_id) != (sheet.pk, user.pk):
                raise ValidationError({"__all__": _("Another answer was sent under this number.")})
            return sheet
        _takes(sheet)
        client = Client.objects.select_for_update().get(pk=sheet.client_id)
        if client.merged_into_id:
            Sheet.objects.filter(pk=sheet.pk).update(state=SheetState.GONE)
            sheet.state = SheetState.GONE
            return sheet
        assert sheet.campaign.version is not None
        asked = questions.of_version(sheet.campaign.version)
        photos = [str(each) for each in sheet.photos.values_list("key", flat=True)]
        clean = questions.check(asked, values, client.channel_id, photos)
        if category and category not in Category.values:
            raise ValidationError({"__all__": _("There is no such category.")})
        names = {each.key: each.field for each in asked if each.field}
        corrected = {names[name]: said["value"] for name, said in clean.items() if name in names and "value" in said}
        changes = _changes(client, corrected, seen if seen_version != client.version else None)
        _possible(client, changes, {field: name for name, field in names.items()})
        answer = Answer(
            sheet=sheet, key=key, version=sheet.campaign.version, author=user, at=min(at, timezone.now()),
            values=clean, changes=changes, merge_into_id=_duplicate(sheet, merge_into, user), category=category,
            lat=lat, lon=lon, accuracy=accuracy, comment=comment.strip()[:1000],
        )  # fmt: skip
        with acting(actor=user, way=way, reference=sheet.campaign.reference, ip=ip):
            answer.save(force_insert=True)
        sheet.answer, sheet.state, sheet.answered_at = answer, SheetState.ANSWERED, answer.received_at
        sheet.attention, sheet.conflicts = attention(sheet, client, answer), {}
        sheet.save(update_fields=["answer", "state", "answered_at", "attention", "conflicts"])
    return sheet


def _locked(user: User, pk: int) -> Sheet:
    found = Sheet.objects.answerable_by(user).filter(campaign__in=_begun()).select_related("campaign__version")
    return found.select_for_update(of=("self",)).get(pk=pk)


def _begun() -> Any:
    from cleanup.models import Campaign

    return Campaign.objects.exclude(state="draft")


def _takes(sheet: Sheet) -> None:
    if not sheet.campaign.open:
        raise ValidationError({"__all__": _("The clean-up is closed: no more answers are taken.")})
    if sheet.state not in TAKES:
        raise ValidationError({"__all__": _("This client's answers have been decided already.")})


def _changes(
    client: Client, corrected: Mapping[str, fields.Packed], seen: Mapping[str, fields.Packed] | None
) -> dict[str, dict[str, fields.Packed]]:
    """Of the corrected fields, those that differ from what the register held on the screen."""
    changes = {}
    for name, new in corrected.items():
        now = fields.pack(getattr(client, fields.attribute(name)))
        base = seen[name] if seen and name in seen else now
        if fields.unpack(name, new) != fields.unpack(name, base):
            changes[name] = {"base": base, "new": new}
    return changes


def _possible(client: Client, changes: Mapping[str, Mapping[str, fields.Packed]], keys: Mapping[str, str]) -> None:
    """Raises ValidationError by question key where the register would not take the new values as they are."""
    for name, change in changes.items():
        setattr(client, fields.attribute(name), fields.unpack(name, change["new"]))
    try:
        client.clean_fields(exclude=[each.name for each in Client._meta.fields if each.name not in changes])
        client.validate_constraints()
    except ValidationError as error:
        by_field = error.message_dict
        raise ValidationError({keys.get(name, "__all__"): said for name, said in by_field.items()}) from None
    finally:
        client.refresh_from_db()


def _duplicate(sheet: Sheet, merge_into: int | None, user: User) -> int | None:
    if merge_into is not None and merge_into not in {each["client"] for each in doubles([sheet], user)[sheet.pk]}:
        raise ValidationError({"__all__": _("That client is not among the suspected duplicates.")})
    return merge_into


def attention(sheet: Sheet, client: Client, answer: Answer) -> list[str]:
    """Why the approver should look at this answer; nothing: it may be approved with all the others."""
    approved = {name for name, right in fields.rights().items() if right == Right.APPROVE}
    why = [
        (Attention.CLOSING, "closed_on" in answer.changes),
        (Attention.MERGE, answer.merge_into_id is not None),
        (Attention.CHANNEL, "channel" in answer.changes),
        (Attention.CATEGORY, answer.category not in ("", sheet.category_before)),
        (Attention.FIELD, bool(answer.changes.keys() & approved - {"closed_on", "channel"})),
        (Attention.PLACE, _far(client, answer)),
        (Attention.NUMBER, any(_far_off(answer.changes[name]) for name in NUMBERS if name in answer.changes)),
    ]
    return [each.value for each, holds in why if holds]


def _far(client: Client, answer: Answer) -> bool:
    """Whether it was answered, or the client was moved to, farther away than FAR_METRES."""
    if client.lat is None or client.lon is None:
        return False
    points: list[tuple[Any, Any]] = [(answer.lat, answer.lon)]
    if {"lat", "lon"} & answer.changes.keys():
        new = {name: answer.changes.get(name, {}).get("new", getattr(client, name)) for name in ("lat", "lon")}
        points.append((new["lat"], new["lon"]))
    with connection.cursor() as cursor:
        for lat, lon in points:
            if lat is None or lon is None:
                continue
            cursor.execute("SELECT 1000 * cleanup_km(%s, %s, %s, %s)", [client.lat, client.lon, lat, lon])
            if cursor.fetchone()[0] > FAR_METRES + (answer.accuracy or 0):
                return True
    return False


def _far_off(change: Mapping[str, Any]) -> bool:
    if change["base"] is None or change["new"] is None:
        return False
    base, new = Decimal(str(change["base"])), Decimal(str(change["new"]))
    return new > base * FAR_TIMES or new * FAR_TIMES < base


def photo_add(
    *, user: User, pk: int, key: UUID, question: str, upload: "UploadedFile[Any]", way: Way = Way.CAMPAIGN,
    ip: str | None = None,
) -> Photo:  # fmt: skip
    """Keep a photo for a question of a sheet; sent again under the same key it is the same photo.

    Raises Sheet.DoesNotExist, ValidationError (what isn't JPEG, PNG or WebP; too large; too many).
    """
    with transaction.atomic():
        sheet = _locked(user, pk)
        if (former := Photo.objects.filter(key=key).first()) is not None:
            if (former.sheet_id, former.author_id) != (sheet.pk, user.pk):
                raise ValidationError({"__all__": _("Another photo was sent under this number.")})
            return former
        _takes(sheet)
        assert sheet.campaign.version is not None
        if not sheet.campaign.version.questions.filter(key=question, kind="photo").exists():
            raise ValidationError({"__all__": _("No photo is asked for here.")})
        if sheet.photos.count() >= MOST_PHOTOS:
            raise ValidationError({"__all__": _("Not more than %(most)d photos a client.") % {"most": MOST_PHOTOS}})
        data = upload.read(LARGEST_PHOTO + 1)
        if len(data) > LARGEST_PHOTO:
            limit = LARGEST_PHOTO // 2**20
            raise ValidationError({"__all__": _("The photo is larger than %(limit)d MB.") % {"limit": limit}})
        suffix = next((suffix for head, suffix in PICTURES.items() if data.startswith(head)), None)
        if suffix is None or (suffix == ".webp" and data[8:12] != b"WEBP"):
            raise ValidationError({"__all__": _("Not a picture: JPEG, PNG or WebP.")})
        photo = Photo(sheet=sheet, key=key, question=question, suffix=suffix, size=len(data), author=user)
        photo.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # First the file, whole under its name, then the row: killed in between, the same key is sent and written again.
        beside = photo.path.with_suffix(".part")
        beside.write_bytes(data)
        beside.rename(photo.path)
        with acting(actor=user, way=way, reference=sheet.campaign.reference, ip=ip):
            photo.save(force_insert=True)
    return photo
