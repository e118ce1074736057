"""
A small shop's mail, and the test-suite that its owner wrote with sesguard's kit.

    cd examples && python -m pytest shop
"""

from shop import orders

__all__ = ["orders"]
