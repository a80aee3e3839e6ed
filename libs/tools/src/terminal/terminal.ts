import { LIMITS, type Tool, type ToolResult } from '#libs/contract';
import type { LiveTrees } from '../processes/live-trees.js';
import { optionalCount, textArgument } from '../workspace/arguments.js';
import { answeringRefusals, Refusal } from '../workspace/refusal.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { runCommand, type CommandEnd } from './run-command.js';

const SECONDS_DEFAULT = 60;
/** Below the agent's own limit, so that the model reads the command's output. */
const SECONDS_MAX = LIMITS.toolSecondsMax - 5;
const COMMAND_CHARS_MAX = 20_000;

export interface TerminalParts {
  readonly workspaces: Workspaces;
  readonly live: LiveTrees;
  /** Program and arguments that a command is given to, as the last one; `{workspace}` in them is the folder. */
  readonly shell: readonly string[];
  /** PATH of the commands. */
  readonly path: string;
}

/** `terminal`: a shell command in the workspace, with the rights of the worker's user. */
export function terminal({ workspaces, live, shell, path }: TerminalParts): Tool {
  return {
    name: 'terminal',
    description:
      'Runs a shell command (/bin/sh) in the workspace and gives its output and exit code. No input, no terminal: ' +
      'use options that do not ask. When the command ends, processes that it left in the background are ended too.',
    parameters: {
      type: 'object',
      properties: {
        command: { type: 'string', maxLength: COMMAND_CHARS_MAX },
        timeout_seconds: {
          type: 'integer',
          minimum: 1,
          maximum: SECONDS_MAX,
          description: `Default: ${SECONDS_DEFAULT}.`,
        },
      },
      required: ['command'],
      additionalProperties: false,
    },
    idempotent: false,
    approval: 'always',
    execute: answeringRefusals(async (args, context) => {
      const text = textArgument(args, 'command');
      if (text.trim() === '' || text.length > COMMAND_CHARS_MAX || text.includes('\0')) {
        throw new Refusal(`The command must have 1 to ${COMMAND_CHARS_MAX} characters, none of them NUL.`);
      }
      const seconds = optionalCount(args, 'timeout_seconds', { otherwise: SECONDS_DEFAULT, max: SECONDS_MAX });
      const { signal, progress } = context;
      const folder = await workspaces.pathOf(context);
      const command = { text, folder, shell, path, timeoutMs: seconds * 1_000, signal, progress };
      return answerOf(await runCommand(command, live), seconds);
    }),
  };
}

function answerOf({ output, end }: CommandEnd, seconds: number): ToolResult {
  const text = output.trimEnd();
  const answer = (note: string, isError: boolean): ToolResult => ({
    output: text === '' ? note : `${text}\n${note}`,
    isError,
  });
  switch (end.kind) {
    case 'exited':
      return answer(`[Exit code ${end.code}.]`, end.code !== 0);
    case 'signalled':
      return answer(`[Ended by ${end.signal}.]`, true);
    case 'timed_out':
      return answer(`[Timed out after ${seconds} s; the command was ended.]`, true);
    case 'not_started':
      return answer(`[The command could not be started: ${end.why}.]`, true);
  }
}
