/** What may be asked of a project and of a task of the catalogue, as questions to confirm. */
import type { CatalogueTask } from '../../../src/client/catalogue.js';
import { api } from '../api.js';
import type { Field, Question } from '../dialog.js';
import { go, linkTo } from '../route.js';
import { K } from '../strings/catalogue.js';
import { S } from '../strings/page.js';
import { catalogue } from './calls.js';

const REASON: Field = { name: 'reason', label: S.reason, kind: 'line' };

interface Named {
  id: string;
  name: string;
  archived: boolean;
}

/** To archive it or back, and to delete it. */
export function ownerActions(
  kind: 'projects' | 'tasks',
  { id, name, archived }: Named,
): Question[] {
  const verb = archived ? 'restore' : 'archive';
  return [
    {
      ...{ title: `${K[verb]}: ${name}`, text: K.ask[verb], verb: K[verb], fields: [REASON] },
      run: async (values) => {
        await catalogue.archive(kind, id, { ...values, archived: !archived });
      },
    },
    {
      ...{ title: `${K.delete}: ${name}`, text: K.ask.delete, verb: K.delete, fields: [REASON] },
      dangerous: true,
      run: async (values) => {
        await catalogue.delete(kind, id, values);
        go(linkTo(['catalogue']));
      },
    },
  ];
}

/** Starts it by its id, with an input or parameters of its own where some are given. */
export function runAction({ id, name, run }: CatalogueTask): Question {
  const isGraph = run !== null && 'graph' in run;
  const field: Field = isGraph
    ? { name: 'params', label: S.paramsJson, kind: 'json' }
    : { name: 'input', label: S.inputJson, kind: 'json' };
  return {
    ...{ title: `${K.runNow}: ${name}`, text: K.ask.run, verb: K.runNow, fields: [field] },
    run: async (values) => {
      const { executionId } = await api.submit({ taskId: id, ...values });
      go(linkTo(['executions', executionId]));
    },
  };
}
