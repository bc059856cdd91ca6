import { AppError } from '../../errors.ts';

/** Whoever calls has checked that the number exists; this keeps anything else from becoming a recipient or a path. */
export function bareNumber(text: string): string {
  if (!/^\+[1-9]\d{6,14}$/.test(text)) throw new AppError('bad_request', 'That is not one phone number in E.164.');
  return text;
}
