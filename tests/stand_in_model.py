"""A stand-in for a language model, on a port of this machine: it answers with the tool calls that it was given, then is done.

It speaks what the real agents ask in: chat completions and responses (platform.openai.com/docs/api-reference), messages
(docs.anthropic.com/en/api/messages) and generateContent (ai.google.dev/api/generate-content), each with streaming.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Turns = list[tuple[str, dict[str, Any]]]
DONE = "All done."


class Model:
    """What was asked of it, and where it is; `turns` are the tools that it calls, one after the other."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.asked = turns, list[dict[str, Any]]()
        self.url = ""

    @property
    def conversation(self) -> str:
        """The longest request: all that was said to it, as text."""
        return max((json.dumps(one, ensure_ascii=False) for one in self.asked), key=len, default="")


@contextlib.contextmanager
def model(turns: Turns) -> Iterator[Model]:
    """A model that serves as long as the block runs."""
    made = Model(turns)

    class Handler(_Handler):
        served = made

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Model

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._send(json.dumps({"object": "list", "data": []}), "application/json")

    def do_POST(self) -> None:
        data = json.loads(self._body() or b"{}")
        path = self.path.split("?")[0]
        if path.endswith("countTokens"):
            self._send('{"totalTokens": 10}', "application/json")
            return
        self.served.asked.append(data)
        if "GenerateContent" in path or "generateContent" in path:
            self._gemini(data, "stream" in path)
        elif path.endswith("/responses"):
            self._responses(data)
        elif path.endswith("/messages"):
            self._anthropic(data)
        else:
            self._openai(data)

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("transfer-encoding") or ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        raw = b""
        while size := int(self.rfile.readline(), 16):
            raw += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return raw

    def _turn(self, tools: Any, done: int) -> tuple[str, dict[str, Any]] | None:
        return self.served.turns[done] if tools and done < len(self.served.turns) else None

    def _openai(self, data: dict[str, Any]) -> None:
        done = sum(one["role"] == "tool" for one in data["messages"])
        turn = self._turn(data.get("tools"), done)
        message: dict[str, Any] = {"role": "assistant", "content": DONE if turn is None else None}
        if turn is not None:
            call = {"name": turn[0], "arguments": json.dumps(turn[1])}
            message["tool_calls"] = [{"index": 0, "id": f"call_{done}", "type": "function", "function": call}]
        why = "stop" if turn is None else "tool_calls"
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        base = {"id": "x", "created": 1, "model": data.get("model", "m"), "usage": usage}
        if data.get("stream"):
            parts = [(message, None), ({}, why)]
            choices = [[{"index": 0, "delta": delta, "finish_reason": end}] for delta, end in parts]
            self._events([{**base, "object": "chat.completion.chunk", "choices": one} for one in choices], "[DONE]")
        else:
            choice = [{"index": 0, "message": message, "finish_reason": why}]
            self._send(json.dumps({**base, "object": "chat.completion", "choices": choice}), "application/json")

    def _responses(self, data: dict[str, Any]) -> None:
        done = sum(one.get("type") == "function_call_output" for one in data["input"])
        turn = self._turn(data.get("tools"), done)
        item: dict[str, Any] = {"type": "message", "role": "assistant", "id": "msg_1"}
        item["content"] = [{"type": "output_text", "text": DONE}]
        if turn is not None:
            item = {"type": "function_call", "id": f"fc_{done}", "call_id": f"call_{done}", "name": turn[0]}
            item["arguments"] = json.dumps(turn[1])
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        self._events([
            {"type": "response.created", "response": {"id": "r1"}}, {"type": "response.output_item.done", "item": item},
            {"type": "response.completed", "response": {"id": "r1", "usage": usage}},
        ])  # fmt: skip

    def _gemini(self, data: dict[str, Any], stream: bool) -> None:
        parts = [part for content in data.get("contents", []) for part in content.get("parts", [])]
        tools = any("functionDeclarations" in one for one in data.get("tools", []))
        turn = self._turn(tools, sum("functionResponse" in part for part in parts))
        part = {"text": DONE} if turn is None else {"functionCall": {"name": turn[0], "args": turn[1]}}
        usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        answer = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        document = {"candidates": [answer], "usageMetadata": usage}
        if stream:
            self._events([document])
        else:
            self._send(json.dumps(document), "application/json")

    def _anthropic(self, data: dict[str, Any]) -> None:
        parts = [part for one in data["messages"] if isinstance(one["content"], list) for part in one["content"]]
        done = sum(part.get("type") == "tool_result" for part in parts)
        turn = self._turn(data.get("tools"), done)
        if turn is None:
            block: dict[str, Any] = {"type": "text", "text": ""}
            delta, why = {"type": "text_delta", "text": DONE}, "end_turn"
        else:
            block = {"type": "tool_use", "id": f"toolu_{done}", "name": turn[0], "input": {}}
            delta, why = {"type": "input_json_delta", "partial_json": json.dumps(turn[1])}, "tool_use"
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": data.get("model"), "usage": usage}
        if not data.get("stream"):
            whole = {**block, **({"text": DONE} if turn is None else {"input": turn[1]})}
            self._send(json.dumps({**message, "content": [whole], "stop_reason": why}), "application/json")
            return
        begin = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
        self._events([
            {"type": "message_start", "message": begin},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta}, {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": why, "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ])  # fmt: skip

    def _events(self, events: list[dict[str, Any]], last: str = "") -> None:
        named = (f"event: {one['type']}\n" if "type" in one else "" for one in events)
        text = "".join(f"{name}data: {json.dumps(one)}\n\n" for name, one in zip(named, events, strict=True))
        self._send(text + (f"data: {last}\n\n" if last else ""), "text/event-stream")

    def _send(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)
