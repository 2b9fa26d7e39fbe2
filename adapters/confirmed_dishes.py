"""The dishes of a library, with the experts and edges that people confirmed laid over them.

The same on every side: what a person confirms once is judged by wherever the same object store is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from bharatchef.experts.confirming import dish_as_confirmed, standing
from bharatchef.experts.keeping import confirmations_of, confirmed_dishes, expert
from bharatchef.ports import DishStore, ObjectStore
from bharatchef.records import Dish


class ConfirmedDishes:
    """The dish port over another one.

    Args:
        library: the dishes as their files say.
        objects: where confirmations and experts lie.
    """

    def __init__(self, library: DishStore, objects: ObjectStore) -> None:
        self._library = library
        self._objects = objects

    def get(self, dish_id: str) -> Dish:
        """The dish as it is judged by.

        Raises:
            KnowledgeError: there is no such dish.
            StoreError: what was confirmed could not be read: nobody is judged by less than was confirmed.
        """
        return self._confirmed(self._library.get(dish_id))

    def list_dishes(self) -> Sequence[Dish]:
        """All dishes as they are judged by."""
        said = confirmed_dishes(self._objects)
        return [
            self._confirmed(dish) if dish.dish_id in said else dish for dish in self._library.list_dishes()
        ]

    def _confirmed(self, dish: Dish) -> Dish:
        held = standing(confirmations_of(self._objects, dish.dish_id))
        found = (expert(self._objects, dish.dish_id, performance_id) for performance_id in held.experts)
        return dish_as_confirmed(dish, held, [one for one in found if one is not None])
