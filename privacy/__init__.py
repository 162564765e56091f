"""What one person may ask for: everything that is known about them, or to be gone from everywhere."""
