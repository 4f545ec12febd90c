"""The plugin that lets OpenCode, which knows no commands as hooks, call Holdfast: its text.

It makes the calls in Claude Code's words with the same command as other agents' settings, and only throws what Holdfast
refuses (opencode.ai/docs/plugins; the types are in npm @opencode-ai/plugin, the events in @opencode-ai/sdk).
"""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def text(commands: Mapping[str, str]) -> str:
    """The plugin's file; `commands` are what is run at each event."""
    import json

    return _TEXT.replace("@COMMANDS@", json.dumps(dict(commands), indent=2, ensure_ascii=False))


_TEXT = r"""// Lets OpenCode call Holdfast: written by `holdfast agents install opencode`, and taken out by `--remove opencode`.
// Whatever goes wrong in here, OpenCode goes on; only a call that Holdfast refuses is thrown.
import { spawn } from "node:child_process"

const commands = @COMMANDS@
const LONGEST = 10_000

// Runs what stands for an event, with the call on its standard input; its answer, {} for none.
const ask = (event, folder, call) =>
  new Promise((resolve) => {
    let out = ""
    let timer
    const done = (answer) => {
      clearTimeout(timer)
      resolve(answer)
    }
    try {
      const child = spawn("sh", ["-c", commands[event]], { cwd: folder, stdio: ["pipe", "pipe", "ignore"] })
      timer = setTimeout(() => {
        child.kill()
        done({})
      }, LONGEST)
      child.on("error", () => done({}))
      child.stdin.on("error", () => {})
      child.stdout.setEncoding("utf8")
      child.stdout.on("data", (part) => (out += part))
      child.on("close", () => {
        try {
          done(JSON.parse(out) ?? {})
        } catch {
          done({})
        }
      })
      child.stdin.end(JSON.stringify({ ...call, hook_event_name: event }))
    } catch {
      done({})
    }
  })

export const Holdfast = async ({ directory }) => {
  const parents = new Map() // the session of a subagent: that which it works for
  const begun = new Map() // session: what Holdfast says of it
  const warnings = new Map() // call: what the agent is to be told with its result
  let line = Promise.resolve() // what nobody waits for, one after the other

  const root = (id) => {
    while (parents.has(id)) id = parents.get(id)
    return id
  }
  const call = (event, id, more = {}) => ask(event, directory, { session_id: root(id), cwd: directory, ...more })
  const begin = (id) => {
    if (!begun.has(root(id))) begun.set(root(id), call("session.created", id))
    return begun.get(root(id))
  }
  const tell = (event, id) => {
    if (id) line = line.then(() => begin(id)).then(() => call(event, id))
  }
  const end = async (id) => {
    const known = begun.get(id)
    if (begun.delete(id)) await known.then(() => call("session.deleted", id))
  }
  const heard = {
    "session.created": ({ info }) => {
      if (info?.parentID && info.parentID !== info.id) parents.set(info.id, info.parentID)
      else if (info?.id) begin(info.id)
    },
    "session.deleted": ({ info }) => {
      if (info?.id && root(info.id) === info.id) line = line.then(() => end(info.id))
    },
    "session.idle": ({ sessionID }) => root(sessionID) === sessionID && tell("session.idle", sessionID),
    "permission.asked": ({ sessionID }) => tell("permission.asked", sessionID),
    "permission.updated": ({ sessionID }) => tell("permission.asked", sessionID),
    "question.asked": ({ sessionID }) => tell("permission.asked", sessionID),
  }

  return {
    event: async ({ event }) => {
      if (Object.hasOwn(heard, event?.type)) heard[event.type](event.properties ?? {})
    },
    "chat.message": async ({ sessionID }) => tell("chat.message", sessionID),
    "tool.execute.before": async ({ tool, sessionID, callID }, { args }) => {
      const answer = await call("tool.execute.before", sessionID, { tool_name: tool, tool_input: args })
      if (answer.permission === "deny") throw new Error(String(answer.reason))
      if (answer.context) warnings.set(callID, String(answer.context))
    },
    "tool.execute.after": async ({ sessionID, callID }, result) => {
      tell("tool.execute.after", sessionID)
      if (warnings.has(callID) && typeof result?.output === "string") result.output += "\n\n" + warnings.get(callID)
      warnings.delete(callID)
    },
    "experimental.chat.system.transform": async ({ sessionID }, { system }) => {
      const answer = sessionID ? await begin(sessionID) : {}
      if (answer.context) system.push(String(answer.context))
    },
    dispose: async () => {
      await line
      await Promise.all([...begun.keys()].map(end))
    },
  }
}
"""
