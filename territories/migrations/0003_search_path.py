from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("territories", "0002_tree")]
    operations = [
        # pg_temp last, or a temporary table of the application's would be taken for one of ours
        migrations.RunSQL(
            "ALTER FUNCTION territory_tree_rebuild SET search_path = pg_catalog, public, pg_temp",
            "ALTER FUNCTION territory_tree_rebuild SET search_path = pg_catalog, public",
        ),
    ]
