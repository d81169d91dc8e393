"""Are two outlets one? Names, addresses and phones in a normal form, keys under which to look for others, and a score.

Nothing here knows of the database: texts in, keys and scores out. The weights were tuned on one made set and are
measured on another (bench/duplicates.py).
"""

import math
import re
import zlib
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rapidfuzz import fuzz, process


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that say what something is, and not which one it is.
LEGAL = _words(
    "ооо оао зао пао ао нко тоо ип чп пбоюл кфх гуп муп фгуп общество ограниченной ответственностью акционерное"
    " закрытое открытое индивидуальный предприниматель ltd llc"
)
LONG = {  # abbreviations by what they stand for
    "маг": "магазин", "прод": "продукты", "прод-ты": "продукты", "с-маркет": "супермаркет",
    "мини-маркет": "минимаркет", "м-маркет": "минимаркет", "м-н": "магазин", "пав": "павильон", "павил": "павильон",
    "универс": "универсам", "гастр": "гастроном", "ст-ца": "станица", "рест": "ресторан", "каф": "кафе", "ап": "аптека",
}  # fmt: skip
GENERIC = _words(
    "магазин продукты продукт продуктовый павильон киоск ларек супермаркет минимаркет маркет гастроном"
    " универсам универмаг аптека кафе ресторан бар столовая тц трц торговый центр дом точка склад лавка рынок"
    " мясо молоко хлеб у no n"
)
_LONG_GENERIC = [word for word in GENERIC if len(word) > 4]
PLACE = _words(  # what parts of an address are called
    "г гор город с село д дер деревня п пос поселок пгт ст станица х хутор респ республика обл область край ао"
    " р-н район мкр мкрн микрорайон кв-л квартал ул улица пр-т пр-кт просп проспект пр проезд пер переулок наб"
    " набережная ш шоссе пл площадь б-р бул бульвар тракт туп тупик аллея линия дом россия рф"
)
_DASHED = re.compile(r"\b(?:пр-к?т|б-р|р-н|кв-л|м-н|прод-ты|ст-ца|(?:мини|с|м)-маркет)\b")
_WORD = re.compile(r"[a-zа-я]+|\d+")
_DAY_AND_NIGHT = re.compile(r"\b24\s*(?:ч|час|часа)?\b(?!\s*\d)|\bкруглосуточно\w*")
_INDEX = re.compile(r"\b\d{6}\b")
_ROOM = re.compile(r"\b(?:оф|офис|пом|помещение|кв|квартира|комн?|комната|этаж|эт|лит|литера?)\b\.?\s*[\w/-]+")
_NUMBER = r"(\d+)(?:\s*/\s*(\d+))?(?:\s*-?\s*([а-дж-я])(?![а-я\d]))?"
_PART = r"(?:[\s,]*(?:корпус|корп|кор|к)\.?\s*(\d+))?(?:[\s,]*(?:строение|стр|с)\.?\s*(\d+))?"
_NAMED_HOUSE = re.compile(r"\b(?:дом|д|влад|вл)\b\.?\s*№?\s*" + _NUMBER + _PART)
_LAST_HOUSE = re.compile(r"(?:(?<=[\s,.])|^)" + _NUMBER + _PART + r"(?=\s*(?:,|$))")
_PHONE = re.compile(r"\+?\d(?:[\s().\-–]*\d){9,10}")


def plain(text: str) -> str:
    """Lower case, ё as е, quotes and the like as spaces."""
    return re.sub(r"[«»\"'“”„`()\[\]*_+!?;:№#]", " ", text.lower().replace("ё", "е"))


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name in a fixed order, without legal forms; what shops are called written out and put right."""
    text = _DASHED.sub(
        lambda match: LONG.get(match[0], match[0].replace("-", "")), _DAY_AND_NIGHT.sub(" ", plain(name))
    )
    words = (LONG.get(word, word) for word in _WORD.findall(text))
    return tuple(sorted(_put_right(word) for word in words if word not in LEGAL))


def _put_right(word: str) -> str:
    """ "гасторном" is a slip of the pen and no name."""
    if len(word) < 5 or word in GENERIC:
        return word
    meant = process.extractOne(word, _LONG_GENERIC, scorer=fuzz.ratio, score_cutoff=82)
    return meant[0] if meant else word


class Address(NamedTuple):
    """Words without what they are called (street, city …), the last of them beside the house; its number: 34к1, 28б."""

    words: tuple[str, ...]
    house: str

    @property
    def street(self) -> tuple[str, ...]:
        return self.words[-2:]


def address(text: str) -> Address:
    """An address in its normal form; both parts empty where there is none."""
    text = _ROOM.sub(" ", _INDEX.sub(" ", plain(text)))
    found = _NAMED_HOUSE.search(text)
    if not found:
        for found in _LAST_HOUSE.finditer(text):  # noqa: B007 (the last one)
            pass
    house, rest = "", text
    if found:
        number, fraction, letter, block, building = found.groups()
        block = block or fraction  # 34/1 and 34 корп. 1 are written for one another
        house = number + (letter or "") + (f"к{block}" if block else "") + (f"с{building}" if building else "")
        rest = text[: found.start()] if text[: found.start()].strip(" ,.") else text[found.end() :]
    rest = re.sub(r"\b(?:пр-к?т|б-р|р-н|кв-л)\b", " ", rest).replace("-", " ")
    return Address(tuple(word for word in _WORD.findall(rest) if word not in PLACE), house)


def phones(text: str) -> frozenset[str]:
    """The numbers in a text by their last ten digits, however they are written."""
    found = (re.sub(r"\D", "", number) for number in _PHONE.findall(text))
    return frozenset(number[-10:] for number in found if len(number) == 10 or number[:1] in "78")


class Facts(NamedTuple):
    """What is known of an outlet, as it is written."""

    name: str
    address: str = ""
    phone: str = ""
    email: str = ""
    inn: str = ""
    lat: float | None = None
    lon: float | None = None


class Outlet(NamedTuple):
    """The same in its normal form."""

    words: tuple[str, ...]
    address: Address
    phones: frozenset[str]
    email: str
    inn: str
    place: tuple[float, float] | None

    @property
    def own(self) -> tuple[str, ...]:
        """The words of the name that tell it from others: "Ромашка", or the number of "Магазин № 12"."""
        return tuple(word for word in self.words if word not in GENERIC)


def outlet(facts: Facts) -> Outlet:
    place = (facts.lat, facts.lon) if facts.lat is not None and facts.lon is not None else None
    return Outlet(
        name_words(facts.name), address(facts.address), phones(facts.phone), facts.email.lower().strip(), facts.inn,
        place,
    )  # fmt: skip


def keys(one: Outlet) -> dict[str, int]:
    """The keys under which others like it are found, hashed to 32 bits: two that share none are not compared.

    Only beginnings and endings of words go in, so that a slip of the pen spoils one key and not all of them.
    """
    found = {f"p{number}" for number in one.phones}
    found |= {f"i{one.inn}"} if one.inn else set()
    found |= {f"e{one.email}"} if one.email else set()
    streets = [part for word in one.address.street for part in (word[:4], word[-4:])]
    found |= {f"a{part}|{one.address.house}" for part in streets if one.address.house}
    own = [word[:4] for word in one.own if len(word) > 2 or word.isdigit()][:3]
    found |= {f"n{word}|{part}" for word in own for part in streets}
    found |= {f"h{word}|{one.address.house}" for word in own if one.address.house}
    if own:
        found.add(f"w{' '.join(one.own)}")
    if one.place:  # squares of about 110 m, and the same shifted by half
        squares = [(math.floor(one.place[0] * 1000 + half), math.floor(one.place[1] * 550 + half)) for half in (0, 0.5)]
        found |= {f"g{square}|{word}" for square in squares for word in (own or one.words[:1])}
    return {text: hashed(text) for text in found}


def hashed(key: str) -> int:
    return zlib.crc32(key.encode()) - 2**31


METRES = 111_195  # in a degree of latitude


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance between two places, good enough for a town."""
    east = (one[1] - other[1]) * math.cos(math.radians((one[0] + other[0]) / 2))
    return METRES * math.hypot(one[0] - other[0], east)


class Reason:
    """Why two outlets look like one; kept by these codes, shown by these texts."""

    NAME, ALIKE, ADDRESS, NEAR, PHONE, INN, EMAIL = "name", "alike", "address", "near", "phone", "inn", "email"
    TEXTS: dict[str, str | Promise] = {
        NAME: _("same name"), ALIKE: _("similar name"), ADDRESS: _("same address"), NEAR: _("within 100 m"),
        PHONE: _("same phone"), INN: _("same INN"), EMAIL: _("same e-mail"),
    }  # fmt: skip


class Score(NamedTuple):
    """0 … 100: how surely two outlets are one, and why."""

    value: int
    reasons: tuple[str, ...]


CANDIDATE = 60  # from this score on two outlets are shown as a possible duplicate
SHARED = 2  # outlets that may have a phone or address of mail in common before it says nothing (a head office's)
NEAR, FAR = 100, 500  # metres


def score(one: Outlet, other: Outlet, shared: frozenset[str] = frozenset()) -> Score:
    """How surely two outlets are one. `shared`: phones and e-mails that too many have in common."""
    points, reasons = 20.0, []
    name = name_likeness(one.words, other.words)
    if not one.own and not other.own:
        points += 12 if name >= 90 else -12  # two called "Продукты": that says little
    elif name >= 65:
        points += 35 * (name - 65) / 35
    else:
        points -= 30 * (65 - name) / 65
    if name >= 65:
        reasons.append(Reason.NAME if name >= 99 else Reason.ALIKE)
    street = _streets(one.address, other.address)
    if street is not None:
        same_house = one.address.house == other.address.house and one.address.house
        points += 40 if street and same_house else -25 if not street else -20 if other.address.house else 0
        if street and same_house:
            reasons.append(Reason.ADDRESS)
    if one.place and other.place:
        distance = metres(one.place, other.place)
        points += 15 if distance <= NEAR else -15 if distance > FAR else 0
        if distance <= NEAR:
            reasons.append(Reason.NEAR)
    if (one.phones & other.phones) - shared:
        points += 40
        reasons.append(Reason.PHONE)
    if one.email and one.email == other.email and one.email not in shared:
        points += 20
        reasons.append(Reason.EMAIL)
    if one.inn and other.inn:
        points += 15 if one.inn == other.inn else -15
        if one.inn == other.inn:
            reasons.append(Reason.INN)
    return Score(round(min(100, max(0, points))), tuple(reasons))


def name_likeness(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """0 … 100. Initials stand for the names they begin; other numbers, initials or first names make other outlets."""
    numbers = [{word for word in words if word.isdigit()} for words in (one, other)]
    if all(numbers) and numbers[0] != numbers[1]:
        return OTHER
    own = [[word for word in words if word not in GENERIC] for words in (one, other)]
    if not all(own) or all(word.isdigit() for words in own for word in words):
        return fuzz.token_sort_ratio(" ".join(one), " ".join(other))
    left, right = _paired(own[0], own[1])
    both = " ".join(own[0]), " ".join(own[1])
    likeness = max(fuzz.ratio(*both), fuzz.ratio(*(text.replace(" ", "") for text in both)))
    if not left and not right:
        return max(likeness, 100.0 if sorted(own[0]) == sorted(own[1]) else 90.0)
    if left and right and len(own[0]) > 1 and len(own[1]) > 1:  # "Каримов Виктор" is not "Каримов Николай"
        return min(likeness, OTHER)
    return likeness


OTHER = 30.0


def _paired(one: list[str], other: list[str]) -> tuple[list[str], list[str]]:
    """The words of each without a partner in the other: one alike, or an initial and the name it begins."""
    left, right = list(one), list(other)
    for alike in (lambda a, b: a == b, _begins, lambda a, b: fuzz.ratio(a, b) >= 75):
        for word in list(left):
            partner = next((each for each in right if alike(word, each)), None)
            if partner is not None:
                left.remove(word)
                right.remove(partner)
    return left, right


def _begins(one: str, other: str) -> bool:
    return min(len(one), len(other)) == 1 and one[0] == other[0]


def _streets(one: Address, other: Address) -> bool | None:
    """Whether two addresses are on one street; None if one of them is not known."""
    if not one.words or not other.words:
        return None
    left, right = _paired(list(one.words), list(other.words))
    # A region or town may be left out of one of them, but not stand in both and differ.
    return not (left and right) and (fuzz.ratio(one.words[-1], other.words[-1]) >= 75 or not (left or right))
