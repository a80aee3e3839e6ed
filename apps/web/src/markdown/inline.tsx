import type { Token, Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';
import { decodeEntities } from './entities.js';
import { safeLink } from './safe-link.js';

/** Inline tokens as React nodes. HTML in the text is shown as text: there is no way from here to markup. */
export function inline(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map((token, i) => <Fragment key={i}>{node(token)}</Fragment>);
}

function node(token: Token): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens)}</strong>;
    case 'em':
      return <em>{inline(token.tokens)}</em>;
    case 'del':
      return <del>{inline(token.tokens)}</del>;
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'inlineMath':
      return <code className="math">{token.raw}</code>;
    case 'br':
      return <br />;
    case 'link':
      return link(token as Tokens.Link);
    case 'image':
      return picture(token as Tokens.Image);
    case 'escape':
      return (token as Tokens.Escape).text;
    case 'text':
      return token.tokens ? inline(token.tokens) : decodeEntities((token as Tokens.Text).text);
    default:
      return token.raw;
  }
}

function link({ href, tokens, raw }: Tokens.Link): ReactNode {
  const safe = safeLink(href);
  if (safe === undefined) return raw;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow" title={safe}>
      {inline(tokens)}
    </a>
  );
}

/** A picture of somewhere else would tell its server who reads this: it is opened by a click, in a page of its own. */
function picture({ href, text, raw }: Tokens.Image): ReactNode {
  const safe = safeLink(href);
  if (safe === undefined) return raw;
  return (
    <a className="picture" href={safe} target="_blank" rel="noopener noreferrer nofollow" title={safe}>
      Picture: {text || safe}
    </a>
  );
}
