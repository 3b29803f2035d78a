"""The program that lambda_package.bytecode runs: `compile_sources.py TREE`, always in the same order.

`unchecked-hash`: files carry the hash of their source and are never compared
with it, for a zip has no dates that could be compared. Of dependencies neither
docstrings nor asserts are compiled: a sixth less to read at every start. Ours
keep both.
"""

import sys
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode
from py_compile import compile as compile_file

LAMBDA_TASK_ROOT = "/var/task"
"""Where Lambda unpacks: paths that are compiled in right need no repair at import."""

OURS = ("app.py", "chalicelib/")
AS_WRITTEN, WITHOUT_DOCSTRINGS = 0, 2

tree = Path(sys.argv[1])
for source in sorted(tree.rglob("*.py")):
    name = source.relative_to(tree).as_posix()
    compile_file(
        str(source),
        cfile=cache_from_source(str(source), optimization=""),
        dfile=f"{LAMBDA_TASK_ROOT}/{name}",
        doraise=True,
        optimize=AS_WRITTEN if name.startswith(OURS) else WITHOUT_DOCSTRINGS,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
