import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccountId } from '../ids.ts';
import type { Signin } from '../signin/signin.ts';
import { writeFlow } from '../web/flow.ts';

/** Signs one account out in this browser, or all, whoever asked for it: our own pages, or an app. */
export async function leave(
  signin: Pick<Signin, 'here' | 'signOut'>,
  request: FastifyRequest,
  reply: FastifyReply,
  account: AccountId | 'all',
): Promise<void> {
  const { settingUp } = await signin.here(request);
  await signin.signOut(request, account);
  if (request.signedIn && !settingUp) return;
  // What they were doing is theirs: whoever signs in here next must not go on with it, on a stranger's screen.
  writeFlow(reply, {});
  if (request.signedIn) return;
  // F30: pages that were shown go with the last account. Never "storage": it has no path, and would take the keys of an app
  // that was installed from here along. A page that keeps something deletes it by its name (fault A10).
  reply.header('clear-site-data', '"cache"');
}
