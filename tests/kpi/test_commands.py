"""What the commands say of what cannot be asked for."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation


@pytest.mark.parametrize("command", ["split", "rank"])
@pytest.mark.parametrize("day", ["2011-02-31", "yesterday", ""])
def test_a_day_that_there_is_not_is_named_in_the_users_language(db: None, command: str, day: str) -> None:
    for language, said in (("en", f"“{day}” is not a day"), ("ru", f"«{day}» — не день")):
        with translation.override(language), pytest.raises(CommandError, match=said):
            call_command(command, as_of=day)
