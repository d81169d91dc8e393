"""What charts are drawn from: ranks with place and sums, and by territory; moves between the parts of the base."""

from django.db import migrations, models
from django.db.models import PROTECT

from clients.models import Status
from config.fields import NumericField


def place() -> models.ForeignKey:
    return models.ForeignKey("territories.territory", PROTECT, db_constraint=False, db_index=False)


def status() -> models.CharField:
    return models.CharField(choices=Status.choices, max_length=9)


class Migration(migrations.Migration):
    dependencies = [("kpi", "0005_merged"), ("clients", "0008_merged"), ("territories", "0003_search_path")]
    operations = [
        # Made again, with all that is new, at the next refresh
        migrations.RunSQL("DELETE FROM kpi_rank; DELETE FROM kpi_rankday", migrations.RunSQL.noop),
        migrations.AddField("rank", "territory", place(), preserve_default=False),
        migrations.AddField(
            "rank",
            "channel",
            models.ForeignKey("clients.channel", PROTECT, db_constraint=False, db_index=False, null=True),
        ),
        migrations.AddField("rank", "amount", NumericField(null=True)),
        migrations.AddField("rank", "margin", NumericField(null=True)),
        migrations.AddField("rank", "potential", NumericField(null=True)),
        migrations.AddIndex("rank", models.Index(fields=["day", "territory"], name="rank_territory")),
        migrations.CreateModel(
            "RankCell",
            [
                ("id", models.BigAutoField(primary_key=True, auto_created=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("chart", models.CharField(max_length=8)),
                ("territory", place()),
                ("row", models.CharField(max_length=20)),
                ("column", models.CharField(max_length=20)),
                ("clients", models.IntegerField()),
                ("amount", NumericField()),
                ("margin", NumericField()),
                ("potential", NumericField()),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(fields=["day", "chart", "territory", "row", "column"], name="rank_cell_key")
                ]
            },
        ),
        migrations.CreateModel(
            "FlowMonth",
            [
                ("month", models.DateField(primary_key=True, serialize=False)),
                ("as_of", models.DateField(null=True)),
                ("window_before", models.DateField(null=True)),
                ("window_after", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            "Flow",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "month", "client", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("month", models.DateField()),
                (
                    "client",
                    models.ForeignKey("clients.client", models.CASCADE, db_constraint=False, db_index=False),
                ),
                ("territory", place()),
                ("before", status()),
                ("after", status()),
            ],
            {
                "indexes": [
                    models.Index(
                        fields=["month", "territory"],
                        name="flow_moved",
                        condition=models.Q(("before", models.F("after")), _negated=True),
                    )
                ]
            },
        ),
        migrations.CreateModel(
            "FlowCell",
            [
                ("id", models.BigAutoField(primary_key=True, auto_created=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("territory", place()),
                ("before", status()),
                ("after", status()),
                ("clients", models.IntegerField()),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(fields=["month", "territory", "before", "after"], name="flow_cell_key")
                ]
            },
        ),
    ]
