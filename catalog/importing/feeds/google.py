"""Google Merchant Center: product data in XML, or as a table with the same names."""

import json
import re
from collections.abc import Iterator

from catalog.importing.feeds.numbers import FeedSettings
from catalog.importing.feeds.rows import Fault, LeftOut, MappedRow, Rows, SourceRow, joined
from catalog.importing.feeds.text import line_of, text_of
