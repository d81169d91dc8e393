"""What the commands say of what cannot be asked for."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import gettext


@pytest.mark.parametrize("command", ["split", "rank"])
@pytest.mark.parametrize("day", ["2011-02-31", "yesterday", ""])
def test_a_day_that_there_is_not_is_named_in_the_users_language(db: None, command: str, day: str) -> None:
    for language in ("en", "ru"):
        with translation.override(language), pytest.raises(CommandError) as refused:
            call_command(command, as_of=day)
        with translation.override(language):
            assert str(refused.value) == gettext("“%(day)s” is not a day (YYYY-MM-DD)") % {"day": day}
