"""The program that packer.bytecode runs: `compile_sources.py TREE`, always in the same order.

`unchecked-hash`: files carry the hash of their source and are never compared
with it, for a zip has no dates that could be compared.
"""

import sys
from pathlib import Path
from py_compile import PycInvalidationMode
from py_compile import compile as compile_file

LAMBDA_TASK_ROOT = "/var/task"
"""Where Lambda unpacks: paths that are compiled in right need no repair at import."""

tree = Path(sys.argv[1])
for source in sorted(tree.rglob("*.py")):
    on_lambda = f"{LAMBDA_TASK_ROOT}/{source.relative_to(tree).as_posix()}"
    compile_file(str(source), dfile=on_lambda, doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
