"""A product as staff write it."""

LAMP = {
    "external_id": "lamp",
    "name": "Lamp",
    "category": "Home",
    "brand": "Bright & Co",
    "price": 19.9,
    "stock": 7,
    "description": "Bright.\nVery.",
    "tags": ["led", "desk"],
}
