"""The bench's hosts for pyinfra."""
from pathlib import Path

numbers = [int(word) for word in Path("/opt/bench/hosts").read_text().split()]
hosts = [
    (
        f"10.9.0.{number}",
        {
            "ssh_user": "root",
            "ssh_key": "/root/key",
            "ssh_known_hosts_file": "/root/known",
            "ssh_strict_host_key_checking": "yes",
            "number": number,
        },
    )
    for number in numbers
]
