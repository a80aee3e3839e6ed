/** Thrown by `runAgent` between two steps when `AgentPorts.isLeaving` says so: another worker shall go on. */
export class RunLeft extends Error {
  constructor() {
    super('the worker leaves');
    this.name = 'RunLeft';
  }
}
