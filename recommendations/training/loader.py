"""Load trained models, each once per process."""

import logging
import threading
from collections.abc import Callable, Mapping

from recommendations.errors import ModelUnavailable
from recommendations.selectors.models import RegisteredVersion
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Model, Strategy, Trainable
from recommendations.training.store import ModelStore

logger = logging.getLogger(__name__)


class ModelLoader:
    """Thread-safe loader of memory-mapped models. Keeps one version of each strategy open.

    strategies: the estimators by name
    registered: return a version's row, by strategy and version; None if there is none
    digest:     return the digest of a strategy's current settings
    """

    def __init__(
        self,
        store: ModelStore,
        strategies: Mapping[str, Strategy],
        registered: Callable[[str, str], RegisteredVersion | None],
        digest: Callable[[str], str],
    ) -> None:
        self._store = store
        self._strategies = strategies
        self._registered = registered
        self._digest = digest
        self._open: dict[str, tuple[str, Model]] = {}
        self._failures: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, ref: ModelRef) -> Model | None:
        """Return the model, or None if it cannot be loaded, which is logged once. 1 query at first."""
        with self._lock:
            version, model = self._open.get(ref.strategy, ("", None))
            if version == ref.version:
                return model
            try:
                model = self._loaded(ref)
            except ModelUnavailable as error:
                if self._failures.get(ref.strategy) != str(error):
                    logger.error("%s Its fallback is used instead.", error)
                self._failures[ref.strategy] = str(error)
                return None
            self._failures.pop(ref.strategy, None)
            self._open[ref.strategy] = (ref.version, model)
            logger.info("Loaded model %s %s.", ref.strategy, ref.version)
            return model

    def check(self, ref: ModelRef) -> None:
        """Raise ModelUnavailable or UnknownStrategy unless the version can be loaded. 1 query.

        The model is not kept, and requests that are being answered do not wait.
        """
        self._loaded(ref)

    def problem(self, ref: ModelRef) -> str:
        """Return a sentence on why the version cannot be loaded, or "" if it can. 1 query."""
        try:
            self.check(ref)
        except ModelUnavailable as error:
            return str(error)
        return ""

    def lacks(self, strategy: str) -> bool:
        """Return whether the strategy's model could not be loaded when it was last requested."""
        return strategy in self._failures

    @property
    def is_lacking(self) -> bool:
        """Whether any model could not be loaded when it was last requested, so that a retry may help."""
        return bool(self._failures)

    def _loaded(self, ref: ModelRef) -> Model:
        row = self._registered(ref.strategy, ref.version)
        if row is None:
            raise ModelUnavailable(ref.strategy, ref.version, "it is not registered")
        if row.settings_digest != self._digest(ref.strategy):
            raise ModelUnavailable(
                ref.strategy, ref.version, "it was trained with settings other than the current ones"
            )
        estimator = self._strategies[ref.strategy]
        if not isinstance(estimator, Trainable):
            raise ModelUnavailable(ref.strategy, ref.version, "its strategy does not load models")
        folder = self._store.open(ref.strategy, ref.version, row.digest)
        try:
            return estimator.load(folder)
        except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
            raise ModelUnavailable(ref.strategy, ref.version, f"it cannot be loaded: {error}") from error
