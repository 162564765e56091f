"""What a text of one line may hold: names of keys, usernames, notes."""

from django.core.validators import RegexValidator

# Control characters: they would write over what a terminal or a log shows beside them.
ONE_LINE = RegexValidator(
    "^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\\Z", "Holds a control character; remove it.", "control_character"
)
