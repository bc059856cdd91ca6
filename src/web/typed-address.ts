/** What people who know other services type, by the page here that is meant. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['activate', 'link'],
  ['device', 'link'],
  ['pair', 'link'],
  ['tv', 'link'],
  ['login', 'signin'],
  ['sign-in', 'signin'],
  ['logout', 'signout'],
  ['sign-out', 'signout'],
  ['register', 'signup'],
  ['sign-up', 'signup'],
]);

/**
 * The page that is meant by an address which leads nowhere as it was typed: in capitals, as the keyboards of phones begin
 * a word, with a slash at the end, or under the name that others have for it. Only addresses of pages are read so; what
 * is not a name, such as a code or a token, is left as it was typed. The first part is always a name of ours, so that the
 * answer leads nowhere else.
 */
export function meantPage(path: string, pages: readonly string[]): string | undefined {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  const [nothing, ...typed] = path.slice(0, end).split('/');
  if (nothing !== '' || typed.length === 0) return undefined;
  const [first = '', ...rest] = typed;
  const parts = [otherNames.get(first.toLowerCase()) ?? first, ...rest];
  const fits = (page: string): boolean => {
    const names = page.split('/').slice(1);
    return names.length === parts.length && names.every((name, i) => isMeant(name, parts[i] ?? ''));
  };
  // `/devices/unlink-all` before `/devices/:id`.
  const page = pages.filter(fits).sort((a, b) => countOf(a) - countOf(b))[0];
  if (page === undefined) return undefined;
  const names = page.split('/').slice(1);
  const meant = `/${names.map((name, i) => (name.startsWith(':') ? parts[i] : name)).join('/')}`;
  return meant === path ? undefined : meant;
}

const isMeant = (name: string, part: string): boolean =>
  name.startsWith(':') ? part !== '' : name !== '' && name === part.toLowerCase();

const countOf = (page: string): number => page.split(':').length;
