"""Form field for a moment that can name each hour of the night in which clocks go back."""

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.forms.utils import to_current_timezone
from django.utils import timezone as current

_WITH_OFFSET = re.compile(r"\s*(?P<time>[0-9:.,]+)\s*(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})\s*")
_DAY_MINUTES = 24 * 60


def _is_repeated(local: datetime, zone: tzinfo) -> bool:
    """Return whether the zone's clocks show the naive time twice."""
    offsets = [local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    return offsets[0] != offsets[1] and not _is_skipped(local, zone)


def _is_skipped(local: datetime, zone: tzinfo) -> bool:
    """Return whether the zone's clocks never show the naive time."""
    there_and_back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there_and_back.replace(tzinfo=None) != local


def _offset(moment: datetime) -> str:
    return moment.isoformat()[-6:]


class OffsetTimeField(forms.TimeField):
    """Time of day, which may have a UTC offset: `02:30:00 +01:00`."""

    def to_python(self, value: Any) -> time | None:
        form = _WITH_OFFSET.fullmatch(value) if isinstance(value, str) else None
        if form is None:
            return super().to_python(value)
        found = super().to_python(form["time"])
        if found is None:
            return None
        digits = form["offset"].replace(":", "")
        minutes = 0 if digits in "Zz" else int(digits[1:3]) * 60 + int(digits[3:])
        if minutes >= _DAY_MINUTES:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return found.replace(tzinfo=timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class MomentWidget(AdminSplitDateTime):
    """Boxes for date and time; the time has its UTC offset if the clocks show it twice."""

    def decompress(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return [None, None]
        local = to_current_timezone(value)
        if current.is_naive(value) or not _is_repeated(local, current.get_current_timezone()):
            return [local.date(), local.time()]
        aware = value.astimezone(current.get_current_timezone())
        return [local.date(), f"{local:%H:%M:%S} {_offset(aware)}"]


class HiddenMomentWidget(MomentWidget):
    """The same, hidden."""

    template_name = "django/forms/widgets/splithiddendatetime.html"

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        for widget in self.widgets:
            widget.input_type = "hidden"


class MomentField(forms.SplitDateTimeField):
    """Date and time in the current time zone. Ambiguous times need a UTC offset."""

    widget = MomentWidget
    hidden_widget = HiddenMomentWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        message = self.error_messages["invalid_time"]
        self.fields = (self.fields[0], OffsetTimeField(required=False, error_messages={"invalid": message}))

    def compress(self, data_list: Any) -> datetime | None:
        """Return the moment. Raises ValidationError for a time that clocks show twice or never."""
        if data_list and data_list[0] and data_list[1] is not None:
            day, hour = data_list
            moment, zone = datetime.combine(day, hour), current.get_current_timezone()
            if moment.tzinfo is not None:
                return moment
            if not 1 < moment.year < 9999:
                return moment.replace(tzinfo=UTC)  # the validators refuse the year
            if _is_repeated(moment, zone):
                clock = f"{moment:%H:%M:%S}"
                first, second = (_offset(moment.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
                raise ValidationError(
                    f"Clocks in {zone} show {clock} twice that night. Add the UTC offset to the time: "
                    f"{clock} {first} is the first one, {clock} {second} the second.",
                    code="repeated",
                )
            if _is_skipped(moment, zone):
                raise ValidationError(
                    f"Clocks in {zone} never show {moment:%H:%M:%S} that night: they go forward.",
                    code="skipped",
                )
        moment_or_none: datetime | None = super().compress(data_list)
        return moment_or_none
