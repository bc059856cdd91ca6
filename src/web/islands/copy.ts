/** Copies a text and says so, where the browser lets a page copy. */
for (const button of document.querySelectorAll<HTMLElement>('[data-copy]')) {
  const said = button.nextElementSibling as HTMLElement | null;
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? '');
      if (said) said.textContent = said.dataset.copied ?? '';
    } catch {
      // Refused by the browser: the text stays on the page to be selected by hand.
      button.hidden = true;
    }
  });
}

export {};
