"""Who runs a command."""

import getpass

_LONGEST = 150  # as Django's usernames


def whoever_runs_it(command: str) -> str:
    """Return the name of the system's user, or the command's where there is none, as in a container."""
    try:
        return getpass.getuser()[:_LONGEST]
    except (OSError, KeyError, ImportError):
        return command
