"""What every night needs, imported once by the process from which the nights that may be killed are forked."""

import assets.stages  # noqa: F401
import pipelines.headless
import pipelines.launcher  # noqa: F401
