from transports.conftest import _installed, path

__all__ = ["_installed", "path"]
