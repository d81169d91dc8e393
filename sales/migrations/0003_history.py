from django.db import migrations

TABLES = ("sales_product", "sales_mml")
TRIGGERS = ("history_insert", "history_update", "history_delete", "history_truncate")


class Migration(migrations.Migration):
    dependencies = [("sales", "0002_lines"), ("accounts", "0006_seals")]
    operations = [
        migrations.RunSQL(
            "".join(f"SELECT history_keep('{table}');" for table in TABLES),
            "".join(f"DROP TRIGGER {name} ON {table};" for table in TABLES for name in TRIGGERS),
        )
    ]
