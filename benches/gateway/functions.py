"""Which functions a request's instructions are in: what callgrind counted in a long run, less a short one."""

import re
import subprocess
import sys

LINE = re.compile(r"^\s*([\d,]+)\s+\(.*?%\)\s+(.*)$")


def read(path):
    """Instructions by function, callees not included."""
    command = ["callgrind_annotate", "--threshold=100", "--auto=no", "--inclusive=no", path]
    counts = {}
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        found = LINE.match(line)
        if found and found[2] != "PROGRAM TOTALS":
            # The file's name, the object's and a hash tell a person nothing.
            name = re.sub(r"::h[0-9a-f]{16}", "", found[2].split(" [")[0]).split(":", 1)[-1]
            counts[name] = counts.get(name, 0) + int(found[1].replace(",", ""))
    return counts


few, many = map(read, sys.argv[1:3])
requests, most = map(int, sys.argv[3:5])
each = {name: (count - few.get(name, 0)) / requests for name, count in many.items()}
for name, count in sorted(each.items(), key=lambda item: -item[1])[:most]:
    print(f"{count:14.0f}  {name[:110]}")
