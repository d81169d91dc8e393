"""Exchange files of the register: channels, counterparties, contracts, clients, contacts."""

from django.utils.translation import gettext_lazy as _

from clients import services
from config.exchange.columns import (
    BOOLEAN,
    CODE,
    COUNT,
    DATE,
    EMAIL,
    INN,
    KPP,
    LATITUDE,
    LONGITUDE,
    MONEY,
    NAME,
    NUMBER,
    Column,
    Ref,
    text,
)  # fmt: skip
from config.exchange.files import File
from territories.exchange import TERRITORY

CHANNEL = Ref("clients_channel", "code", "channel_id", _("sales channel"))
COUNTERPARTY = Ref("clients_counterparty", "code", "counterparty_id", _("counterparty"))
CLIENT = Ref(
    "clients_client", "code", "client_id", _("client"),
    "SELECT l.code, s.code AS now FROM clients_client l JOIN clients_client s ON s.id = l.merged_into_id"
    " WHERE l.merged_into_id IS NOT NULL",
)  # fmt: skip
CLIENT_CODE = ("Код клиента", "Клиент", "Торговая точка", "Код торговой точки")
PHONE = Column("phone", text(100), ("Телефон", "Тел."), default="''")
MAIL = Column("email", EMAIL, ("Эл. почта", "E-mail", "Почта", "Электронная почта"), default="''")

CHANNELS = File(
    "channels",
    (
        Column("code", CODE, ("Код",), required=True),
        Column("name", NAME, ("Наименование", "Название"), required=True),
    ),
    services.channels_load,
    "SELECT code, name FROM clients_channel ORDER BY code",
    ("code",),
)
COUNTERPARTIES = File(
    "counterparties",
    (
        Column("code", CODE, ("Код",), required=True),
        Column("name", NAME, ("Наименование", "Название"), required=True),
        Column("inn", INN, ("ИНН",), default="''"),
        Column("kpp", KPP, ("КПП",), default="''"),
    ),
    services.counterparties_load,
    "SELECT code, name, inn, kpp FROM clients_counterparty ORDER BY code",
    ("code",),
)
CONTRACTS = File(
    "contracts",
    (
        Column("number", text(64), ("Номер", "Номер договора", "Договор"), required=True),
        Column("counterparty_code", CODE, ("Код контрагента", "Контрагент"), required=True, ref=COUNTERPARTY),
        Column("signed_on", DATE, ("Подписан", "Дата договора", "Дата подписания", "Дата"), required=True),
        Column("valid_until", DATE, ("Действует до", "Срок действия")),
        Column("payment_terms_days", COUNT, ("Отсрочка, дней", "Отсрочка", "Отсрочка платежа")),
        Column("credit_limit", MONEY, ("Кредитный лимит", "Лимит")),
    ),
    services.contracts_load,
    """SELECT k.number, p.code AS counterparty_code, k.signed_on, k.valid_until, k.payment_terms_days,
              trim_scale(k.credit_limit) AS credit_limit
       FROM clients_contract k JOIN clients_counterparty p ON p.id = k.counterparty_id ORDER BY k.number""",
    ("number",),
)
CLIENTS = File(
    "clients",
    (
        Column("code", CODE, ("Код", "Код клиента"), required=True),
        Column("name", NAME, ("Наименование", "Название", "Клиент", "Торговая точка"), required=True),
        Column("territory_code", CODE, ("Код территории", "Территория", "Маршрут"), required=True, ref=TERRITORY),
        Column("channel_code", CODE, ("Код канала", "Канал продаж", "Канал", "Код канала продаж"), ref=CHANNEL),
        Column("counterparty_code", CODE, ("Код контрагента", "Контрагент"), ref=COUNTERPARTY),
        Column("address", text(500), ("Адрес",), default="''"),
        Column("lat", LATITUDE, ("Широта",)),
        Column("lon", LONGITUDE, ("Долгота",)),
        PHONE,
        MAIL,
        Column("is_target", BOOLEAN, ("Целевой", "Целевой клиент"), default="true"),
        Column("opened_on", DATE, ("Открыт", "Дата открытия")),
        Column("closed_on", DATE, ("Закрыт", "Дата закрытия")),
        Column("potential_monthly", NUMBER, ("Потенциал", "Потенциал в месяц", "Потенциал, ₽ в месяц")),
    ),
    services.clients_load,
    """SELECT c.code, c.name, t.code AS territory_code, h.code AS channel_code, p.code AS counterparty_code, c.address,
              c.lat, c.lon, c.phone, c.email, c.is_target::int AS is_target, c.opened_on, c.closed_on,
              trim_scale(c.potential_monthly) AS potential_monthly
       FROM clients_client c JOIN territories_territory t ON t.id = c.territory_id
       LEFT JOIN clients_channel h ON h.id = c.channel_id
       LEFT JOIN clients_counterparty p ON p.id = c.counterparty_id ORDER BY c.code""",
    ("code",),
)
CONTACTS = File(
    "contacts",
    (
        Column("client_code", CODE, CLIENT_CODE, required=True, ref=CLIENT),
        Column("full_name", text(200), ("ФИО", "Полное имя", "Контакт", "Контактное лицо"), required=True),
        Column("position", text(200), ("Должность",), default="''"),
        Column("is_decision_maker", BOOLEAN, ("ЛПР", "Принимает решения"), default="false"),
        PHONE,
        MAIL,
        Column("birthday", DATE, ("День рождения", "Дата рождения")),
        Column("notes", text(10_000), ("Заметки", "Примечание", "Комментарий"), default="''"),
    ),
    services.contacts_load,
    """SELECT c.code AS client_code, k.full_name, k.position, k.is_decision_maker::int AS is_decision_maker, k.phone,
              k.email, k.birthday, k.notes
       FROM clients_contact k JOIN clients_client c ON c.id = k.client_id ORDER BY 1, 2""",
    ("client_code", "full_name"),
)
