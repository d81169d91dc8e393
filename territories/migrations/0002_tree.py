from django.db import migrations

from config import sql


class Migration(migrations.Migration):
    dependencies = [("territories", "0001_initial"), ("accounts", "0002_history")]
    operations = [sql.migration("territories", "tree", "DROP FUNCTION territory_tree_rebuild CASCADE")]
