"""The schedule of Celery beat, in TIME_ZONE, only used with a broker.

Clean up, ask for the language model, train, then generate.
"""

from celery.schedules import crontab

_EXPIRES_SECONDS = 6 * 60 * 60

SCHEDULE = {
    "recover stalled runs": {
        "task": "recommendations.recover_runs",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remove old rows": {
        "task": "recommendations.remove_old_rows",
        "schedule": crontab(hour="1", minute="30"),
        "options": {"expires": _EXPIRES_SECONDS},
    },
    "index products": {
        "task": "recommendations.index_products",
        "schedule": crontab(hour="1", minute="45"),
        "options": {"expires": _EXPIRES_SECONDS},
    },
    "check the language model": {
        "task": "recommendations.check_language_model",
        "schedule": crontab(hour="1", minute="45"),
        "options": {"expires": _EXPIRES_SECONDS},
    },
    "train models": {
        "task": "recommendations.train_models",
        "schedule": crontab(hour="2", minute="0"),
        "options": {"expires": _EXPIRES_SECONDS},
    },
    "generate lists for all users": {
        "task": "recommendations.generate",
        "schedule": crontab(hour="4", minute="0"),
        "options": {"expires": _EXPIRES_SECONDS},
    },
}
