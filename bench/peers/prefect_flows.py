"""A process of Prefect that runs graphs of tasks that do nothing, as they are posted: prefect_flows.py PORT."""

import json
import sys
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner


@task(persist_result=False)
def noop():
    return None


@flow(task_runner=ThreadPoolTaskRunner(max_workers=100))
def graph(depends_on: list):
    ends = []
    for before in depends_on:
        ends.append(noop.submit(wait_for=[ends[index] for index in before]))
    for end in ends:
        end.result()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            graph(given["dependsOn"])
            status, text = 200, ""
        except Exception:
            status, text = 500, traceback.format_exc()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args):
        pass


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
