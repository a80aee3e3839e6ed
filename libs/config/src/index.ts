export { isNetworkVisible, weakSecrets } from './checks/check-binding.js';
export { chosenPorts } from './checks/check-ports.js';
export type * from './config.js';
export { describeSettings } from './settings/describe-settings.js';
export { loadConfig, reachable, readConfig, type ReadConfig } from './load-config.js';
export { ConfigError } from './values/problems.js';
export { readTextFile, type Environment, type ServiceName } from './reading/sources.js';
export { VARIABLES, type VariableName } from './settings/variables.js';
export { priceTable } from './reading/read-models.js';
