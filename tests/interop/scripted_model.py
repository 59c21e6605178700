"""A model that asks for one shell command after the other, whatever it is told; for real clients."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Script:
    """The commands it asks for, and what the client answered to each."""

    def __init__(self, commands: Sequence[str]) -> None:
        self.commands = commands
        self.answers: list[str] = []
        self.url = ""

    def next_block(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """The next tool use, or None: the end. A request that offers no shell is a side question."""
        if not any(tool.get("name") == "Bash" for tool in body.get("tools", [])):
            return None
        parts = [
            p for m in body["messages"] if isinstance(m["content"], list) for p in m["content"]
        ]
        self.answers = [json.dumps(p.get("content")) for p in parts if p["type"] == "tool_result"]
        if len(self.answers) == len(self.commands):
            return None
        number = len(self.answers)
        asked = {"command": self.commands[number], "description": "as scripted"}
        return {"type": "tool_use", "id": f"toolu_{number:04}", "name": "Bash", "input": asked}


@contextmanager
def scripted_model(commands: Sequence[str]) -> Iterator[Script]:
    """A server of the Messages API (streaming) on a loopback port."""
    script = Script(commands)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(size) or b"{}")
            self.send_response(200)
            if not body.get("stream"):
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps({"input_tokens": 1}).encode())
                return
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for event in _events(body, script.next_block(body)):
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _events(body: dict[str, Any], block: dict[str, Any] | None) -> list[dict[str, Any]]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", ""),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    if block is None:
        start: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "done"}
    else:
        start = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    stop = {"stop_reason": "tool_use" if block else "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
