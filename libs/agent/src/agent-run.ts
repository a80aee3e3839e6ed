import type { RunSpec } from '#libs/contract';
import type { AgentPorts } from './ports.js';
import type { RunBook } from './run-book.js';
import type { Toolbox } from './toolbox.js';

/** One run on one worker: everything that the parts of the agent loop need. */
export interface AgentRun {
  readonly spec: RunSpec;
  readonly ports: AgentPorts;
  readonly book: RunBook;
  readonly toolbox: Toolbox;
}
