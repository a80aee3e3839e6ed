import { createElement, type ComponentType } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { BlockCache } from '../../../apps/web/src/markdown/block-cache.js';
import { safeLink } from '../../../apps/web/src/markdown/safe-link.js';
import { sessionMarkdown } from '../../../apps/web/src/chat/sessions/session-markdown.js';
import fc from '../../support/property.js';

/** Hostile Markdown: whatever a model writes, the page makes no markup of it but its own. */
const RUNS = { numRuns: 1_500 };
const TAGS = new Set(
  'a blockquote br button code del div em figcaption figure h3 h4 h5 h6 hr input li ol p pre span strong table tbody td th thead tr ul'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'aria-label checked class disabled href rel role start tabindex target title type'.split(' '),
);

// A page's component: its types belong to the page's own check.
const path = '../../../apps/web/src/markdown/markdown.js';
let Markdown: ComponentType<{ text: string }>;
beforeAll(async () => {
  ({ Markdown } = (await import(path)) as { Markdown: typeof Markdown });
});

const render = (text: string): string => renderToStaticMarkup(createElement(Markdown, { text }));

const pieces = fc.oneof(
  fc.constantFrom(
    '<script>hurt()</script>',
    '<img src=x onerror=hurt()>',
    '<svg/onload=hurt()>',
    '<a href="javascript:hurt()">x</a>',
    '[x](javascript:hurt())',
    '[x](JaVaScRiPt&colon;hurt())',
    '[x](&#106;avascript:hurt())',
    '[x](data:text/html,<script>hurt()</script>)',
    '[x](vbscript:hurt)',
    '![x](https://a.example/p.png?q)',
    '![x](file:///etc/passwd)',
    '[x]: javascript:hurt()\n\n[x]',
    '[y]: https://a.example "t\\" onclick=hurt()"\n\n[y]',
    '<https://a.example/"onclick=hurt()>',
    'https://a.example/"><script>hurt()</script>',
    '`` `<b>` ``',
    '```html\n<script>hurt()</script>\n',
    '~~~\n"\n~~~\n',
    '| a | b |\n|---|:-:|\n| <i>x</i> | $a_1$ |\n',
    '- [x] <b>\n- [ ] y\n',
    '1. a\n\n   b\n',
    '> quote\n> > <s>\n',
    '# h\n',
    '***',
    '$$x < y$$\n',
    '\\[ a \\]',
    '&lt;script&gt;',
    '&#60;img&#62;',
    '\u2028',
    '\0',
    '\t',
    '\r\n',
    '\n\n',
    '  \n',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.stringMatching(/^[<>&"'`*_[\]()!#|\\$~\n -]{0,12}$/),
);
const texts = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));

/** Fails on any markup that the page does not write itself. */
function check(html: string): void {
  for (const [, name = '', attributes = ''] of html.matchAll(/<([a-z0-9]+)((?:\s[^<>]*)?)>/gi)) {
    expect(TAGS).toContain(name);
    for (const [, attribute = '', value = ''] of attributes.matchAll(/\s([a-z-]+)="([^"]*)"/gi)) {
      expect(ATTRIBUTES).toContain(attribute);
      if (attribute === 'href') expect(value).toMatch(/^(?:https?|mailto):/);
    }
  }
  expect(html.match(/<(?:script|img|svg|iframe|style|object|link|form)/gi)).toBeNull();
}

test('hostile texts become no markup but the page’s own', () => {
  fc.assert(
    fc.property(texts, (text) => check(render(text))),
    RUNS,
  );
});

test('a text that grows is at each moment as safe, and at its end as whole, as one that came at once', () => {
  fc.assert(
    fc.property(texts, fc.array(fc.nat(20), { maxLength: 30 }), (text, steps) => {
      const cache = new BlockCache();
      let at = 0;
      for (const step of steps) cache.blocksOf(text.slice(0, (at += step)));
      const grown = cache.blocksOf(text);
      const places = grown.map((block) => block.at);
      expect([...places].sort((a, b) => a - b)).toEqual(places);
      expect(new Set(places).size).toBe(places.length);
      expect(withoutSpace(grown)).toBe(withoutSpace(new BlockCache().blocksOf(text)));
    }),
    RUNS,
  );
});

const withoutSpace = (blocks: ReturnType<BlockCache['blocksOf']>): string =>
  blocks.map(({ token }) => token.raw.replaceAll(/\s/g, '')).join('');

test.each([
  'javascript:x',
  'JAVASCRIPT:x',
  ' javascript:x',
  'java\nscript:x',
  'data:text/html,x',
  'blob:x',
  '//a',
  'x',
])('%j is no address that may be followed', (href) => expect(safeLink(href)).toBeUndefined());

test('an exported session cannot break out of its code blocks', () => {
  const call = {
    type: 'tool_call',
    step: 1,
    status: 'completed',
    call_id: 'c',
    name: 'x',
    arguments: '{}',
    executed_by: 'server',
    output: '```\n# not a heading\n````\n',
    is_error: false,
    duration: 1,
  };
  const turn = { input: [{ role: 'user', content: 'Hi' }], items: [call], steers: [], model: 'm', created_at: 1 };
  const text = sessionMarkdown('T', [{ ...turn, status: 'completed', error: null }] as never);
  expect(text).toContain('`````\n```\n# not a heading\n````\n');
  expect(text).toContain('## You\n\nHi');
});
