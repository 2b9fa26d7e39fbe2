"""The domain of BharatChef AI Coach: knows neither Prefect nor AWS nor the disk.

Importing this package loads nothing heavier than the standard library.
"""

__version__ = "0.1.0"
