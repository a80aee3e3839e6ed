import { duration } from '../ui/format.js';
import type { Span } from './timeline.js';

const ROW = 26;
const BAR = 16;
const WIDTH = 1_000;
const LABELS = 300;

/** Bars over time, one row each; a list of the same stands in its text for who does not see it. */
export function TimelineChart({ spans }: { readonly spans: readonly Span[] }) {
  const first = spans[0];
  if (!first) return <p className="note">Its events have expired.</p>;
  const now = Date.now() / 1_000;
  const begin = first.from;
  const end = Math.max(...spans.map(({ to }) => to ?? now), begin + 0.001);
  const scale = (at: number): number => LABELS + ((at - begin) / (end - begin)) * (WIDTH - LABELS);
  return (
    <div className="timeline" tabIndex={0} role="group" aria-label={`Timeline, ${duration(end - begin)}`}>
      <svg viewBox={`0 0 ${WIDTH} ${spans.length * ROW}`} role="img" aria-label={describe(spans, now)}>
        {spans.map((span, i) => (
          <g key={i} transform={`translate(0 ${i * ROW})`}>
            <text x={0} y={BAR}>
              {short(span.name)}
            </text>
            <rect
              className={`span ${span.kind}`}
              x={scale(span.from)}
              y={3}
              height={BAR}
              width={Math.max(scale(span.to ?? now) - scale(span.from), 2)}
              rx={3}
            >
              <title>{line(span, now)}</title>
            </rect>
            <text className="length" {...beside(scale(span.from), scale(span.to ?? now))} y={BAR}>
              {duration((span.to ?? now) - span.from)}
              {span.note !== undefined && `, ${span.note}`}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

/** The length stands behind its bar, or before the end of one that leaves no room. */
const beside = (from: number, to: number) =>
  to < WIDTH * 0.72
    ? { x: to + 6 }
    : from > LABELS + 200
      ? { x: from - 6, textAnchor: 'end' as const }
      : { x: from + 6 };

const NAME_CHARS = 34;
const short = (name: string): string => (name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS - 1)}…` : name);

const line = ({ name, from, to, note }: Span, now: number): string =>
  `${name}: ${duration((to ?? now) - from)}${note === undefined ? '' : `, ${note}`}`;

const describe = (spans: readonly Span[], now: number): string => spans.map((span) => line(span, now)).join('; ');
