from django.db import migrations

from config import sql


def former() -> str:
    """The function as marks.sql made it."""
    text = sql.read("kpi", "marks")
    begin = text.index("CREATE FUNCTION kpi_mark_client()")
    return text[begin : text.index("END $$;", begin) + len("END $$;")].replace("CREATE", "CREATE OR REPLACE", 1)


class Migration(migrations.Migration):
    dependencies = [("kpi", "0004_rule_history"), ("clients", "0008_merged")]
    operations = [sql.migration("kpi", "merged", former())]
