import type { Protocol } from '#libs/protocols';
import { Runs } from '#libs/runs';
import { Module, type DynamicModule } from '@nestjs/common';
import type { CreateRun } from '../answering/create-run.js';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import { VERSION } from '../models/health.controller.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { PRICES } from '../runs/turn-object.js';
import { RunList } from '../runs/run-list.js';
import { APPROVAL_MEMORY, ApprovalsController } from './approvals.controller.js';
import { AUTH_REQUIRED, CapabilitiesController, TOLD_PROTOCOLS } from './capabilities.controller.js';
import { FollowController, HISTORY } from './follow.controller.js';
import { ManyRunEvents } from './many-run-events.js';
import { PendingApprovalsController } from './pending-approvals.controller.js';
import { RerunController } from './rerun.controller.js';
import { Rerun } from './rerun.js';
import { DELETE_PORTS, RunControlController } from './run-control.controller.js';
import { RunEvents } from './run-events.js';
import { RunObjects } from '../runs/run-objects.js';
import { RunsController } from './runs.controller.js';
import { StartRun } from './start-run.js';

interface Extras {
  readonly createRun: CreateRun;
  readonly version: string;
  readonly protocols: readonly Protocol[];
}

/** /v1/runs and its related routes: control, approvals, capabilities. */
@Module({})
export class RunsModule {
  static for(core: ApiCore, ports: ApiPorts, { createRun, version, protocols }: Extras): DynamicModule {
    const list = new RunList(ports);
    return {
      module: RunsModule,
      controllers: [
        FollowController,
        RunsController,
        RunControlController,
        RerunController,
        PendingApprovalsController,
        ApprovalsController,
        CapabilitiesController,
      ],
      providers: [
        { provide: Runs, useValue: core.runs },
        { provide: RunList, useValue: list },
        { provide: RunObjects, useValue: new RunObjects(core.runs, list, core.prices) },
        { provide: DELETE_PORTS, useValue: { runs: core.runs, log: ports.log, store: ports.store } },
        { provide: RunEvents, useValue: new RunEvents(core) },
        { provide: ManyRunEvents, useValue: new ManyRunEvents(core) },
        { provide: PRICES, useValue: core.prices },
        { provide: HISTORY, useValue: core.history },
        { provide: StartRun, useValue: new StartRun({ ...core, create: createRun }) },
        { provide: Rerun, useValue: new Rerun({ ...core, log: ports.log }) },
        { provide: ModelDirectory, useValue: core.models },
        { provide: APPROVAL_MEMORY, useValue: ports.approvals },
        { provide: AUTH_REQUIRED, useValue: core.isKeyed },
        { provide: VERSION, useValue: version },
        { provide: TOLD_PROTOCOLS, useValue: protocols },
      ],
    };
  }
}
