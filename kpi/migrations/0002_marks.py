from django.db import migrations

from config import sql


class Migration(migrations.Migration):
    dependencies = [
        ("kpi", "0001_initial"),
        ("clients", "0002_register"),
        ("visits", "0001_initial"),
        ("sales", "0001_initial"),
    ]
    operations = [
        sql.migration(
            "kpi",
            "marks",
            "DROP FUNCTION kpi_mark, kpi_mark_on, kpi_mark_client, kpi_all_stale, kpi_rule_changed CASCADE",
        )
    ]
