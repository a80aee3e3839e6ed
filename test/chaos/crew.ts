import type { Service, ServiceName, Stack } from '../support/stack.js';

/** The services of a stack that are alive now: what a load balancer and a supervisor would know. */
export class Crew {
  private readonly members: Service[];

  constructor(private readonly stack: Stack) {
    const { apis, workers, store, scheduler } = stack;
    this.members = [...apis, ...workers, store, ...(scheduler ? [scheduler] : [])];
  }

  of(name: ServiceName): Service[] {
    return this.members.filter((service) => service.name === name && !service.hasExited());
  }

  get alive(): Service[] {
    return this.members.filter((service) => !service.hasExited());
  }

  /** The pids of all that were started here, dead or alive. */
  get everStarted(): readonly number[] {
    return this.members.map(({ pid }) => pid);
  }

  /** One more of its kind, ready to serve. */
  async add(name: ServiceName, env: Record<string, string> = {}): Promise<Service> {
    const service = await this.stack.start(name, env);
    this.members.push(service);
    return service;
  }

  /** Ends one and starts another in its place, as a supervisor does. @returns the new one. */
  async replace(service: Service, signal: NodeJS.Signals = 'SIGKILL'): Promise<Service> {
    await service.kill(signal);
    return this.add(service.name);
  }

  /** The worker that a run's events say it is executed by; the id of a worker holds its pid. */
  workerNamed(workerId: string): Service | undefined {
    return this.of('worker').find(({ pid }) => workerId.includes(`-${pid}-`));
  }
}
