"""The names of what the disaggregation tells apart ("Table describing all disaggregated appliances available")."""

from enum import StrEnum
from typing import Final


class ApplianceKey(StrEnum):
    """The keys that the vendor's page describes; an open list, since results may hold others, as plain text.

    A member is the text itself, so that it finds its figure: `result.energy_wh(ApplianceKey.FRIDGE)`.
    """

    BOILER = "boiler"
    """Electric water heaters."""
    COOKING = "cooking"
    """Electric stoves and ovens."""
    COOKING_HEATING = "cooking_heating"
    """Cooking and electric heating in one, where the vendor was not told which appliances there are."""
    COOLING = "cooling"
    """Air conditioners, but for what they use as heaters."""
    ELECTRIC_VEHICLE = "electric_vehicle"
    """Charging of vehicles; the only key with cycles as yet."""
    FRIDGE = "fridge"
    """Fridges, freezers and wine cellars."""
    HEATING = "heating"
    """Electric heating, air conditioners in winter included."""
    LIGHTS = "lights"
    """Lights and small electronics."""
    OTHERS = "others"
    """What is assigned to none of the other keys."""
    STANDBY = "standby"
    """What is always on."""
    WASHING = "washing"
    """Washing machine, dishwasher and dryer in one; to be told apart some day, under keys of their own."""


APPLIANCE_KEYS: Final = tuple(key.value for key in ApplianceKey)
"""The same as plain text, in alphabetical order."""
