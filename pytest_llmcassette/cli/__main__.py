"""`python -m pytest_llmcassette.cli`, for an environment whose scripts are not on the path."""

from __future__ import annotations

import sys

from pytest_llmcassette.cli import main

sys.exit(main())
