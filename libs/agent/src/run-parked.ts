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
