"""Build a new version of a strategy's model: fit it, store its files, register it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from recommendations.conf import Config
from recommendations.errors import StrategyFailed
from recommendations.models import TrainedModel
from recommendations.strategies.base import Strategy, Trainable, Training
from recommendations.training import registry
from recommendations.training.fit import Fit, fit_in_process
from recommendations.training.store import ModelStore

# Key in the record of a version whose model recommends nothing.
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class VersionBuilder:
    """Builds new versions. strategies: every configured estimator by name"""

    config: Config
    strategies: Mapping[str, Strategy]
    store: ModelStore
    now: Callable[[], datetime]

    def __call__(
        self, strategy: str, training: Training, *, metrics: Mapping[str, Any], created_by: str, note: str
    ) -> TrainedModel:
        """Fit the model in a process of its own, store files and row, and return the inactive version.

        metrics: the measured metrics of the estimator, see `TrainedModel`
        Raises TrainingUnderWay, ProcessLost, OSError when the files cannot be written, StrategyFailed when
        the strategy cannot be fitted. After an error nothing of the version is left.
        """
        estimator = self.strategies[strategy]
        if not isinstance(estimator, Trainable):
            raise TypeError(f"{strategy} has no load(), so its models cannot be loaded again")
        now = self.now()
        version = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        with self.store.staging(strategy) as staged:
            try:
                fit = fit_in_process(estimator, training, staged)
            except StrategyFailed.CAUSES as error:
                raise StrategyFailed(strategy, "fitted", error) from error
            manifest, digest = self.store.keep(staged, strategy, version)
            model = TrainedModel(
                strategy=strategy,
                version=version,
                settings_digest=self.config.digest(strategy),
                configuration=self._configuration(strategy),
                metrics=dict(metrics),
                n_bytes=manifest.n_bytes,
                digest=digest,
                created_at=now,
                created_by=created_by,
                note=note,
                **_window(training),
                **_costs(fit),
            )
            try:
                registry.register(model)
            except BaseException:
                self.store.remove(strategy, version, digest)
                raise
        return model

    def _configuration(self, strategy: str) -> dict[str, Any]:
        named = self.config.strategy(strategy)
        return {"CLASS": named.path, "OPTIONS": dict(named.options)}


def _window(training: Training) -> dict[str, Any]:
    at = training.log.at
    first, last = (datetime.fromtimestamp(int(at[end]), UTC) for end in (0, -1)) if len(at) else (None, None)
    return {"data_from": first, "data_to": last, "n_events": len(at)}


def _costs(fit: Fit) -> dict[str, Any]:
    record = {**fit.record, EMPTY: True} if fit.is_empty else fit.record
    return {"record": record, "fit_seconds": fit.seconds, "peak_mb": fit.peak_mb}
