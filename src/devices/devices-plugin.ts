import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.ts';
import type { Journal } from '../drivers/journal/journal.ts';
import { AppError } from '../errors.ts';
import type { AccountId, DeviceId } from '../ids.ts';
import { actsForNobody } from '../web/shown-for.ts';
import { devicePage } from './device-pages.tsx';
import type { Device, Devices } from './devices.ts';
import { devicesPage, type Ended, unlinkAllPage } from './devices-pages.tsx';
import { endedPage, undoPage, unknownUndoPage } from './devices-undo-pages.tsx';

type Owner = { current: { accountId: AccountId } };

export type DevicesPluginNeeds = {
  devices: Devices;
  journal: Journal;
  clock: Clock;
  /** Undefined after it has answered with the way to sign in. */
  requireSignedIn: (request: FastifyRequest, reply: FastifyReply) => Promise<Owner | undefined>;
  /** Undefined after it has answered with the way to prove it is them (security.md E38). */
  requireFreshProof: (request: FastifyRequest, reply: FastifyReply) => Promise<Owner | undefined>;
};

type DeviceRequest = FastifyRequest<{ Params: { id: string }; Body: Record<string, unknown> | undefined }>;
type UndoRequest = FastifyRequest<{ Params: { token: string } }>;

/** How far back the activity of one device is looked for among its owner's events. */
const eventsRead = 500;

export function devicesPlugin(needs: DevicesPluginNeeds): (app: FastifyInstance) => Promise<void> {
  const { devices, journal, clock, requireSignedIn, requireFreshProof } = needs;

  async function show(reply: FastifyReply, device: Device, more: { renamed?: boolean; badName?: string }) {
    const events = await journal.recent(device.accountId, eventsRead);
    const activity = events.filter(({ data }) => data?.device === device.id);
    return reply.page(devicePage({ page: reply.request.page, device, activity, now: clock.now(), ...more }));
  }

  /** The owner's own device. Another person's is as unknown as one that never was (security.md F12). */
  async function ownDevice(owner: Owner, id: string): Promise<Device> {
    const device = await devices.find(owner.current.accountId, id as DeviceId);
    if (!device) throw new AppError('not_found', 'There is no such device.');
    return device;
  }

  async function list(request: FastifyRequest, reply: FastifyReply) {
    const owner = await requireSignedIn(request, reply);
    if (!owner) return reply;
    const { accountId } = owner.current;
    const { unlinked } = request.query as { unlinked?: unknown };
    const linked = await devices.list(accountId);
    const ended = await endedBefore(accountId, unlinked, linked);
    return reply.page(devicesPage({ page: request.page, devices: linked, now: clock.now(), ended }));
  }

  /** What the list says has just ended. Only if it is true: anyone can make a link that ends in ?unlinked=…. */
  async function endedBefore(accountId: AccountId, unlinked: unknown, linked: Device[]): Promise<Ended> {
    if (typeof unlinked !== 'string') return undefined;
    if (unlinked === 'all') return linked.length === 0 ? 'all' : undefined;
    return devices.findUnlinked(accountId, unlinked as DeviceId);
  }

  async function detail(request: DeviceRequest, reply: FastifyReply) {
    const owner = await requireSignedIn(request, reply);
    if (!owner) return reply;
    const device = await ownDevice(owner, request.params.id);
    return show(reply, device, { renamed: (request.query as { renamed?: unknown }).renamed === 'yes' });
  }

  async function change(request: DeviceRequest, reply: FastifyReply) {
    const owner = await requireSignedIn(request, reply);
    if (!owner) return reply;
    // Looked up before any proof is asked, so that the proof page tells nothing about foreign devices.
    const device = await ownDevice(owner, request.params.id);
    const action = request.body?.action;
    if (action === 'rename') return rename(device, String(request.body?.name ?? ''), reply);
    if (action !== 'unlink' && action !== 'report') throw new AppError('bad_request', 'There is no such action.');
    if (!(await requireFreshProof(request, reply))) return reply;
    if (action === 'unlink') {
      await devices.unlink(device.accountId, device.id);
      return reply.redirect(`/devices?unlinked=${device.id}`, 303);
    }
    await devices.report(device.accountId, device.id);
    return reply.redirect(`/devices/${device.id}/ended`, 303);
  }

  async function rename(device: Device, name: string, reply: FastifyReply) {
    if (await devices.rename(device.accountId, device.id, name)) {
      return reply.redirect(`/devices/${device.id}?renamed=yes`, 303);
    }
    return show(reply, device, { badName: name.slice(0, 200) });
  }

  async function ended(request: DeviceRequest, reply: FastifyReply) {
    const owner = await requireSignedIn(request, reply);
    if (!owner) return reply;
    const device = await devices.findUnlinked(owner.current.accountId, request.params.id as DeviceId);
    if (!device) throw new AppError('not_found', 'There is no such device.');
    return reply.page(endedPage({ page: request.page, device }));
  }

  async function askAll(request: FastifyRequest, reply: FastifyReply) {
    const owner = await requireSignedIn(request, reply);
    if (!owner) return reply;
    const linked = await devices.list(owner.current.accountId);
    if (linked.length === 0) return reply.redirect('/devices', 303);
    return reply.page(unlinkAllPage({ page: request.page, devices: linked }));
  }

  async function unlinkAll(request: FastifyRequest, reply: FastifyReply) {
    const owner = await requireFreshProof(request, reply);
    if (!owner) return reply;
    await devices.unlinkAll(owner.current.accountId);
    return reply.redirect('/devices?unlinked=all', 303);
  }

  async function askUndo(request: UndoRequest, reply: FastifyReply) {
    const { page, params } = request;
    const found = await devices.findByUndo(params.token);
    if (!found) return reply.page(unknownUndoPage({ page }));
    if (found.done) return reply.page(endedPage({ page, device: found.device }));
    return reply.page(undoPage({ page, device: found.device, now: clock.now(), token: params.token }));
  }

  async function undo(request: UndoRequest, reply: FastifyReply) {
    await devices.undo(request.params.token);
    // The page there looks again, and so tells the truth for a first press, a second one and an unknown token.
    return reply.redirect(`/devices/undo/${encodeURIComponent(request.params.token)}`, 303);
  }

  return async (app) => {
    app.get('/devices', list);
    app.get('/devices/unlink-all', askAll);
    app.post('/devices/unlink-all', unlinkAll);
    app.get('/devices/undo/:token', askUndo);
    app.post('/devices/undo/:token', actsForNobody, undo);
    app.get('/devices/:id', detail);
    app.post('/devices/:id', change);
    app.get('/devices/:id/ended', ended);
  };
}
