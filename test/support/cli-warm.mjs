/** Runs command lines, one at a time, each as `lib/cli/main.js` does, in a process that has loaded it already: by messages. */
import { runCli } from '../../lib/cli/program.js';

const said = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr'])
  process[name].write = (text, encoding, done) => {
    said[name] += text;
    (typeof encoding === 'function' ? encoding : done)?.();
    return true;
  };

process.on('message', async ({ args, env, cwd }) => {
  Object.assign(said, { stdout: '', stderr: '' });
  for (const name of Object.keys(process.env))
    if (!Object.hasOwn(env, name)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const code = await runCli(args);
  process.send({ code, ...said });
});
process.on('disconnect', () => process.exit());
process.send('ready');
