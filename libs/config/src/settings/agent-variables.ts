import { LIMITS } from '#libs/contract';
import { hostOrBlock, integer, listOf, oneOf, text, toolPattern } from '../values/parsers.js';
import type { Variable } from './variable.js';

/** The settings of the agent and its tools. */
export const AGENT_VARIABLES = [
  { name: 'AGENT_SYSTEM_PROMPT', path: 'agent.system_prompt', meaning: 'core system prompt', parser: text },
  {
    name: 'AGENT_MAX_STEPS',
    path: 'agent.max_steps',
    default: String(LIMITS.stepsMaxDefault),
    meaning: 'model calls of one run',
    parser: integer(1, 10_000),
  },
  {
    name: 'RUN_SECONDS_MAX',
    path: 'agent.max_seconds',
    default: String(LIMITS.runSecondsMax),
    meaning: 'longest run',
    parser: integer(1, 604_800),
  },
  {
    name: 'TOOLS',
    path: 'agent.tools',
    default: 'current_time,http_fetch',
    meaning: 'server tools that models are offered, `file_*` for all that begin so; empty: none',
    emptyIsNone: true,
    parser: listOf(toolPattern),
  },
  {
    name: 'TOOLS_BESIDE_CLIENT_TOOLS',
    path: 'agent.tools_beside_client_tools',
    default: 'offer',
    meaning: 'a request that brings tools of its own: `offer` the server tools as well, or `omit` them',
    parser: oneOf('offer', 'omit'),
  },
  {
    name: 'FETCH_ALLOWED_HOSTS',
    path: 'agent.fetch_allowed_hosts',
    meaning: 'private hosts or CIDR blocks that `http_fetch` may reach',
    parser: listOf(hostOrBlock),
  },
  {
    name: 'WORKSPACE_DIR',
    path: 'agent.workspace_dir',
    meaning:
      'folder of the workspaces in which tools work, shared by all workers; unset: `workspaces` in the data folder',
    parser: text,
  },
  {
    name: 'WORKSPACE_DAYS',
    path: 'agent.workspace_days',
    default: '30',
    meaning: 'days after which a workspace that nobody used is removed',
    parser: integer(1, 10_000),
  },
  {
    name: 'TERMINAL_COMMAND',
    path: 'agent.terminal_command',
    default: '/bin/sh,-c',
    meaning: 'program that runs the commands of the `terminal` tool, and its arguments; `{workspace}` is the folder',
    parser: listOf(text),
  },
  {
    name: 'TERMINAL_PATH',
    path: 'agent.terminal_path',
    default: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    meaning: 'PATH of the commands of the `terminal` tool',
    parser: text,
  },
  {
    name: 'APPROVAL_TIMEOUT_SECONDS',
    path: 'approvals.timeout_seconds',
    default: String(LIMITS.approvalSecondsDefault),
    meaning: 'how long a call may wait to be allowed before it counts as denied',
    parser: integer(1, 259_200),
  },
  {
    name: 'APPROVALS_IN_CHAT',
    path: 'approvals.in_chat',
    default: 'say',
    meaning:
      'a call that waits for approval, where the client is no Hermes client: `say` it in the text of the answer, `deny` it at once, or `wait` in silence',
    parser: oneOf('say', 'deny', 'wait'),
  },
] as const satisfies readonly Variable[];
