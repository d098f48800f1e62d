/** A handler of Restate that runs a graph of steps that do nothing: `restate-worker.mjs PORT`. */

// The SDK takes Node 22 for granted; on 20 this is all that it misses.
Promise.withResolvers ??= () => {
  let [resolve, reject] = [];
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
};
const restate = await import('@restatedev/restate-sdk');

const bench = restate.service({
  name: 'bench',
  handlers: {
    graph: async (ctx, { dependsOn }) => {
      const ends = [];
      for (const before of dependsOn) {
        // In the order of the list, which is one of the graph: its combinators start nothing by themselves.
        if (before.length > 0) await restate.RestatePromise.all(before.map((index) => ends[index]));
        ends.push(ctx.run('noop', () => null));
      }
      await restate.RestatePromise.all(ends);
    },
  },
});
await restate.serve({ services: [bench], port: Number(process.argv[2]) });
process.once('SIGTERM', () => process.exit(0));
console.log('ready');
