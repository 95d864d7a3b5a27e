"""Live capture: a process of its own that alone needs rights, and what talks to it."""
