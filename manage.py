#!/usr/bin/env python
"""Run a management command."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        if sys.argv[1:] and not {"help", "version", "-h", "--help", "--version"} & set(sys.argv[1:3]):
            # Django puts this error off, and may then fail in a check of the models.
            _ = settings.INSTALLED_APPS
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    except DatabaseError as error:
        if "--traceback" in sys.argv:
            raise
        from recsite.database_errors import explained

        sys.exit(explained(error))


if __name__ == "__main__":
    main()
