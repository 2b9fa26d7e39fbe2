"""The dishes that films can be judged against, read from folders of dish files; writes nothing."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from bharatchef.errors import KnowledgeError
from bharatchef.records import Dish
from knowledge_base.checking import Problem, check_dishes, check_file, dish_files

BUILT_IN_DISHES = Path(__file__).resolve().parent / "dishes"

__all__ = ["BUILT_IN_DISHES", "DishLibrary", "Problem", "check_dishes", "load_dish"]


def load_dish(path: Path) -> Dish:
    """The dish of one file.

    Raises:
        KnowledgeError: something is wrong with it; the message names all of it by line.
    """
    checked = check_file(path)
    if checked.dish is not None:
        return checked.dish
    listed = "".join(f"\n  {problem}" for problem in checked.problems)
    count = len(checked.problems)
    raise KnowledgeError(
        f"{path.name} is no dish that can be used; {count} problem{'s' * (count > 1)}:{listed}",
        "\nCorrect the lines named here; docs/dishes.md shows how a dish is written.",
    )


class DishLibrary:
    """Dishes by name, from folders; implements ``DishStore``.

    Args:
        folders: looked through in this order; a dish in a later folder takes the place of one of the same
            name before it. Folders that do not exist are passed over.
    """

    def __init__(self, folders: Sequence[Path] = (BUILT_IN_DISHES,)) -> None:
        self._folders = tuple(folders)

    def path(self, dish_id: str) -> Path | None:
        """The file of a dish, or ``None``."""
        return self._files().get(dish_id)

    def get(self, dish_id: str) -> Dish:
        """The dish.

        Raises:
            KnowledgeError: there is none, with the names nearest to it, or its file is wrong.
        """
        files = self._files()
        if dish_id in files:
            return load_dish(files[dish_id])
        near = difflib.get_close_matches(dish_id.strip().lower().replace(" ", "-"), sorted(files), n=3)
        if not near:
            near = self._by_alias(dish_id, files)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are: {', '.join(sorted(files))}."
        raise KnowledgeError(
            f"There is no dish '{dish_id}'.", f"{hint} `bharatchef dishes list` shows them all."
        )

    def list_dishes(self) -> Sequence[Dish]:
        """All dishes whose files are sound, by name; ``problems`` tells of the others."""
        checked = (check_file(path) for path in self._files().values())
        found = [c.dish for c in checked if c.dish is not None]
        return sorted(found, key=lambda dish: (dish.name.casefold(), dish.dish_id))

    def sha256(self) -> str:
        """The hash of all dish files by their names and bytes; tells a change without reading any dish."""
        digest = hashlib.sha256()
        for dish_id, path in sorted(self._files().items()):
            digest.update(dish_id.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def problems(self) -> list[Problem]:
        """What is wrong with the dish files that ``list_dishes`` leaves out."""
        return check_dishes(self._files().values())

    def _files(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for folder in self._folders:
            if folder.is_dir():
                files.update({path.stem: path for path in dish_files(folder)})
        return files

    def _by_alias(self, name: str, files: dict[str, Path]) -> list[str]:
        wanted = name.strip().casefold()
        found = []
        for dish_id, path in sorted(files.items()):
            dish = check_file(path).dish
            names = {dish.name, *(n for names in dish.aliases.values() for n in names)} if dish else set()
            if wanted in {n.casefold() for n in names}:
                found.append(dish_id)
        return found
