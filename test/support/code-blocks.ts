import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

export interface CodeBlock {
  /** Behind the fence: `sh`, `yaml` ...; empty where nothing stands there. */
  readonly language: string;
  readonly text: string;
}

/** The code blocks of a document of this project, in their order. */
export function codeBlocks(document: string): CodeBlock[] {
  const text = readFileSync(join(projectRoot(), document), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', block = '']) => ({
    language,
    text: block,
  }));
}

/** The commands in it: a line that ends in a backslash, or in an open quote, goes on in the next. */
export function commandsOf({ text }: CodeBlock): string[] {
  const commands: string[] = [];
  let open = '';
  for (const line of text.split('\n')) {
    open = open === '' ? line : `${open}\n${line}`;
    const isQuoted = (open.split("'").length - 1) % 2 === 1;
    if (isQuoted || line.endsWith('\\')) continue;
    if (open.trim() !== '') commands.push(open);
    open = '';
  }
  return commands;
}
