"""Tells Ketupa what became of each task on each host: a line of JSON for each, in a file of the run's own.

What is shown on standard output stays Ansible's. Arguments and results of tasks are not written: they can
hold secrets.
"""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: ketupa_events
    type: aggregate
    short_description: what became of each task, for the job desk of Ketupa
    description:
      - Appends a line of JSON to the file that the environment variable KETUPA_EVENTS names.
    requirements: []
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "ketupa_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.file = open(os.environ["KETUPA_EVENTS"], "a", buffering=1, encoding="utf-8")

    def tell(self, result, what):
        host = getattr(result, "host", None) or result._host
        task = getattr(result, "task", None) or result._task
        line = {"host": host.get_name(), "task": task.get_name(), "result": what}
        self.file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result):
        changed = getattr(result, "result", None) or result._result
        self.tell(result, "changed" if changed.get("changed") else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.tell(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_skipped(self, result):
        self.tell(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.tell(result, "unreachable")
