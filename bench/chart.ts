import type { Measurement } from './bench-context.ts';
import { select } from './goals.ts';
import { spreadOf } from './statistics.ts';

const panels = [
  { workload: 'issue', title: 'Issue a code' },
  { workload: 'poll', title: 'Poll while it waits' },
  { workload: 'redeem', title: 'Redeem' },
  { workload: 'refresh', title: 'Refresh' },
] as const;

const width = 760;
const labelWidth = 190;
const valueWidth = 120;
const barHeight = 18;
const gap = 6;
const titleHeight = 34;

type Bar = { label: string; value: number; min: number; max: number };

/** Requests a second of one core by workload and server, as horizontal bars with their smallest and largest. */
export function drawChart(measurements: Measurement[]): string {
  let y = 8;
  const parts: string[] = [];
  for (const { workload, title } of panels) {
    const bars = barsOf(select(measurements, { workload }));
    if (bars.length === 0) continue;
    const panel = drawPanel(title, bars, y);
    parts.push(panel.svg);
    y = panel.bottom;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="Requests a second of one core">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1c2430; }
  .title { font-weight: 600; font-size: 15px; }
  .bar { fill: #9aa7b8; }
  .ours { fill: #2557c7; }
  .spread { stroke: #1c2430; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6eaf0; }
    .bar { fill: #5d6b7e; }
    .ours { fill: #7ea3ff; }
    .spread { stroke: #e6eaf0; }
  }
</style>
${parts.join('\n')}
</svg>
`;
}

function barsOf(measurements: Measurement[]): Bar[] {
  const labels = [...new Set(measurements.map(labelOf))];
  return labels
    .flatMap((label) => {
      const own = measurements.filter((one) => labelOf(one) === label);
      const spread = spreadOf(own.flatMap(({ figures }) => figures.perSecond ?? []));
      return spread ? [{ label, value: spread.median, min: spread.min, max: spread.max }] : [];
    })
    .sort((a, b) => b.value - a.value);
}

const labelOf = ({ target, variant }: Measurement): string => (variant ? `${target} · ${variant}` : target);

function drawPanel(title: string, bars: Bar[], top: number): { svg: string; bottom: number } {
  const room = width - labelWidth - valueWidth;
  const scale = room / Math.max(...bars.map(({ max }) => max));
  const lines = [`<text class="title" x="8" y="${top + 18}">${title}, requests/s</text>`];
  let y = top + titleHeight - 6;
  for (const { label, value, min, max } of bars) {
    const middle = y + barHeight / 2;
    const length = Math.max(1, value * scale);
    const kind = label.startsWith('latchkey') ? 'bar ours' : 'bar';
    lines.push(
      `<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${label}</text>`,
      `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="3"/>`,
      `<line class="spread" x1="${(labelWidth + min * scale).toFixed(1)}" x2="${(labelWidth + max * scale).toFixed(1)}" y1="${middle}" y2="${middle}"/>`,
      `<text x="${(labelWidth + Math.max(length, max * scale) + 8).toFixed(1)}" y="${middle + 4}">${Math.round(value).toLocaleString('en')}</text>`,
    );
    y += barHeight + gap;
  }
  return { svg: lines.join('\n'), bottom: y + 10 };
}
