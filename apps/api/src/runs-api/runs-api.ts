import type { ApprovalMemory, LiveRuns, RunJournal } from '#libs/contract';
import { historyReader } from '#libs/history';
import type { StoreClient } from '#libs/store-client';
import type { Provider, Type } from '@nestjs/common';
import type { ApiCore } from '../api-core.js';
import { APPROVAL_MEMORY, ApprovalsController } from './approvals.controller.js';
import { AUTH_REQUIRED, CapabilitiesController } from './capabilities.controller.js';
import type { CreateRun } from '../answering/create-run.js';
import { RunControlController } from './run-control.controller.js';
import { ResponseFinder } from '../runs/response-finder.js';
import { StartRun } from './start-run.js';
import { RunControl, type ControlPorts } from '../runs/run-control.js';
import { RunList } from '../runs/run-list.js';

export interface RunsPorts extends ControlPorts {
  readonly log: ControlPorts['log'] & RunJournal;
  readonly live: LiveRuns;
  readonly store: Pick<StoreClient, 'runs' | 'turns'>;
  readonly approvals: ApprovalMemory;
}

/** The parts of the runs API beyond reading one run: start, list, control, approvals, capabilities. */
export function runsApi(parts: {
  readonly core: ApiCore;
  readonly createRun: CreateRun;
  readonly ports: RunsPorts;
  readonly authRequired: boolean;
}): { readonly controllers: readonly Type<unknown>[]; readonly providers: readonly Provider[] } {
  const { core, createRun: create, ports, authRequired } = parts;
  const finder = new ResponseFinder(core.runs, ports.log);
  const history = historyReader(ports);
  return {
    controllers: [RunControlController, ApprovalsController, CapabilitiesController],
    providers: [
      { provide: StartRun, useValue: new StartRun({ ...core, create, finder, history }) },
      { provide: RunControl, useValue: new RunControl(core.runs, ports) },
      { provide: RunList, useValue: new RunList(ports) },
      { provide: APPROVAL_MEMORY, useValue: ports.approvals },
      { provide: AUTH_REQUIRED, useValue: authRequired },
    ],
  };
}
