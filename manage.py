#!/usr/bin/env python
"""Django's command line; starts the embedded servers for commands that need them (config/embedded.py)."""

import os
import sys

NEED_NO_SERVER = {"collectstatic", "help", "spectacular", "version", "--help", "--version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.utils.translation import gettext

    try:
        uses_embedded = settings.EMBEDDED
    except ImproperlyConfigured as error:  # a variable is missing or wrong: the message says which
        sys.exit(str(error))
    if uses_embedded and len(sys.argv) > 1 and sys.argv[1] not in NEED_NO_SERVER:
        from config import embedded

        try:
            embedded.attach(settings.DATA_DIR)
        except embedded.EmbeddedError as error:
            django.setup()  # or there are no translations
            sys.exit(gettext(error.said) % error.values if error.values else error.said)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
