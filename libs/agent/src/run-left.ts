/** Thrown by `runAgent` between two steps when `AgentPorts.isLeaving` says so: another worker continues the run. */
export class RunLeft extends Error {
  constructor() {
    super('the worker leaves');
    this.name = 'RunLeft';
  }
}
