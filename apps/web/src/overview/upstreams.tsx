import { useQuery } from '@tanstack/react-query';
import { api } from '../api/calls.js';
import { count } from '../ui/format.js';
import { Status } from '../ui/status.js';

const LOOK_MS = 10_000;

/** How the upstreams are, for keys of admins; for others there is nothing to see. */
export function Upstreams() {
  const { data } = useQuery({
    queryKey: ['upstreams'],
    queryFn: api.upstreams,
    // A refused key is asked once: each time counts as a wrong token.
    refetchInterval: ({ state }) => (state.data ? LOOK_MS : false),
    refetchOnWindowFocus: false,
    staleTime: Infinity,
  });
  if (!data) return null;
  return (
    <>
      <h2>Upstreams</h2>
      <div className="table" tabIndex={0} role="group" aria-label="Upstreams">
        <table>
          <thead>
            <tr>
              <th>Upstream</th>
              <th>State</th>
              <th>In flight</th>
              <th>Calls</th>
              <th>Failures</th>
              <th>First word</th>
              <th>Cache hits</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ name, state, models, in_flight, calls, failures, first_token_ms, cache_hit_rate }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>
                  <Status value={state} />
                  {models
                    .filter((one) => one.state !== 'well')
                    .map((one) => (
                      <div key={one.model} className="note">
                        {one.model}: {one.state.replaceAll('_', ' ')} {one.why}
                      </div>
                    ))}
                </td>
                <td>{in_flight}</td>
                <td>{count(calls)}</td>
                <td>{count(failures)}</td>
                <td>{first_token_ms === null ? '' : `${first_token_ms} ms`}</td>
                <td>{cache_hit_rate === null ? '' : `${Math.round(cache_hit_rate * 100)} %`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
