"""Run Home Assistant so that it ends with its parent, even one that is killed and can tidy nothing up."""

import ctypes
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)
