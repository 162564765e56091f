"""Plain views to measure the project against: what reading and rendering cost without it."""
