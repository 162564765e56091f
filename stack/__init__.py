"""Starts and stops a whole deployment on loopback as plain processes: `python -m stack --phase N`."""
