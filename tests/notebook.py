"""Somebody who watches an import and writes down what is told."""

from catalog.importing.report import Problem


class Notebook:
    """A watcher who writes down what it hears."""

    def __init__(self) -> None:
        self.n_lines = 0
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def reading(self, title: str, n_lines: int) -> None:
        raise AssertionError("the reader of one file announces nothing")

    def advanced(self, n_lines: int) -> None:
        self.n_lines += n_lines

    def found(self, problem: Problem) -> None:
        self.problems.append(problem)

    def noted(self, file: str, note: str) -> None:
        self.notes.append(f"{file}: {note}")

    @property
    def told(self) -> list[str]:
        return [str(problem) for problem in self.problems]
