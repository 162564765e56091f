"""What beat starts, and when: at night in TIME_ZONE, the old before the new. Read where there is a broker."""

from celery.schedules import crontab

_TOO_LATE_SECONDS = 6 * 60 * 60

SCHEDULE = {
    "see to runs that stand still": {
        "task": "recommendations.recover_runs",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remove what is too old": {
        "task": "recommendations.remove_old_rows",
        "schedule": crontab(hour="1", minute="30"),
        "options": {"expires": _TOO_LATE_SECONDS},
    },
    "train models": {
        "task": "recommendations.train_models",
        "schedule": crontab(hour="2", minute="0"),
        "options": {"expires": _TOO_LATE_SECONDS},
    },
    "generate lists for everybody": {
        "task": "recommendations.generate",
        "schedule": crontab(hour="4", minute="0"),
        "options": {"expires": _TOO_LATE_SECONDS},
    },
}
