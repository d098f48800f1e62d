/** Which options a command takes: its own, those of its connection, and what every command has. */
import { Option } from 'commander';
import { CONNECTION_OPTIONS, JSON_OPTION, type CommandDefinition } from './command.js';
import { SERVER_OPTIONS } from './server-option.js';

/** In the order of the help. */
export function optionsOf(definition: CommandDefinition): Option[] {
  const { options = [], connects = true } = definition;
  const common = connects ? [...CONNECTION_OPTIONS, ...serverOptions(definition)] : [];
  const own = new Set(options.map((one) => one.attributeName()));
  return [
    ...options,
    ...(own.has('json') ? [] : [JSON_OPTION]), // its group of the help comes first, also where there are no others
    ...common.filter((one) => !own.has(one.attributeName())),
  ];
}

/** Where they have no sense they are known all the same, so that it can be said why. */
function serverOptions({ local }: CommandDefinition): readonly Option[] {
  if (local === undefined) return SERVER_OPTIONS;
  return SERVER_OPTIONS.map(({ flags }) => new Option(flags).hideHelp());
}
