import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { IntlMessageFormat } from 'intl-messageformat';
import type { ComponentChild } from 'preact';

export type Locale = 'en' | 'de' | 'es' | 'ar';

export const locales: readonly Locale[] = ['en', 'de', 'es', 'ar'];

/** Each language in its own words, as the switch on every page offers it. */
export const localeNames: Readonly<Record<Locale, string>> = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  ar: 'العربية',
};

export type Translate = {
  /** The message as plain text. Values from strangers are isolated, so that their direction cannot leak out. */
  (key: string, values?: Record<string, string | number | Date>): string;
  /** The message with its `<b>…</b>` markers turned into elements by the functions in `values`. */
  rich(key: string, values: Record<string, unknown>): ComponentChild;
};

export type Messages = {
  translate(locale: Locale): Translate;
  /** Every key of one locale with its uncompiled message. */
  catalogue(locale: Locale): ReadonlyMap<string, string>;
};

type Compiled = { format: IntlMessageFormat; plain: ReadonlySet<string> };

const home = new URL('../', import.meta.url);

/**
 * Reads every room's `messages/<locale>.json`, beside the compiled rooms.
 * A key missing in a locale is shown in English; a key missing in English throws, unless `strict` is off.
 */
export function loadMessages({ strict = true, from = home }: { strict?: boolean; from?: URL } = {}): Messages {
  const catalogues = new Map(locales.map((locale) => [locale, readCatalogue(from, locale)]));
  const english = catalogues.get('en') ?? new Map<string, string>();
  const translators = new Map(
    locales.map((locale) => [locale, createTranslate(locale, catalogues.get(locale) ?? english, english, strict)]),
  );
  return {
    translate: (locale) => translators.get(locale) as Translate,
    catalogue: (locale) => catalogues.get(locale) ?? english,
  };
}

export function directionOf(locale: Locale): 'ltr' | 'rtl' {
  return locale === 'ar' ? 'rtl' : 'ltr';
}

/** The region whose dates and numbers a language is written with: read by everyone, so day before month, 24 hours. */
export function formatLocale(locale: Locale): string {
  return locale === 'en' ? 'en-GB' : locale;
}

/**
 * The first locale we speak: as asked by the app (`ui_locales`, in the address or kept on the way), as saved, as the
 * browser says, else English.
 */
export function chooseLocale(wishes: {
  uiLocales?: unknown;
  onTheWay?: Locale | undefined;
  saved?: unknown;
  acceptLanguage?: unknown;
}): Locale {
  const accepted = acceptedLanguages(wishes.acceptLanguage).map(localeOf);
  const candidates = [askedLocale(wishes.uiLocales), wishes.onTheWay, localeOf(wishes.saved), ...accepted];
  return candidates.find((locale) => locale !== undefined) ?? 'en';
}

/** The first of an app's `ui_locales` (OpenID Connect Core §3.1.2.1) that we speak, if there is one. */
export function askedLocale(uiLocales: unknown): Locale | undefined {
  const wishes = typeof uiLocales === 'string' ? uiLocales.split(' ', 10) : [];
  return wishes.map(localeOf).find((locale) => locale !== undefined);
}

function localeOf(tag: unknown): Locale | undefined {
  const language = typeof tag === 'string' ? tag.toLowerCase().split('-', 1)[0] : undefined;
  return locales.find((known) => known === language);
}

/** RFC 9110 §12.5.4, best first. Longer headers than any browser sends are cut, not parsed. */
function acceptedLanguages(header: unknown): string[] {
  if (typeof header !== 'string') return [];
  return header
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim());
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { tag, quality: quality ? Number(quality.slice(2)) || 0 : 1 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
}

function readCatalogue(from: URL, locale: Locale): Map<string, string> {
  const catalogue = new Map<string, string>();
  for (const room of readdirSync(from, { withFileTypes: true })) {
    const file = new URL(`${room.name}/messages/${locale}.json`, from);
    if (!room.isDirectory() || !existsSync(file)) continue;
    const messages: Record<string, string> = JSON.parse(readFileSync(file, 'utf8'));
    for (const [key, message] of Object.entries(messages)) {
      if (catalogue.has(key)) throw new TypeError(`The message ${key} is given twice.`);
      catalogue.set(key, message);
    }
  }
  return catalogue;
}

function createTranslate(
  locale: Locale,
  own: ReadonlyMap<string, string>,
  english: ReadonlyMap<string, string>,
  strict: boolean,
): Translate {
  const compiled = new Map<string, Compiled>();
  const compile = (key: string): Compiled | undefined => {
    const known = compiled.get(key);
    if (known) return known;
    const message = own.get(key) ?? english.get(key);
    if (message === undefined) {
      if (strict) throw new TypeError(`There is no message ${key}.`);
      return undefined;
    }
    const format = new IntlMessageFormat(message, formatLocale(own.has(key) ? locale : 'en'));
    const entry = { format, plain: plainArguments(format) };
    compiled.set(key, entry);
    return entry;
  };

  const format = (key: string, values: Record<string, unknown>): unknown => {
    const message = compile(key);
    if (!message) return key;
    const isolated = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' && message.plain.has(name) ? isolate(value, locale) : value,
    ]);
    return message.format.format(Object.fromEntries(isolated));
  };

  const translate = (key: string, values: Record<string, unknown> = {}): string => String(format(key, values));
  return Object.assign(translate, {
    rich: (key: string, values: Record<string, unknown>) => format(key, values) as ComponentChild,
  });
}

/** Names of `{name}` placeholders: only those may be wrapped, a `select` compares its value to the letter. */
function plainArguments(format: IntlMessageFormat): Set<string> {
  const plain = new Set<string>();
  const compared = new Set<string>();
  const visit = (nodes: unknown): void => {
    for (const node of nodes as { type: number; value: string; options?: object; children?: unknown }[]) {
      if (node.type === 1) plain.add(node.value);
      if (node.type === 5) compared.add(node.value);
      if (node.options) for (const option of Object.values(node.options)) visit(option.value);
      if (node.children) visit(node.children);
    }
  };
  visit(format.getAst());
  return new Set([...plain].filter((name) => !compared.has(name)));
}

/** F15: a name that runs the other way than the sentence must not reorder the words around it. */
function isolate(value: string, locale: Locale): string {
  const foreign = directionOf(locale) === 'rtl' || /[\u0590-\u08ff\ufb1d-\ufefc]/.test(value);
  return foreign ? `\u2068${value}\u2069` : value;
}
