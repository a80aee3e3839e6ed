import { isJsonObject } from '#libs/contract';

/** `resp_<32 hex>` for `run_<the same 32 hex>`: one response is one run. */
export function responseIdOf(runId: string): string {
  return `resp_${keyOf(runId)}`;
}

/** undefined for a text that cannot be the id of a response. */
export function runIdOfResponse(responseId: string): string | undefined {
  const key = /^resp_([0-9a-f]{32})$/.exec(responseId)?.[1];
  return key === undefined ? undefined : `run_${key}`;
}

/**
 * The kinds of items that the gateway understands, and the prefixes of their ids. Items of other kinds are kept and
 * returned.
 */
const PREFIX = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
  mcp_call: 'mcp',
  image_generation_call: 'ig',
  item_reference: 'ref',
  compaction: 'cmp',
  additional_tools: 'at',
  configuration_update: 'cu',
  compaction_trigger: 'ct',
} as const;

export type ItemType = keyof typeof PREFIX;

export function isItemType(type: string): type is ItemType {
  return Object.hasOwn(PREFIX, type);
}

/**
 * The id of an item. It is derived from the item's position and so is stable: `o` counts the run's output, `i` its
 * input, from 0.
 */
export function itemIdOf(type: ItemType | 'other', runId: string, side: 'i' | 'o', index: number): string {
  return `${type === 'other' ? 'item' : PREFIX[type]}_${keyOf(runId)}${side}${index}`;
}

/** The run whose input or output has this item. undefined for ids that the gateway did not assign. */
export function runIdOfItem(itemId: string): string | undefined {
  const key = /^[a-z]{2,4}_([0-9a-f]{32})[io]\d+$/.exec(itemId)?.[1];
  return key === undefined ? undefined : `run_${key}`;
}

const TOLD = 'msg_apr_';

/** The id of an item with words of the gateway about an approval: no response that is kept has it. */
export const toldIdOf = (approvalId: string): string => `${TOLD}${approvalId.replace(/^apr_/, '')}`;

/** Items of an input without those: they, or references to them, come back with a client's history. */
export function withoutTold(items: readonly unknown[]): readonly unknown[] {
  const isTold = (item: unknown): boolean => {
    const id = isJsonObject(item) ? item['id'] : undefined;
    return typeof id === 'string' && id.startsWith(TOLD);
  };
  return items.some(isTold) ? items.filter((item) => !isTold(item)) : items;
}

function keyOf(runId: string): string {
  return runId.replace(/^run_/, '');
}
