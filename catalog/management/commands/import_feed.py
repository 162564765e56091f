"""`import_feed SOURCE`: imports a feed or an export of another program, from a file or an https address."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.importing.console import ConsoleReporter
from catalog.importing.feeds.download import Limits
from catalog.importing.feeds.feed_map import FeedMap, load_feed_map
from catalog.importing.feeds.formats import AUTO, FAMILIES
from catalog.importing.feeds.import_feed import Preview, Source, import_feed, preview
from catalog.importing.import_shop import ImportOptions
from catalog.importing.lines import MIB
from catalog.importing.report import escaped
from catalog.management.commands.import_shop import _format_summary
from core.commands import whole_number

_CELL_WIDTH = 20
