import promises from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded into a service before its own code (`--import`): every resolver that it makes asks the name server at
 * SILENT_NAME_SERVER, as if that stood in the settings of the machine.
 */
const server = process.env['SILENT_NAME_SERVER'] ?? '127.0.0.1:1';

class SilencedResolver extends promises.Resolver {
  constructor(...args: ConstructorParameters<typeof promises.Resolver>) {
    super(...args);
    this.setServers([server]);
  }
}

Object.assign(promises, { Resolver: SilencedResolver });
syncBuiltinESMExports();
