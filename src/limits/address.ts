import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/**
 * An address as proxies write it, without port, brackets, quotes and zone, and IPv4 as IPv4: `198.51.7.9:40001`,
 * `"[2001:db8::1]:4711"`, `::ffff:198.51.7.9` (RFC 7239 §6; X-Forwarded-For has no rule but the same habits).
 * Undefined for what is none: names made up for privacy, `unknown`, or nonsense.
 */
export function readAddress(text: string | undefined): string | undefined {
  // No address with a port and quotes is longer; what is made of more is not read at all.
  if (text === undefined || text.length > 100) return undefined;
  const bare = text
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .toLowerCase();
  const [, bracketed, port] = /^\[([^\]]+)\](?::(.*))?$/.exec(bare) ?? [];
  if (bracketed !== undefined) return isPort(port) && isIPv6(bracketed) ? plain(bracketed) : undefined;
  if (isIPv6(bare)) return plain(bare);
  const [host = '', after, ...more] = bare.split(':');
  return isIPv4(host) && isPort(after) && more.length === 0 ? host : undefined;
}

/** RFC 7239 §6: a number, or a made-up name. */
const isPort = (text: string | undefined): boolean => text === undefined || /^(?:\d{1,5}|_[\w.-]+)$/.test(text);

function plain(address: string): string {
  const bare = address.split('%', 1)[0] ?? '';
  const groups = groupsOf(bare);
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff ? lastOf(groups) : bare;
}

/**
 * Who is to be believed about the addresses of others: addresses and ranges, or the names that stand for some. Throws if one
 * is none of these.
 */
export function createTrust(proxies: readonly string[]): (address: string | undefined) => boolean {
  const trusted = new BlockList();
  for (const range of proxies.flatMap((proxy) => namedRanges.get(proxy) ?? [proxy])) addRange(trusted, range);
  return (address) => {
    const read = readAddress(address);
    return read !== undefined && trusted.check(read, isIPv4(read) ? 'ipv4' : 'ipv6');
  };
}

function addRange(trusted: BlockList, range: string): void {
  const [address = '', bits, ...more] = range.split('/');
  const read = isIP(address) ? readAddress(address) : undefined;
  // Every address there is would let every caller say where it comes from.
  const isWhole = bits === undefined || /^[1-9]\d{0,2}$/.test(bits);
  if (!read || !isWhole || more.length > 0) throw new TypeError(`"${range}" is no address and no range of addresses.`);
  const family = isIPv4(read) ? 'ipv4' : 'ipv6';
  if (bits === undefined) trusted.addAddress(read, family);
  else trusted.addSubnet(read, Number(bits), family);
}

const namedRanges: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
]);

/**
 * The network an address belongs to, as far as one customer usually reaches: IPv4 /24, IPv6 /64. One home or one
 * attacker's server can change addresses within it at will. IPv4 written inside IPv6 is that IPv4, in whichever form:
 * nobody is counted twice for coming by another gateway.
 */
export function networkOf(address: string | undefined): string {
  const read = readAddress(address);
  if (read === undefined) return 'unknown';
  if (isIPv4(read)) return read.startsWith('127.') ? 'loopback' : blockOf(read);
  const groups = groupsOf(read);
  if (groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1) return 'loopback';
  const within = v4Within(groups);
  return within ? blockOf(within) : `${groups.slice(0, 4).map(hex).join(':')}::/64`;
}

/**
 * Whether requests of this network are not counted: on a developer's own machine alone, where all come from loopback. In
 * production loopback is a proxy that nobody trusts, and everybody behind it shares its limits (fault B6).
 */
export function isUncounted(network: string, { development }: { development: boolean }): boolean {
  return development && network === 'loopback';
}

/**
 * The /48 around an IPv6 /64: what one customer may get where addresses are given out freely, and so 65,536 networks.
 * Undefined for IPv4, where nobody is given a second network for the asking.
 */
export function siteOf(network: string): string | undefined {
  return network.endsWith('::/64') ? `${network.split(':').slice(0, 3).join(':')}::/48` : undefined;
}

const hex = (group: number): string => group.toString(16);
const blockOf = (v4: string): string => `${v4.split('.').slice(0, 3).join('.')}.0/24`;

/** The IPv4 address that gateways between the two write into an IPv6 one, if this is such a one. */
function v4Within(groups: readonly number[]): string | undefined {
  const [first = 0, second = 0, third = 0] = groups;
  const startsWith = (...start: number[]) => start.every((group, at) => groups[at] === group);
  // RFC 6052 §2.1 (NAT64), RFC 4291 §2.5.5.1 (compatible), RFC 2765 §2.1 (translated).
  const nat64 = startsWith(0x64, 0xff9b, 0, 0, 0, 0);
  if (nat64 || startsWith(0, 0, 0, 0, 0, 0) || startsWith(0, 0, 0, 0, 0xffff, 0)) return lastOf(groups);
  // RFC 3056 §2 (6to4): the whole /48 is one IPv4 address's.
  if (first === 0x2002) return dotted(second, third);
  // RFC 4380 §4 (Teredo): the client's own address, every bit turned.
  if (first === 0x2001 && second === 0) return dotted((groups[6] ?? 0) ^ 0xffff, (groups[7] ?? 0) ^ 0xffff);
  return undefined;
}

const lastOf = (groups: readonly number[]): string => dotted(groups[6] ?? 0, groups[7] ?? 0);
const dotted = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/** The eight groups of an IPv6 address that is one. */
function groupsOf(address: string): number[] {
  const [, start = address, v4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const [a = 0, b = 0, c = 0, d = 0] = v4?.split('.').map(Number) ?? [];
  const text = v4 ? `${start}${hex(a * 256 + b)}:${hex(c * 256 + d)}` : address;
  const [left = [], right] = text.split('::').map((side) => (side ? side.split(':') : []));
  const missing = right ? 8 - left.length - right.length : 0;
  return [...left, ...Array<string>(missing).fill('0'), ...(right ?? [])].map((group) => Number.parseInt(group, 16));
}
