from django.db import migrations

from config import sql

UNDO = """
DO $$ DECLARE each text; BEGIN
    FOREACH each IN ARRAY ARRAY['section', 'question', 'version'] LOOP
        EXECUTE format('DROP TRIGGER frozen ON cleanup_%s', each);
    END LOOP;
    FOREACH each IN ARRAY ARRAY['answer', 'photo', 'decision', 'applied'] LOOP
        EXECUTE format('DROP TRIGGER once ON cleanup_%s', each);
    END LOOP;
    FOREACH each IN ARRAY ARRAY['questionnaire', 'version', 'section', 'question', 'campaign', 'answer', 'photo',
                                'decision', 'applied'] LOOP
        EXECUTE format('DROP TRIGGER history_insert ON cleanup_%1$s; DROP TRIGGER history_update ON cleanup_%1$s;
                        DROP TRIGGER history_delete ON cleanup_%1$s; DROP TRIGGER history_truncate ON cleanup_%1$s', each);
    END LOOP;
END $$;
DROP FUNCTION version_frozen, version_stays_frozen, cleanup_written_once;
"""


class Migration(migrations.Migration):
    dependencies = [("cleanup", "0001_initial")]
    operations = [sql.migration("cleanup", "cleanup", UNDO)]
