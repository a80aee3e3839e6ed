import type { Page, RunSummary } from '#libs/wire';
import { CliError, EXIT } from '../gateway/cli-error.js';
import type { Gateway } from '../gateway/gateway.js';

const RUN_ID = /^run_[0-9a-f]{32}$/;
/** The console shows this much of an id, and two points behind it. */
const BEGINNING = /^run_[0-9a-f]{4,31}(\.\.)?$/;
/** The most that the API lists on one page. */
const LOOKED_AT = 100;

/**
 * The id of a run from what a person typed: the id itself, or its beginning as the console shows it, which is looked
 * for among the newest runs. Throws CliError when it fits none or several.
 */
export async function runIdOf(gateway: Gateway, given: string): Promise<string> {
  if (RUN_ID.test(given)) return given;
  if (!BEGINNING.test(given)) {
    throw new CliError(`${JSON.stringify(given)} is no id of a run; one looks like run_5a01616f...`, EXIT.usage);
  }
  const beginning = given.replace(/\.+$/, '');
  const { data } = await gateway.get<Page<RunSummary>>('/v1/runs', { limit: LOOKED_AT });
  const ids = data.map((run) => run.run_id).filter((id) => id.startsWith(beginning));
  const [id, ...others] = ids;
  if (id === undefined)
    throw new CliError(`None of your newest ${LOOKED_AT} runs begins with ${beginning}.`, EXIT.failed);
  if (others.length > 0) throw new CliError(`Several runs begin so: ${ids.join(', ')}`, EXIT.usage);
  return id;
}
