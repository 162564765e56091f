"""The ids that each search finds, kept while the process runs and corrected by the change feed.

So the count of a broad search is exact on every page, and costs a scan of its matches only once.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from numpy.typing import NDArray

from catalog.changes import FeedPosition, read_changes
from catalog.models.product import ProductQuerySet

MAX_BYTES = 16 << 20  # of the ids that a process keeps
Ids: TypeAlias = NDArray[np.int64]
