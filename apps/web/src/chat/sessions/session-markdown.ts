import type { ChatMessage, RunItem, TurnObject } from '#libs/wire';
import { fileName, filesOf, imagesOf, userText } from '../message-text.js';

/** A conversation as one Markdown document: what was asked, thought, called and answered. */
export function sessionMarkdown(title: string, turns: readonly TurnObject[]): string {
  return [`# ${title}`, ...turns.flatMap(turnMarkdown)].join('\n\n') + '\n';
}

function turnMarkdown({ input, items, model, created_at, status, error, steers }: TurnObject): string[] {
  const at = new Date(created_at * 1_000).toISOString();
  const said = items.filter((item) => item.status !== 'interrupted').map(itemMarkdown);
  const told = steers.map(({ text }) => `> You, meanwhile: ${text}`);
  const end = error ? [`*${error.code}: ${error.message}*`] : status === 'completed' ? [] : [`*${status}*`];
  return ['## You', ...asked(input), `## ${model}, ${at}`, ...said, ...told, ...end];
}

function asked(input: readonly ChatMessage[]): string[] {
  const files = filesOf(input).map((file) => `*File: ${fileName(file)}*`);
  return [userText(input), ...imagesOf(input).map((url, i) => `![Picture ${i + 1}](${url})`), ...files];
}

function itemMarkdown(item: RunItem): string {
  switch (item.type) {
    case 'tool_call': {
      const result = item.output === null ? [] : [`${item.is_error ? 'Error' : 'Result'}:`, fenced(item.output)];
      return [`Call of \`${item.name}\`:`, fenced(item.arguments), ...result].join('\n\n');
    }
    case 'reasoning':
      return item.text.replaceAll(/^/gm, '> ');
    case 'message':
    case 'refusal':
      return item.image === undefined ? item.text : `![Picture of the answer](${item.image})`;
  }
}

/** With more backticks than the text has in a row. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
