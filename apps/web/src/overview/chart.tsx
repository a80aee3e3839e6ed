const WIDTH = 240;
const HEIGHT = 60;

/** A line over time with its last value; the line begins where this tab began to look. */
export function Chart(props: {
  readonly name: string;
  readonly values: readonly (readonly [at: number, value: number])[];
  readonly unit?: string;
}) {
  const { name, values, unit = '' } = props;
  const last = values.at(-1)?.[1] ?? 0;
  const top = Math.max(1, ...values.map(([, value]) => value));
  const begin = values[0]?.[0] ?? 0;
  const length = Math.max((values.at(-1)?.[0] ?? 0) - begin, 1);
  const points = values.map(
    ([at, value]) => `${((at - begin) / length) * WIDTH},${HEIGHT - 2 - (value / top) * (HEIGHT - 4)}`,
  );
  return (
    <figure className="chart card">
      <figcaption>
        {name}{' '}
        <strong>
          {last.toLocaleString()}
          {unit}
        </strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${name}: now ${last}${unit}, at most ${top}${unit}`}
      >
        <polyline points={points.join(' ')} />
      </svg>
    </figure>
  );
}
