"""Runnable examples, one per loader: `python -m examples.plain_loader [FOLDER]`; without one, pictures are made."""
