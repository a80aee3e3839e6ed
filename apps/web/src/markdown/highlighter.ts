import hljs from 'highlight.js/lib/core';
import type { LanguageFn } from 'highlight.js';

/** Code in pieces: plain text, or pieces of one kind (`keyword`, `string`). */
export type Piece = string | { readonly kind: string; readonly pieces: readonly Piece[] };

type Load = () => Promise<{ readonly default: LanguageFn }>;

/** Each is a file of its own, fetched when a text first has it. */
const LOADS: Readonly<Record<string, Load>> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  go: () => import('highlight.js/lib/languages/go'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  php: () => import('highlight.js/lib/languages/php'),
  python: () => import('highlight.js/lib/languages/python'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const OTHER_NAMES: Readonly<Record<string, string>> = {
  'c#': 'csharp',
  'c++': 'cpp',
  console: 'bash',
  cs: 'csharp',
  docker: 'dockerfile',
  golang: 'go',
  html: 'xml',
  js: 'javascript',
  jsx: 'javascript',
  kt: 'kotlin',
  md: 'markdown',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'bash',
  shell: 'bash',
  svg: 'xml',
  toml: 'ini',
  ts: 'typescript',
  tsx: 'typescript',
  yml: 'yaml',
  zsh: 'bash',
};

/** The tree of pieces that the library makes before it writes HTML of it; its own name for it is not public. */
interface Node {
  readonly scope?: string;
  readonly children: readonly (Node | string)[];
}

/** The code in pieces; undefined for a language that is not here. Rejects when its file cannot be fetched. */
export async function highlight(text: string, language: string): Promise<readonly Piece[] | undefined> {
  const wanted = language.toLowerCase();
  const name = Object.hasOwn(OTHER_NAMES, wanted) ? (OTHER_NAMES[wanted] ?? wanted) : wanted;
  const load = Object.hasOwn(LOADS, name) ? LOADS[name] : undefined;
  if (!load) return undefined;
  if (!hljs.getLanguage(name)) hljs.registerLanguage(name, (await load()).default);
  const result = hljs.highlight(text, { language: name, ignoreIllegals: true });
  const { rootNode } = (result as unknown as { readonly _emitter: { readonly rootNode: Node } })._emitter;
  return rootNode.children.map(pieceOf);
}

function pieceOf(node: Node | string): Piece {
  if (typeof node === 'string') return node;
  return { kind: (node.scope ?? 'text').split('.')[0] ?? 'text', pieces: node.children.map(pieceOf) };
}
