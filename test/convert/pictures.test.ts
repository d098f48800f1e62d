import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { convert } from '../../src/convert/convert.js';
import type { Format } from '../../src/convert/conversion.js';
import { toDot } from '../../src/convert/dot-write.js';
import { toMermaid } from '../../src/convert/mermaid-write.js';
import { uncleanIn } from '../../src/domain/clean-name.js';
import type { GraphSpec } from '../../src/domain/spec.js';

const WORDS = [
  'end',
  'graph',
  'style',
  'class',
  'node_0',
  'o',
  'x',
  'v',
  'subgraph',
  '1',
  '-',
  '_',
];
const id = fc
  .oneof(
    fc.constantFrom(...WORDS),
    fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/),
    fc.stringMatching(/^[xo-]{1,4}$/),
  )
  .filter((one) => one !== '.' && one !== '..'); // no ids: an address would not keep them
const words = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
  fc.stringMatching(/^["'#;%&<>\\|()[\]{}`\n -]{1,12}$/),
);
/** What no picture keeps: spaces at the ends, and returns. */
const tidy = (text: string): string => text.replace(/\r/g, '').trim();

/** A graph with any labels; each node may wait for those before it. */
const graph: fc.Arbitrary<GraphSpec> = fc
  .record({
    name: words
      .map((text) => (tidy(text) || 'x').replaceAll('\n', ' ').slice(0, 200))
      .filter((one) => uncleanIn(one) === undefined),
    nodes: fc.uniqueArray(fc.record({ id, description: fc.option(words) }), {
      minLength: 1,
      maxLength: 12,
      selector: (node) => node.id,
    }),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
  })
  .map(({ name, nodes, edges }) => ({
    name,
    tasks: nodes.map((node, at) => {
      const before = new Set(
        edges.filter(([, to]) => to % nodes.length === at && at > 0).map(([from]) => from % at),
      );
      const description = node.description === null ? '' : tidy(node.description);
      return {
        id: node.id,
        task: 'noop',
        ...(description === '' ? {} : { description }),
        ...(before.size === 0 ? {} : { dependsOn: [...before].map((one) => nodes[one]?.id ?? '') }),
      };
    }),
  }));

const drawn = ({ name, tasks }: GraphSpec) => ({
  name,
  tasks: tasks.map(({ id: node, description, dependsOn = [] }) => ({
    id: node,
    description,
    dependsOn: [...dependsOn].sort(),
  })),
});

describe.each([
  ['mermaid', toMermaid],
  ['dot', toDot],
] as const)('%s', (from, write) => {
  it('reads back what it was written from: name, ids, descriptions, dependencies', () => {
    fc.assert(
      fc.property(graph, (spec) => {
        const { pipeline, losses } = convert(write(spec), { from });
        expect(drawn(pipeline)).toEqual(drawn(spec));
        expect(losses).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

const read = (text: string, from: Format) => {
  const { pipeline, losses } = convert(text, { from, name: 'file' });
  const edges = pipeline.tasks.flatMap(({ id: to, dependsOn = [] }) =>
    dependsOn.map((one) => `${one}>${to}`),
  );
  return {
    ids: pipeline.tasks.map((node) => node.id),
    edges: edges.sort(),
    descriptions: pipeline.tasks.map(({ description }) => description),
    losses: losses.map(({ path, feature }) => `${path} ${feature}`),
  };
};

describe('a Mermaid flowchart', () => {
  it.each([
    ['a --> b', ['a>b']],
    ['a-->b-->c', ['a>b', 'b>c']],
    ['a & b --> c & d', ['a>c', 'a>d', 'b>c', 'b>d']],
    ['a["x --> y"] --> b', ['a>b']],
    ['a-b --> c.d; c.d --> e', ['a-b>c.d', 'c.d>e']],
    ['a ----> b', ['a>b']],
  ])('%s gives the edges %j and loses nothing', (line, edges) => {
    expect(read(`flowchart TD\n  ${line}`, 'mermaid')).toMatchObject({ edges, losses: [] });
  });

  it.each([
    ['a -->|yes| b', 'label'],
    ['a -- yes --> b', 'label'],
    ['a --- b', 'arrow'],
    ['a <--> b', 'arrow'],
    ['a -.-> b', 'line'],
    ['a ==> b', 'line'],
    ['a{Sure?} --> b', 'shape'],
    ['a:::red --> b', 'class'],
    ['a@{ shape: diamond } --> b', 'shape'],
    ['a e1@--> b', 'edge id'],
  ])('%s gives its edge, and says that %s says nothing', (line, feature) => {
    expect(read(`graph TB\n${line}`, 'mermaid')).toMatchObject({
      edges: ['a>b'],
      losses: [`line 2 ${feature}`],
    });
  });

  it('takes labels as descriptions, with their codes, line breaks and characters', () => {
    const text = 'graph TD\na[Build it] --> b["Say #quot;hi#quot;<br/>日本"]\nb --> c("`md`")';
    expect(read(text, 'mermaid').descriptions).toEqual(['Build it', 'Say "hi"\n日本', 'md']);
  });

  it('puts the nodes of subgraphs into the one graph, and leads arrows at a subgraph to its nodes', () => {
    const text = 'graph TD\nsubgraph one [First]\n a --> b\n a --> c\nend\none --> d\nz --> one';
    expect(read(text, 'mermaid')).toMatchObject({
      ids: ['a', 'b', 'c', 'd', 'z'],
      edges: ['a>b', 'a>c', 'b>d', 'c>d', 'z>a'],
      losses: ['line 2 subgraph', 'line 6 subgraph', 'line 7 subgraph'],
    });
  });

  it('gives an id in other letters one that it can have, and keeps the word', () => {
    expect(read('graph TD\nÜber --> 日本', 'mermaid')).toMatchObject({
      ids: ['Uber', 'node'],
      descriptions: ['Über', '日本'],
      losses: ['line 2 id', 'line 2 id'],
    });
  });

  it.each([
    ['sequenceDiagram\nA->>B: hi', 'line 1: expected "flowchart TD"'],
    ['graph TD\na --> ', 'line 2: expected a node'],
    ['graph TD\na[open', 'expected ] at the end of the label'],
    ['graph TD\nsubgraph x\na', 'the subgraph x has no end'],
    ['graph TD\na\nend', 'line 3: "end" without a subgraph'],
    ['graph TD\n%% nothing', 'the graph has no nodes'],
    ['graph TD\na --> b --> a', 'the graph has a cycle: a → b → a'],
  ])('is refused where it is %j', (text, message) => {
    expect(() => convert(text, { from: 'mermaid' })).toThrow(message);
  });
});

describe('a DOT graph', () => {
  it.each([
    ['digraph { a -> b -> c }', ['a>b', 'b>c'], []],
    ['digraph g { a -> {b c}; {b; c} -> d }', ['a>b', 'a>c', 'b>d', 'c>d'], []],
    ['strict digraph { "a" -> b; a -> b // again\n }', ['a>b'], []],
    ['graph { a -- b }', ['a>b'], ['line 1 graph']],
    ['digraph { rankdir=LR; a -> b [color=red] }', ['a>b'], ['line 1 rankdir', 'line 1 color']],
    ['digraph { subgraph cluster_x { a } a:n -> b }', ['a>b'], ['line 1 subgraph', 'line 1 port']],
    ['# a line of the preprocessor\ndigraph { /* c */ a -> 1.5 }', ['a>1.5'], []],
  ])('%s gives its edges, and its losses', (text, edges, losses) => {
    expect(read(text, 'dot')).toMatchObject({ edges, losses });
  });

  it('takes labels as descriptions: escapes, joined texts, HTML', () => {
    const text =
      'digraph { a [label="The \\"A\\"\\nnode"]; b [label="x" + "y"]; c [label=<<b>bold</b><br/>2>]; d [label="\\N"] }';
    expect(read(text, 'dot').descriptions).toEqual(['The "A"\nnode', 'xy', 'bold\n2', undefined]);
  });

  it.each([
    ['digraph { a -> }', 'line 1: expected a node'],
    ['digraph { a -- b }', '-- is no edge of a digraph; expected ->'],
    ['digraph {\n a -> "b', 'line 2: expected a text that ends with a quote'],
    ['digraph { a -> b', 'expected "}"'],
    ['digraph { } digraph { }', 'one file is one graph'],
    ['digraph { a -> graph }', 'graph is a word of DOT'],
    ['digraph { a -> a }', 'the graph has a cycle'],
  ])('is refused where it is %j', (text, message) => {
    expect(() => convert(text, { from: 'dot' })).toThrow(message);
  });
});
