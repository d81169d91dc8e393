from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("clients", "0005_change_requests")]
    operations = [
        # pg_temp last, or a temporary table of the application's would be taken for one of ours
        migrations.RunSQL(
            "ALTER FUNCTION client_keep_placement SET search_path = pg_catalog, public, pg_temp",
            "ALTER FUNCTION client_keep_placement SET search_path = pg_catalog, public",
        ),
    ]
