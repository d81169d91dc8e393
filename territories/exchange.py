"""Exchange files of the tree: territories, staff, route costs."""

from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from config.exchange.columns import CODE, EMAIL, MONEY, MONTH, NAME, Column, Ref, choice, text
from config.exchange.files import File
from territories import services
from territories.models import Kind

TERRITORY = Ref("territories_territory", "code", "territory_id", _("territory"))

TERRITORIES = File(
    "territories",
    (
        Column("code", CODE, ("Код",), required=True),
        Column("name", NAME, ("Наименование", "Название"), required=True),
        Column("parent_code", CODE, ("Код родителя", "Родитель", "Входит в")),
        Column("kind", choice(*Kind.values), ("Вид", "Тип")),
    ),
    services.territories_load,
    "SELECT t.code, t.name, p.code AS parent_code, t.kind FROM territories_territory t"
    " LEFT JOIN territories_territory p ON p.id = t.parent_id ORDER BY t.code",
    ("code",),
    "SELECT line, NULL FROM stage",
)
STAFF = File(
    "staff",
    (
        Column("username", text(150), ("Логин", "Имя пользователя", "Пользователь"), required=True),
        Column("full_name", text(200), ("ФИО", "Полное имя", "Сотрудник"), required=True),
        Column("role", choice(*Role.values), ("Роль", "Должность"), required=True),
        Column("territory_code", CODE, ("Код территории", "Территория", "Маршрут")),
        Column("email", EMAIL, ("Эл. почта", "E-mail", "Почта", "Электронная почта", "Адрес электронной почты")),
    ),
    services.staff_load,
    """SELECT u.username, u.full_name, u.role, min(t.code) AS territory_code, u.email FROM accounts_user u
       LEFT JOIN territories_territoryusergrant g ON g.user_id = u.id
       LEFT JOIN territories_territory t ON t.id = g.content_object_id
       WHERE u.full_name <> '' GROUP BY u.id ORDER BY u.username""",
    ("username",),
    "SELECT line, NULL FROM stage",
)
ROUTE_COSTS = File(
    "route_costs",
    (
        Column("territory_code", CODE, ("Код территории", "Территория", "Маршрут"), required=True, ref=TERRITORY),
        Column("month", MONTH, ("Месяц", "Период"), required=True),
        Column("salary", MONEY, ("Зарплата", "Заработная плата"), default="0"),
        Column("amortization", MONEY, ("Амортизация", "Амортизация авто"), default="0"),
        Column("fuel", MONEY, ("ГСМ", "Топливо"), default="0"),
    ),
    services.route_costs_load,
    """SELECT t.code AS territory_code, to_char(r.month, 'YYYY-MM') AS month, trim_scale(r.salary) AS salary,
              trim_scale(r.amortization) AS amortization, trim_scale(r.fuel) AS fuel
       FROM territories_routecost r JOIN territories_territory t ON t.id = r.territory_id ORDER BY 1, 2""",
    ("territory_code", "month"),
)
