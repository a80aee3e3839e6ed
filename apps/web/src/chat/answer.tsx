import { Markdown } from '../markdown/markdown.js';
import type { ItemView, RunView, SteerView } from '../run-view/run-view.js';
import { ToolCard } from './tool-card.js';

/** What the run said, did and was told, in order. */
export function Answer({ view }: { readonly view: RunView }) {
  const parts = partsOf(view);
  return parts.map((part, i) =>
    'afterStep' in part ? (
      <p key={i} className="steer">
        <span className="note">You, meanwhile:</span> {part.text}
      </p>
    ) : (
      <Item key={i} runId={view.runId} item={part} />
    ),
  );
}

function Item({ runId, item }: { readonly runId: string; readonly item: ItemView }) {
  switch (item.type) {
    case 'tool_call':
      return <ToolCard runId={runId} call={item} />;
    case 'reasoning':
      return (
        <details className="reasoning">
          <summary>{item.status === 'in_progress' ? 'Thinking' : 'Thoughts'}</summary>
          <Markdown text={item.text} />
        </details>
      );
    case 'message':
    case 'refusal':
      return (
        <div className={item.status === 'interrupted' ? 'interrupted' : undefined}>
          {item.status === 'interrupted' && (
            <p className="note">This part was cut off with its worker and begins again.</p>
          )}
          {item.image === undefined ? <Markdown text={item.text} /> : <Picture url={item.image} />}
        </div>
      );
  }
}

/** Images come as data URLs; anything else would be fetched from where a model says. */
function Picture({ url }: { readonly url: string }) {
  const isImage = /^data:image\/[\w.+-]+;base64,/i.test(url);
  return isImage ? (
    <img src={url} alt="Picture of the answer" />
  ) : (
    <p className="note">A picture that cannot be shown.</p>
  );
}

/** Steering texts stand behind the step in which they were said. */
function partsOf({ items, steers }: RunView): readonly (ItemView | SteerView)[] {
  const parts: (ItemView | SteerView)[] = [];
  let next = 0;
  for (const item of items) {
    for (; next < steers.length && (steers[next]?.afterStep ?? 0) < item.step; next++)
      parts.push(steers[next] as SteerView);
    parts.push(item);
  }
  return [...parts, ...steers.slice(next)];
}
