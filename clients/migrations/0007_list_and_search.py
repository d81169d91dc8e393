import datetime
from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Func, Value
from django.db.models.functions import Coalesce, ExtractDay, ExtractMonth

import config.fields
from config import sql

UNDO = """
DROP TRIGGER keep_words ON clients_client;
DROP TRIGGER keep_words_changed ON clients_client;
DROP FUNCTION client_keep_words, client_keep_changed_words, client_words;
DROP INDEX word_similar;
ALTER TABLE clients_client
    ALTER COLUMN search SET EXPRESSION AS (
        replace(lower(code || ' ' || name || ' ' || address || ' ' || regexp_replace(phone, '\\D', '', 'g')),
            'ё', 'е')),
    ALTER COLUMN name_sort SET EXPRESSION AS (replace(lower(name), 'ё', 'е'));
DROP FUNCTION client_search_text, client_name_key;
"""


def by_status(name: str, *columns: object) -> migrations.AddIndex:
    if all(isinstance(column, str) for column in columns):
        return migrations.AddIndex("client", models.Index(fields=["status", *columns], name=name))  # type: ignore[list-item]
    return migrations.AddIndex("client", models.Index("status", *columns, name=name))  # type: ignore[arg-type]


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("clients", "0006_search_path")]

    operations = [
        migrations.RemoveIndex("client", "client_name"),
        migrations.CreateModel("Word", [("word", models.CharField(max_length=64, primary_key=True, serialize=False))]),
        sql.migration("clients", "search", UNDO),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "client",
                    "search",
                    models.GeneratedField(
                        expression=Func("code", "name", "address", "phone", function="client_search_text"),
                        output_field=models.TextField(),
                        db_persist=True,
                    ),
                ),
                migrations.AlterField(
                    "client",
                    "name_sort",
                    models.GeneratedField(
                        expression=Func("name", function="client_name_key"),
                        output_field=models.TextField(),
                        db_persist=True,
                    ),
                ),
            ]
        ),
        by_status("client_status_code", "code", "id"),
        by_status("client_status_category", "category", "id"),
        by_status(
            "client_status_last_order", Coalesce("last_order_on", Value(datetime.date.min, models.DateField())), "id"
        ),
        by_status("client_status_opened", Coalesce("opened_on", Value(datetime.date.min, models.DateField())), "id"),
        by_status(
            "client_status_potential",
            Coalesce("potential_monthly", Value(Decimal(-1), config.fields.NumericField())),
            "id",
        ),
        by_status("client_counts", "channel", "category", "lost_reason", "territory"),
        migrations.AddIndex(
            "contact", models.Index(ExtractMonth("birthday"), ExtractDay("birthday"), name="contact_birthday")
        ),
        migrations.CreateModel(
            "Columns",
            [
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="client_columns",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("names", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            "Segment",
            [
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("rep", "Sales representative"),
                            ("supervisor", "Supervisor"),
                            ("head", "Head of sales"),
                            ("admin", "Administrator"),
                            ("analyst", "Analyst"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="shared with",
                    ),
                ),
                ("query", models.TextField(blank=True)),
                ("columns", models.JSONField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="segments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "segment",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "name"),
                        name="segment_key",
                        violation_error_message="You have a segment of this name already.",
                    ),
                    models.CheckConstraint(condition=~models.Q(name=""), name="segment_name_given"),
                    models.CheckConstraint(
                        condition=models.Q(role__in=["", "rep", "supervisor", "head", "admin", "analyst"]),
                        name="segment_role_known",
                    ),
                ],
            },
        ),
    ]
