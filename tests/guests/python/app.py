"""A guest made by componentize-py: a WASI command that greets its arguments, as CPython sees them."""

import sys

from componentize_py_types import Err
from wit_world import exports


class Run(exports.Run):
    """`wasi:cli/run`: what a host calls."""

    def run(self) -> None:
        names = sys.argv[1:]
        if names == ["--fail"]:
            print("told to fail", file=sys.stderr)
            raise Err(None)
        print(f"Hello {' and '.join(names) or 'whoever you are'} from Python")
