import type { Token, Tokens } from 'marked';
import { memo, type ReactNode } from 'react';
import { CodeBlock } from './code-block.js';
import { inline } from './inline.js';

/** One block. Rendered again only when its token is another one. */
export const BlockView = memo(function BlockView({ token }: { readonly token: Token }) {
  return block(token);
});

function block(token: Token): ReactNode {
  switch (token.type) {
    case 'heading':
      return heading(token as Tokens.Heading);
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>;
    case 'code': {
      const { text, lang } = token as Tokens.Code;
      return <CodeBlock text={text} language={lang === undefined || lang === '' ? undefined : lang.split(/\s/)[0]} />;
    }
    case 'blockquote':
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case 'list':
      return list(token as Tokens.List);
    case 'table':
      return table(token as Tokens.Table);
    case 'hr':
      return <hr />;
    case 'blockMath':
      return <pre className="math">{(token as Tokens.Text).text}</pre>;
    case 'text':
      return inline(token.tokens ?? [token]);
    case 'space':
    case 'def':
    case 'checkbox':
      return null;
    default:
      return <p className="raw">{token.raw}</p>;
  }
}

const blocks = (tokens: readonly Token[] | undefined): ReactNode =>
  tokens?.map((token, i) => <BlockView key={i} token={token} />);

/** The page's own headings are the first two levels. */
function heading({ depth, tokens }: Tokens.Heading): ReactNode {
  const Level = `h${Math.min(depth + 2, 6)}` as 'h3' | 'h4' | 'h5' | 'h6';
  return <Level>{inline(tokens)}</Level>;
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const rows = items.map((item, i) => (
    <li key={i} className={item.task ? 'task' : undefined}>
      {item.task && <input type="checkbox" checked={item.checked === true} disabled aria-label="done" />}
      {blocks(item.tokens)}
    </li>
  ));
  if (!ordered) return <ul>{rows}</ul>;
  return <ol start={start === '' ? 1 : start}>{rows}</ol>;
}

function table({ header, rows }: Tokens.Table): ReactNode {
  const side = (align: Tokens.TableCell['align']): string | undefined => (align ? `align-${align}` : undefined);
  return (
    <div className="table" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>
            {header.map(({ tokens, align }, i) => (
              <th key={i} className={side(align)}>
                {inline(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, i) => (
            <tr key={i}>
              {cells.map(({ tokens, align }, j) => (
                <td key={j} className={side(align)}>
                  {inline(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
