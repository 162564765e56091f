#!/bin/sh
# The nightly work of a server without a broker: each command runs even if one before has failed.
python=${PYTHON:-.venv/bin/python}
status=0
for command in remove_old_rows index_products check_language_model "train_models --activate-if-better" generate_recommendations; do
    # shellcheck disable=SC2086  the options of a command are words of their own
    $python manage.py $command || status=1
done
exit $status
