import { historyReader } from '#libs/history';
import type { Provider } from '@nestjs/common';
import type { ApiPorts } from '../api-ports.js';
import { SessionService } from './session-service.js';

/** The service behind /api/sessions, wired up. */
export const sessionService = (ports: ApiPorts): Provider => ({
  provide: SessionService,
  useValue: new SessionService({ ...ports, history: historyReader(ports) }),
});
