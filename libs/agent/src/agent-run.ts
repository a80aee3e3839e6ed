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

/** Thrown by `runAgent` between two steps when `AgentPorts.isLeaving` says so: another worker continues the run. */
export class RunLeft extends Error {
  constructor() {
    super('the worker leaves');
    this.name = 'RunLeft';
  }
}

/**
 * Thrown by `runAgent` when the run waits for an approval: this worker no longer owns the run, and the run has not
 * ended.
 */
export class RunParked extends Error {
  constructor() {
    super('the run is parked');
    this.name = 'RunParked';
  }
}
