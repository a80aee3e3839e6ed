import type { ServiceReport } from '#libs/wire';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../api/calls.js';
import { ErrorCard } from '../ui/error-card.js';
import { duration } from '../ui/format.js';
import { Status } from '../ui/status.js';
import { Chart } from './chart.js';
import { PACE_SECONDS, paceOf } from './pace.js';
import { addSample, readSamples, waitingIn, type Sample, type Seen } from './samples.js';
import { Upstreams } from './upstreams.js';

const LOOK_MS = 5_000;

const RUNS_LOOKED_AT = 100;

/** The deployment, and how the last runs of this key went. A store that is away leaves the second part empty. */
async function look(): Promise<Seen> {
  const [report, runs] = await Promise.all([
    api.report(),
    api.runs({}, undefined, RUNS_LOOKED_AT).then(
      ({ data }) => data,
      () => [],
    ),
  ]);
  return { report, pace: paceOf(runs, Date.now() / 1_000) };
}

/** The state of the deployment: whether it is whole, what waits, who works. */
export function OverviewPage() {
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ['report'],
    queryFn: look,
    refetchInterval: LOOK_MS,
  });
  const [samples, setSamples] = useState<readonly Sample[]>(() => readSamples(Date.now()));
  useEffect(() => {
    if (data) setSamples((before) => addSample(before, data, dataUpdatedAt));
  }, [data, dataUpdatedAt]);
  return (
    <main className="page">
      <h1>Overview</h1>
      {error && <ErrorCard code="network" message={error.message} />}
      {data && <Report {...data} samples={samples} />}
    </main>
  );
}

function Report({ report, pace, samples }: Seen & { readonly samples: readonly Sample[] }) {
  const of = (key: keyof Sample) => samples.map((sample) => [sample.at, sample[key]] as const);
  const alive = report.workers.filter((worker) => worker.alive);
  return (
    <>
      {alive.length === 0 && (
        <div role="alert" className="error card">
          <strong>
            No worker is alive{waitingIn(report) > 0 ? ` and ${waitingIn(report)} runs wait` : ''}. Start one, or look
            at its log.
          </strong>
        </div>
      )}
      <p className="row">
        <Status value={report.status} />
        <span>Talaria {report.version}</span>
        <span className="note">
          Node {report.node}, up for {duration(report.uptime_seconds)}
        </span>
        <a href="/admin/queues" target="_blank" rel="noreferrer">
          Queue dashboard (admin)
        </a>
      </p>
      <div className="charts">
        <Chart name="Runs waiting" values={of('waiting')} />
        <Chart name="Oldest wait" values={of('oldestWait')} unit=" s" />
        <Chart name="Runs in work" values={of('active')} />
        <Chart name="Requests in flight" values={of('inFlight')} />
        <Chart name="Listeners" values={of('listeners')} />
        <Chart name="Your tokens per second" values={of('tokensPerSecond')} />
        <Chart name="First word after" values={of('firstTokenMs')} unit=" ms" />
        <Chart name="Your failed runs" values={of('failed')} />
      </div>
      <p className="note">
        Yours: {pace.failed} of {pace.ended} runs failed in the last {PACE_SECONDS / 60} minutes; tokens written and the
        middle time to the first word are of the same runs.
      </p>
      <Parts report={report} />
      <Workers report={report} />
      <Upstreams />
    </>
  );
}

function Parts({ report: { redis, store, queues } }: { readonly report: ServiceReport }) {
  return (
    <>
      <h2>Parts</h2>
      <ul className="parts">
        <li>
          Redis <Status value={redis.status} /> {redis.latency_ms !== undefined && `${redis.latency_ms} ms`}
        </li>
        <li>
          Store <Status value={store.status} />
        </li>
        {Object.entries(queues).map(([name, queue]) => (
          <li key={name}>
            Queue {name} <Status value={queue.status} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Workers({ report: { workers } }: { readonly report: ServiceReport }) {
  return (
    <>
      <h2>Workers</h2>
      <div className="table" tabIndex={0} role="group" aria-label="Workers">
        <table>
          <thead>
            <tr>
              <th>Worker</th>
              <th>State</th>
              <th>Version</th>
              <th>Runs</th>
              <th>Models</th>
            </tr>
          </thead>
          <tbody>
            {workers.map(({ id, alive, version, active, capacity, models }) => (
              <tr key={id}>
                <td className="short">{id}</td>
                <td>
                  <Status value={alive ? 'alive' : 'silent'} />
                </td>
                <td>{version}</td>
                <td>
                  {active ?? '?'} of {capacity}
                </td>
                <td>{models.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
