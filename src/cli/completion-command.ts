/** `tempograph completion`: what makes a shell complete commands, options and their values. */
import { ownTable, type CommandTable } from './command-table.js';
import type { CommandDefinition } from './command.js';
import { bashCompletion } from './completion-bash.js';
import { fishCompletion } from './completion-fish.js';
import { zshCompletion } from './completion-zsh.js';
import { EXIT } from './exit.js';
import { notOneOf } from './one-of.js';

const SCRIPTS: Readonly<Record<string, (table: CommandTable) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completion: CommandDefinition = {
  name: 'completion',
  summary: 'Print the script with which a shell completes commands, options and values',
  description: 'Needs no server. The script asks nobody: it knows what this version knows.',
  connects: false,
  parameters: [['<bash|zsh|fish>', 'the shell']],
  examples: [
    ['source <(tempograph completion bash)', 'in ~/.bashrc'],
    ['source <(tempograph completion zsh)', 'in ~/.zshrc, after compinit'],
    ['tempograph completion fish > ~/.config/fish/completions/tempograph.fish', 'once'],
  ],
  run: async (out, _options, [shell = '']) => {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (!script) throw notOneOf('shell', shell, Object.keys(SCRIPTS));
    const text = script(await ownTable());
    out.source(text.trimEnd());
    out.document({ shell, script: text });
    return EXIT.done;
  },
};
