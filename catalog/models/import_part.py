"""The products of one call of a named import."""

from django.db import models

from core.text import MAX_LENGTH


class ImportPart(models.Model):
    """The external ids that one call of a named import has sent, kept until the import is finished."""

    caller = models.CharField(max_length=100, help_text="Who sends the import; others may use the same name.")
    name = models.CharField(max_length=MAX_LENGTH)
    external_ids = models.BinaryField(help_text="A JSON array, compressed with zlib.")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()  # not shown in the admin
        indexes = [models.Index("caller", "name", name="import_part_by_import")]

    def __str__(self) -> str:
        return f"{self.name} of {self.caller}"
