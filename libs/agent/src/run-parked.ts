/** Thrown by `runAgent` when the run waits for an approval: it is not this worker's any more, and it has not ended. */
export class RunParked extends Error {
  constructor() {
    super('the run is parked');
    this.name = 'RunParked';
  }
}
