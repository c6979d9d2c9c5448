"""A Dask cluster of this machine, for tests: a scheduler and workers as processes."""

import json
import subprocess
import sys
import time

WORKERS = 2


class DaskCluster:
    """`address` of its scheduler; `workers`: processes."""

    def __init__(self, folder):
        self._folder = folder
        told = folder / "scheduler.json"
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", told)
        self.address = self._wait_for(lambda: told.exists() and json.loads(told.read_text())["address"])
        self.workers = [self._worker() for _ in range(WORKERS)]

    def _worker(self):
        options = ("--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--local-directory", self._folder)
        return self._start("worker", self.address, *options)

    def _start(self, kind, *arguments):
        log = (self._folder / "log").open("ab")
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *map(str, arguments), "--no-dashboard"]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)

    def _wait_for(self, what):
        for _ in range(3000):
            try:
                if found := what():
                    return found
            except ValueError:
                pass  # half written
            assert self._scheduler.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.02)
        raise AssertionError((self._folder / "log").read_text())

    def wait_for_workers(self, count):
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)

    def end(self):
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()
