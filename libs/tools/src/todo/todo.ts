import { isJsonObject, type JsonObject, type JsonValue, type Tool } from '#libs/contract';
import { OWN_FILE_PREFIX } from '../workspace/limits.js';
import { answeringRefusals, Refusal } from '../workspace/refusal.js';
import type { Workspace } from '../workspace/workspace.js';
import type { Workspaces } from '../workspace/workspaces.js';
import { textArgument } from '../workspace/arguments.js';

const ITEMS_MAX = 100;
const ITEM_CHARS_MAX = 500;
const STATES = ['open', 'doing', 'done'] as const;
const MARKS = { open: '[ ]', doing: '[>]', done: '[x]' };

interface TodoItem {
  readonly text: string;
  readonly state: (typeof STATES)[number];
}

/**
 * `todo`: the plan of a session. The list is one small file in the workspace and is always written as a whole. It
 * outlives workers, long runs, and a history that was trimmed.
 */
export function todo(workspaces: Workspaces): Tool {
  return {
    name: 'todo',
    description:
      'Keeps the to-do list of this session. With items: replaces the whole list. Without: gives it. Use it to plan ' +
      'work of several steps, and keep it up to date.',
    parameters: {
      type: 'object',
      properties: {
        items: {
          type: 'array',
          maxItems: ITEMS_MAX,
          items: {
            type: 'object',
            properties: {
              text: { type: 'string', maxLength: ITEM_CHARS_MAX },
              state: { type: 'string', enum: [...STATES], description: 'Default: open.' },
            },
            required: ['text'],
            additionalProperties: false,
          },
        },
      },
      additionalProperties: false,
    },
    idempotent: true,
    approval: 'never',
    execute: answeringRefusals(async (args, context) => {
      const workspace = workspaces.of(context);
      const given = args['items'] ?? undefined;
      if (given === undefined) return { output: shown(await load(workspace)) };
      const items = itemsOf(given);
      await workspace.write(FILE, Buffer.from(JSON.stringify(items)));
      return { output: shown(items) };
    }),
  };
}

const FILE = [`${OWN_FILE_PREFIX}todo.json`];

async function load(workspace: Workspace): Promise<TodoItem[]> {
  const content = await workspace.read(FILE).catch((error: unknown) => {
    // Not written yet, or replaced by something that is not a file: the list is empty in both cases.
    if (error instanceof Refusal) return Buffer.from('[]');
    throw error;
  });
  try {
    return itemsOf(JSON.parse(content.toString()) as JsonValue);
  } catch {
    throw new Refusal('The list cannot be read any more. Write a new one.');
  }
}

function itemsOf(value: JsonValue): TodoItem[] {
  if (!Array.isArray(value) || value.length > ITEMS_MAX) {
    throw new Refusal(`The items must be a list of at most ${ITEMS_MAX}.`);
  }
  return value.map((item: JsonValue) => {
    if (!isJsonObject(item)) throw new Refusal('Each item must be an object with text and state.');
    return { text: itemText(item), state: itemState(item) };
  });
}

function itemText(item: JsonObject): string {
  const text = textArgument(item, 'text').trim();
  if (text === '' || text.length > ITEM_CHARS_MAX) {
    throw new Refusal(`The text of an item must have 1 to ${ITEM_CHARS_MAX} characters.`);
  }
  return text;
}

function itemState(item: JsonObject): TodoItem['state'] {
  const state = STATES.find((known) => known === (item['state'] ?? 'open'));
  if (!state) throw new Refusal(`The state of an item must be one of ${STATES.join(', ')}.`);
  return state;
}

function shown(items: readonly TodoItem[]): string {
  if (items.length === 0) return '[The list is empty.]';
  return items.map(({ text, state }) => `${MARKS[state]} ${text}`).join('\n');
}
