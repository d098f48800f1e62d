/** Small traces in WfFormat, with every field that its schema has. */
import type { Json } from '../../../src/domain/json.js';

export const WFFORMAT_15: Json = {
  name: 'blast',
  description: 'A made trace',
  createdAt: '2024-01-01T00:00:00Z',
  schemaVersion: '1.5',
  runtimeSystem: { name: 'Makeflow', version: '7', url: 'https://example.org' },
  author: { name: 'a', email: 'a@example.org', institution: 'i', country: 'c' },
  workflow: {
    specification: {
      tasks: [
        {
          name: 'split fasta',
          id: 'split_1',
          parents: [],
          children: ['blast_1'],
          inputFiles: ['in'],
          outputFiles: ['part'],
        },
        {
          name: 'blast_1',
          id: 'blast_1',
          parents: ['split_1'],
          children: [],
          inputFiles: ['part'],
          outputFiles: ['out'],
        },
      ],
      files: [{ id: 'in', sizeInBytes: 10 }],
    },
    execution: {
      makespanInSeconds: 12.5,
      executedAt: '2024-01-01T00:00:00Z',
      tasks: [
        {
          id: 'split_1',
          runtimeInSeconds: 2.25,
          command: { program: 'split', arguments: ['-n', '${{ x }}'] },
          coreCount: 2,
          avgCPU: 50,
          readBytes: 1,
          writtenBytes: 2,
          memoryInBytes: 3,
          energyInKWh: 4,
          avgPowerInW: 5,
          priority: 6,
          machines: ['m'],
        },
        { id: 'blast_1', runtimeInSeconds: 10 },
      ],
      machines: [{ nodeName: 'm', system: 'linux', cpu: { coreCount: 4, vendor: 'v' } }],
    },
  },
};

export const WFFORMAT_14: Json = {
  name: 'seismology',
  schemaVersion: '1.4',
  wms: { name: 'Pegasus', version: '4' },
  workflow: {
    makespanInSeconds: 3,
    executedAt: '20240101',
    tasks: [
      {
        name: 'first',
        id: 'ID1',
        category: 'first',
        type: 'compute',
        command: { program: 'a', arguments: [] },
        parents: [],
        files: [{ link: 'output', name: 'f', sizeInBytes: 1 }],
        runtimeInSeconds: 1.5,
        cores: 1,
      },
      { name: 'second', id: 'ID2', type: 'compute', parents: ['first'], runtime: 2, cores: 1 },
    ],
    machines: [{ nodeName: 'm' }],
  },
};
