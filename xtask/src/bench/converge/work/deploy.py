"""The bench's work for pyinfra."""
import json
from pathlib import Path

from pyinfra import host
from pyinfra.operations import apt, files, server

HERE = Path("/opt/bench/work")
WORK = json.loads((HERE / "work.json").read_text())
NUMBER = host.data.number

apt.packages(name="packages", packages=WORK["packages"], present=True)
for group in WORK["unix_groups"]:
    server.group(name=group["name"], group=group["name"], gid=group["gid"])
for user in WORK["users"]:
    server.user(
        name=user["name"],
        user=user["name"],
        uid=user["uid"],
        groups=["bench-ops"],
        shell="/bin/bash",
        home=f"/home/{user['name']}",
        create_home=True,
    )
files.directory(name="directory", path="/etc/bench", mode="755")
written = [
    files.template(
        name=name,
        src=str(HERE / "templates" / f"{name}.j2"),
        dest=f"/etc/bench/{name}",
        mode="644",
        number=NUMBER,
        domain=WORK["domain"],
    )
    for name in WORK["files"]
]
server.shell(
    name="reload",
    commands=["systemctl reload bench.service"],
    _if=lambda: any(file.did_change() for file in written),
)
