"""A product as staff write it."""

LAMP = {
    "external_id": "lamp",
    "name": "Lamp",
    "category": "Home",
    "brand": "Bright & Co",
    "group": "lamps",
    "price": 19.9,
    "stock": 7,
    "sale_price": 14.5,
    "sale_from": "2026-03-01T00:00:00Z",
    "sale_until": "2026-03-08T00:00:00Z",
    "url": "https://shop.example/lamp",
    "image_url": "https://shop.example/lamp.jpg",
    "description": "Bright.\nVery.",
    "tags": ["led", "desk"],
    "attributes": {"colour": ["red", "blue"], "watts": ["7"]},
}
