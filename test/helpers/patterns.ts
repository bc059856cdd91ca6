import { SyntaxKind } from 'typescript/unstable/ast';
import { visitSource } from './source-nodes.ts';

/** A regular expression of the source, and where it stands. */
export type Pattern = { expression: RegExp; place: string };

/** Every regular expression in src/, and every place that makes one out of text. */
export function findPatterns(): { patterns: Pattern[]; made: string[] } {
  const patterns: Pattern[] = [];
  const made: string[] = [];
  visitSource((node, { file, text }) => {
    const place = `${file}: ${text}`;
    if (node.kind === SyntaxKind.RegularExpressionLiteral) patterns.push({ expression: expressionOf(text), place });
    const makes = node.kind === SyntaxKind.NewExpression || node.kind === SyntaxKind.CallExpression;
    if (makes && /^(?:new )?RegExp\(/.test(text)) made.push(place);
  });
  return { patterns, made };
}

function expressionOf(literal: string): RegExp {
  const end = literal.lastIndexOf('/');
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}

/** One of each kind of character that an expression may treat in its own way. */
const characters = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...['\u00a0', '\u00e9', '\u0130', '\u0301', '\u0665', '\u05d0', '\u0628', '\u06f5', '\u200b', '\u202e', '\u2028'],
  ...['\u2014', '\u2800', '\u3002', '\ud800', '\ufb1d', '\ufeff', '\uff0e', '\uff21', '\u{1f600}', '\u{e0001}'],
];

/** Texts of `length` that try to make the expression go back: each character, and what it looks for, over and over. */
export function* hostileTexts(expression: RegExp, length: number): Generator<string> {
  const fill = (piece: string): string => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
  for (const character of characters) yield* [fill(character), `a${fill(character)}a`];
  const pieces = piecesOf(expression.source);
  const starts = pieces.map((_, at) => pieces.slice(0, at).join(''));
  for (const [at, start] of ['', ...starts].entries()) {
    for (const width of [1, 2, 3]) {
      const piece = pieces.slice(Math.max(0, at - 1), Math.max(0, at - 1) + width).join('');
      // What cannot follow makes it try every other way first.
      if (piece !== '') for (const end of ['\u0000', '!', ' ', piece.slice(0, 1)]) yield start + fill(piece) + end;
    }
  }
  for (const piece of pieces) for (const other of [' ', '\n', 'a', '0', '-', '.', '\\']) yield fill(piece + other);
}

/** What the expression looks for, one example a piece: words as they stand, one character of each class. */
function piecesOf(source: string): string[] {
  const pieces: string[] = [];
  let word = '';
  const end = (): void => {
    if (word) pieces.push(word);
    word = '';
  };
  const token = /\\[pP]\{[^}]*\}|\\u\{?[0-9a-fA-F]+\}?|\\.|\[(?:\\.|[^\]\\])*\]|\{\d+,?\d*\}|\(\?<?[=!:]|[\s\S]/g;
  for (const [text] of source.matchAll(token)) {
    if (/^\\[bBdDwWsSpPk]|^[[.]/.test(text)) {
      end();
      pieces.push(...examplesOf(text));
    } else if (/^\\u/.test(text))
      word += String.fromCodePoint(Number.parseInt(text.replace(/[^0-9a-fA-F]/g, '') || '0', 16));
    else if (/^\\./.test(text)) word += { n: '\n', t: '\t', r: '\r' }[text.slice(1)] ?? text.slice(1);
    else if (/^[()|*+?^${}]/.test(text)) end();
    else word += text;
  }
  end();
  return pieces;
}

function examplesOf(characterClass: string): string[] {
  if (/^\\[bB]/.test(characterClass)) return [' '];
  const within = new RegExp(
    characterClass.startsWith('[') || characterClass.startsWith('\\') ? characterClass : '.',
    'u',
  );
  return characters
    .filter((character) => within.test(character))
    .filter((_, at, all) => at === 0 || at === all.length - 1);
}
