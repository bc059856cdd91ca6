import type { AnswerKind } from '../load/load.ts';
import type { Ability } from '../targets/target.ts';

type Answer = Pick<AnswerKind, 'status' | 'sample'>;

/** A fast wrong answer is worth nothing: what a correct server says to each kind of request. */
export const rightAnswers: Record<Ability, (answer: Answer) => boolean> = {
  issue: ({ status, sample }) => status === 200 && sample.includes('"user_code"'),
  poll: ({ status, sample }) => status === 400 && /"(authorization_pending|slow_down)"/.test(sample),
  redeem: ({ status, sample }) => status === 200 && sample.includes('"access_token"'),
  refresh: ({ status, sample }) => status === 200 && sample.includes('"refresh_token"'),
};
