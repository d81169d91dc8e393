"""What a client lacks to count (kpi/almost.py): known once every period has been reckoned again."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from config.fields import NumericField


class Migration(migrations.Migration):
    dependencies = [("kpi", "0002_marks")]
    operations = [
        migrations.AddField("periodclient", "visits_made", models.IntegerField(db_default=0)),
        migrations.AddField("periodclient", "skus", models.IntegerField(db_default=0)),
        migrations.AddField("periodclient", "worked_in", ArrayField(models.DateField(), db_default=[])),
        migrations.AddField("periodclient", "category_short", models.IntegerField(db_default=0)),
        migrations.AddField("periodclient", "nearest_order", ArrayField(NumericField(), null=True)),
        migrations.RunSQL("UPDATE kpi_period SET stale = true", migrations.RunSQL.noop),
    ]
