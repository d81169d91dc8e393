"""A made set of outlets in which it is known which are one: what people do to names, addresses and phones when they
enter a shop a second time; and outlets that only look alike. The same seed gives the same set."""

import random
from typing import NamedTuple

from clients.duplicates.matching import Facts


def _words(text: str) -> list[str]:
    return text.split()


STREETS = _words(
    "Баумана Пушкина Гагарина Первомайская Заводская Юлиуса_Фучика Чехова Лермонтова Восстания Ямашева Чуйкова"
    " Декабристов Космонавтов Садовая Лесная Октябрьская Кирова Тукая Островского Ершова Вишневского Адоратского"
    " Амирхана Мавлютова Зорге Победы Камая Горьковское Сибирский Оренбургский Нурсултана_Назарбаева"
    " 40_лет_Октября 8_Марта Хади_Такташа"
)
KINDS = ("ул. {}", "улица {}", "пр-т {}", "проспект {}", "пер. {}", "ул.{}")
CITIES = ("Казань", "Челны", "Альметьевск", "Нижнекамск", "Зеленодольск")
NAMES = _words(
    "Ромашка Василёк Берёзка Каприз Восход Рассвет Околица Берег Ёлочка Подсолнух Уют Гурман Изобилие Фортуна"
    " Вояж Радуга Эдельвейс Светлана Айгуль Весна Меркурий Орион Алмаз Шатлык Бахетле Лакомка Калинка Теремок"
    " Колосок Снежинка Мираж Фаворит Престиж Визит Вираж Дельта Альянс Гермес Кристалл Оазис Юбилейный Центральный"
    " Привоз Хуторок Медведь Сказка Огонёк"
)
TYPES = ("магазин", "Продукты", "мини-маркет", "павильон", "супермаркет", "гастроном", "")
SHORT = {"магазин": "маг.", "Продукты": "прод.", "мини-маркет": "минимаркет", "павильон": "пав."}
SURNAMES = _words(
    "Иванов Петров Сидоров Каримов Закиров Гарипов Тарасов Хасанов Минниханов Сафин Кузнецов Попов Волков Зайцев"
)
FIRST = _words(
    "Алексей Борис Виктор Григорий Дмитрий Евгений Игорь Кирилл Леонид Марат Николай Олег Павел Рустам Сергей"
)
FATHERS = _words("Андреевич Борисович Викторович Ильич Маратович Николаевич Олегович Петрович Романович Сергеевич")
CHAINS = ("Магнум", "Пятачок", "Верный путь", "Эссен", "Арыш")


class Made(NamedTuple):
    outlets: list[Facts]
    pairs: set[tuple[int, int]]  # positions of outlets that are one, the smaller first


def make(seed: int, shops: int = 3000, copies: int = 900) -> Made:
    """`shops` different outlets, a third of them hard to tell apart, and `copies` second cards of some."""
    dice = random.Random(seed)
    outlets: list[Facts] = []
    while len(outlets) < shops * 2 // 3:
        outlets.append(_shop(dice))
    while len(outlets) < shops:
        outlets += _alike(dice, dice.choice(outlets[: shops * 2 // 3]))
    pairs: set[tuple[int, int]] = set()
    for position in dice.sample(range(len(outlets)), copies):
        pairs.add((position, len(outlets)))
        outlets.append(_again(dice, outlets[position]))
    return Made(outlets, pairs)


def _shop(dice: random.Random) -> Facts:
    owner = dice.random()
    if owner < 0.25:
        name = f"ИП {dice.choice(SURNAMES)} {dice.choice(FIRST)} {dice.choice(FATHERS)}"
    elif owner < 0.4:
        name = f"{dice.choice(TYPES[:-1])} № {dice.randint(1, 150)}".capitalize()
    elif owner < 0.5:
        name = dice.choice(("Продукты", "Продукты 24 часа", "Магазин продукты", "Мясо, молоко, хлеб"))
    else:
        name = f"{dice.choice(('', '', 'ООО ', 'ИП '))}{dice.choice(TYPES)} «{dice.choice(NAMES)}»".strip()
    street, city = dice.choice(STREETS).replace("_", " "), dice.choice(CITIES)
    number = f"{dice.randint(1, 160)}{dice.choice(('', '', '', 'А', 'Б', '/2', ' корп. 1'))}"
    return Facts(
        name, f"г. {city}, {dice.choice(KINDS).format(street)}, д. {number}", _phone(dice) if dice.random() < 0.8 else "",
        "", _inn(dice) if dice.random() < 0.7 else "", *_place(dice),
    )  # fmt: skip


def _phone(dice: random.Random) -> str:
    number = f"9{dice.randint(0, 999_999_999):09d}"
    return f"+7 ({number[:3]}) {number[3:6]}-{number[6:8]}-{number[8:]}"


def _inn(dice: random.Random) -> str:
    return f"16{dice.randint(0, 99_999_999):08d}"


def _place(dice: random.Random) -> tuple[float | None, float | None]:
    return (55.7 + dice.random() / 5, 49.0 + dice.random() / 3) if dice.random() < 0.7 else (None, None)


def _moved(dice: random.Random, facts: Facts, far: float) -> tuple[float | None, float | None]:
    if facts.lat is None or facts.lon is None or dice.random() < 0.3:
        return None, None
    return facts.lat + dice.uniform(-far, far), facts.lon + dice.uniform(-far, far)


def _alike(dice: random.Random, one: Facts) -> list[Facts]:
    """Others that only look like it: neighbours, shops of a chain, namesakes, one owner's second shop."""
    kind = dice.random()
    if kind < 0.3:  # the next house of the street, with another name
        other = _shop(dice)
        street = one.address.rsplit(", д.", 1)[0]
        return [other._replace(address=f"{street}, д. {dice.randint(1, 160)}")]
    if kind < 0.45:  # another shop in the same house
        lat, lon = _moved(dice, one, 0.0002)
        return [_shop(dice)._replace(address=one.address, lat=lat, lon=lon)]
    if kind < 0.6:  # a chain: one name, one INN, one telephone of the head office
        chain, inn, phone = dice.choice(CHAINS), _inn(dice), _phone(dice)
        stores = [_shop(dice)._replace(name=f"«{chain}»", inn=inn) for _turn in range(6)]
        return [store._replace(phone=phone) if dice.random() < 0.7 else store for store in stores]
    if kind < 0.75:  # a namesake elsewhere
        return [_shop(dice)._replace(name=one.name)]
    if kind < 0.88:  # another number, another shop of the owner
        name = f"{dice.choice(('Киоск', 'Павильон', 'Магазин'))} № {dice.randint(1, 60)}"
        return [_shop(dice)._replace(name=name, inn=one.inn)]
    surname = dice.choice(SURNAMES)  # two of one family in the same market
    people = [f"ИП {surname} {first} {dice.choice(FATHERS)}" for first in dice.sample(FIRST, 2)]
    made = _shop(dice)
    return [made._replace(name=people[0]), _shop(dice)._replace(name=people[1], address=made.address)]


def _again(dice: random.Random, one: Facts) -> Facts:
    """The same outlet as somebody else writes it: two or three of the things that happen."""
    happens = [_typo, _swapped, _legal, _shorter, _phone_written, _address_written, _initials, _lacking]
    for change in dice.sample(happens, dice.choice((2, 2, 3))):
        one = change(dice, one)
    if dice.random() < 0.12:
        one = _moved_house(dice, one)
    lat, lon = _moved(dice, one, 0.0003)
    return one._replace(lat=lat, lon=lon)


def _typo(dice: random.Random, one: Facts) -> Facts:
    def slip(text: str) -> str:
        at = [i for i, letter in enumerate(text) if letter.isalpha()]
        if len(at) < 5:
            return text
        i = dice.choice(at[2:])
        return dice.choice((
            text[:i] + text[i + 1 :], text[:i] + dice.choice("аеионтрс") + text[i + 1 :],
            text[:i] + text[i] + text[i:], text[: i - 1] + text[i : i + 1] + text[i - 1 : i] + text[i + 1 :],
        ))  # fmt: skip

    return one._replace(address=slip(one.address)) if dice.random() < 0.4 else one._replace(name=slip(one.name))


def _swapped(dice: random.Random, one: Facts) -> Facts:
    words = one.name.replace("«", "").replace("»", "").split()
    dice.shuffle(words)
    return one._replace(name=" ".join(words))


def _legal(dice: random.Random, one: Facts) -> Facts:
    bare = one.name.removeprefix("ООО ").removeprefix("ИП ")
    return one._replace(name=dice.choice(("ООО {}", "{} ООО", "ИП {}", "{}", 'ОАО "{}"')).format(bare))


def _shorter(dice: random.Random, one: Facts) -> Facts:
    name = one.name.replace("ё", "е").upper() if dice.random() < 0.4 else one.name
    for word, short in SHORT.items():
        name = name.replace(word, short)
    return one._replace(name=name)


def _phone_written(dice: random.Random, one: Facts) -> Facts:
    digits = "".join(letter for letter in one.phone if letter.isdigit())
    written = ("8{}", "8 {}", "7{}", "{}", "+7-{}", "8 ({:.3}) {}")
    if not digits:
        return one
    form, rest = dice.choice(written), digits[1:]
    return one._replace(phone=form.format(rest[:3], rest[3:]) if "{:.3}" in form else form.format(rest))


def _address_written(dice: random.Random, one: Facts) -> Facts:
    city, street, house = [*one.address.split(", "), "", ""][:3]
    for word in ("ул. ", "улица ", "пр-т ", "проспект ", "пер. ", "ул."):
        if street.startswith(word):
            street = dice.choice(("ул. {}", "улица {}", "{}", "ул {}")).format(street.removeprefix(word))
            break
    house = dice.choice((house, house.removeprefix("д. "), house.replace("д. ", "дом "))).replace(
        " корп. ", dice.choice(("/", "к", " корп. "))
    )
    city = dice.choice(
        (city, city.removeprefix("г. "), f"Республика Татарстан, {city}", f"42{dice.randint(0, 9999):04d}, {city}")
    )
    return one._replace(
        address=dice.choice(("{0}, {1}, {2}", "{0} {1} {2}", "{1}, {2}, {0}", "{1} {2}")).format(city, street, house)
    )


def _initials(dice: random.Random, one: Facts) -> Facts:
    words = one.name.split()
    if len(words) == 4 and words[0] == "ИП":
        return one._replace(name=f"{words[0]} {words[1]} {words[2][0]}.{words[3][0]}.")
    return one


def _lacking(dice: random.Random, one: Facts) -> Facts:
    return one._replace(phone="") if dice.random() < 0.5 else one._replace(inn="")


def _moved_house(dice: random.Random, one: Facts) -> Facts:
    """Moved to another address, with the phone or the INN it had."""
    return one._replace(address=_shop(dice).address) if one.phone else one
