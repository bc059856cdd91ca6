/**
 * Rates a new password while it is typed, in words. The rater is large and comes when the field is first used; what is
 * typed never leaves the page before the form is sent.
 */
const meterUrl = document.querySelector<HTMLElement>('script[data-meter]')?.dataset.meter;
const longest = 64;

for (const box of document.querySelectorAll<HTMLElement>('[data-strength]')) {
  const input = document.getElementById(box.dataset.strength ?? '') as HTMLInputElement | null;
  const said = box.querySelector('[role=status]');
  if (!input || !said || !meterUrl) continue;
  const own = (box.dataset.own ?? '').split(' ');
  const minimum = Number(box.dataset.minimum);
  const levels = ['weak', 'weak', 'fair', 'good', 'strong'] as const;
  let loading: Promise<(password: string, own: string[]) => number> | undefined;
  const load = () => {
    loading ??= import(meterUrl).then((meter) => meter.rate);
    loading.catch(() => {});
    return loading;
  };

  const show = (level: string): void => {
    box.hidden = level === '';
    box.dataset.level = level;
    const words = box.dataset[level] ?? '';
    // The same words again would be read out again.
    if (said.textContent !== words) said.textContent = words;
  };
  const judge = async (): Promise<void> => {
    const text = input.value.normalize('NFC');
    if (text === '') return show('');
    if ([...text].length < minimum) return show('short');
    try {
      const rate = await load();
      // Longer ones are strong or repeat themselves; rating all of them would hold the page up.
      const level = levels[rate(text.slice(0, longest), own)] ?? 'weak';
      if (input.value.normalize('NFC') === text) show(level);
    } catch {
      // Without the rater the server's answer is all there is.
      show('');
    }
  };

  let pause: number | undefined;
  input.addEventListener('focus', () => void load().catch(() => {}), { once: true });
  input.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(() => void judge(), 300);
  });
}

export {};
