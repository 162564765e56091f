"""Opens trained models for those who answer: each once a process, and in place of a bad one, none."""

import logging
import threading
from collections.abc import Callable, Mapping

from recommendations.errors import ModelUnavailable
from recommendations.selectors.models import Registered
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Model, Strategy, Trainable
from recommendations.training.store import ModelStore

logger = logging.getLogger(__name__)


class ModelLoader:
    """Gives the model of a version, memory-mapped; None, with one line in the log, when it cannot be had.

    strategies: the recipes by name; registered: what the database says of a version; digest: of the
    settings of a strategy as they are now. For any number of threads.
    """

    def __init__(
        self,
        store: ModelStore,
        strategies: Mapping[str, Strategy],
        registered: Callable[[str, str], Registered | None],
        digest: Callable[[str], str],
    ) -> None:
        self._store = store
        self._strategies = strategies
        self._registered = registered
        self._digest = digest
        self._open: dict[str, tuple[str, Model]] = {}
        self._lacking: dict[str, str] = {}
        self._opening = threading.Lock()

    def __call__(self, chosen: ModelRef) -> Model | None:
        """Return the model. 1 query when it is first asked for; of each strategy one version stays open."""
        with self._opening:
            version, model = self._open.get(chosen.strategy, ("", None))
            if version == chosen.version:
                return model
            try:
                model = self._loaded(chosen)
            except ModelUnavailable as error:
                if self._lacking.get(chosen.strategy) != str(error):
                    logger.error("%s What fills up answers in its place.", error)
                self._lacking[chosen.strategy] = str(error)
                return None
            self._lacking.pop(chosen.strategy, None)
            self._open[chosen.strategy] = (chosen.version, model)
            logger.info("Opened model %s %s.", chosen.strategy, chosen.version)
            return model

    def check(self, chosen: ModelRef) -> None:
        """Raise ModelUnavailable or UnknownStrategy unless the version could answer; it is opened, not kept.

        1 query. What answers meanwhile is not held up.
        """
        self._loaded(chosen)

    def problem(self, chosen: ModelRef) -> str:
        """Return why the version could not answer, in a sentence; "" where it could. 1 query."""
        try:
            self.check(chosen)
        except ModelUnavailable as error:
            return str(error)
        return ""

    def lacks(self, strategy: str) -> bool:
        """Return whether the strategy's model could not be had when it was last asked for."""
        return strategy in self._lacking

    @property
    def is_lacking(self) -> bool:
        """Whether a model could not be had when it was last asked for, so that asking again may help."""
        return bool(self._lacking)

    def _loaded(self, chosen: ModelRef) -> Model:
        row = self._registered(chosen.strategy, chosen.version)
        if row is None:
            raise ModelUnavailable(chosen.strategy, chosen.version, "it is not registered")
        if row.settings_digest != self._digest(chosen.strategy):
            raise ModelUnavailable(
                chosen.strategy, chosen.version, "it was trained with other settings than those of now"
            )
        recipe = self._strategies[chosen.strategy]
        if not isinstance(recipe, Trainable):
            raise ModelUnavailable(chosen.strategy, chosen.version, "the strategy opens no models")
        folder = self._store.open(chosen.strategy, chosen.version, row.digest)
        try:
            return recipe.load(folder)
        except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
            raise ModelUnavailable(
                chosen.strategy, chosen.version, f"it cannot be loaded: {error}"
            ) from error
