import { answerQuestions } from '../child.ts';
import type { LoadOrder } from './load.ts';
import { Run } from './run.ts';
import { openValues, type ValueSource } from './values.ts';

/** The generator's process: does one order after the other. */
const sources = new Map<string, ValueSource>();

answerQuestions({
  ready: () => true,
  run: (order: LoadOrder) => new Run(order, sourceOf(order)).finish(),
});

/** One source for each file, for as long as this process lives: a code is not redeemed by two runs. */
function sourceOf({ values }: LoadOrder): ValueSource | undefined {
  if (!values) return undefined;
  const key = `${values.use} ${values.file}`;
  const source = sources.get(key) ?? openValues(values);
  sources.set(key, source);
  return source;
}
