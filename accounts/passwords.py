"""A rule for passwords beyond Django's."""

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# The same keys on the Russian and the English keyboard
_KEYS = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`")


class OtherLayoutValidator(CommonPasswordValidator):
    """Refuses a common password typed on the Russian keyboard: йцукен is qwerty, зфыыцщкв is password."""

    def validate(self, password: str, user: Any = None) -> None:
        typed = password.lower()
        if typed.translate(_KEYS) in self.passwords and typed not in self.passwords:
            raise ValidationError(_("This is a common password in the other keyboard layout."), "password_too_common")

    def get_help_text(self) -> str:
        return _("Not a common password in the other keyboard layout either.")
