/** Shows and hides what is typed into a password field. */
for (const button of document.querySelectorAll<HTMLElement>('[data-show-password]')) {
  const input = document.getElementById(button.dataset.showPassword ?? '') as HTMLInputElement | null;
  if (!input) continue;
  button.hidden = false;
  const show = (shown: boolean): void => {
    input.type = shown ? 'text' : 'password';
    button.textContent = (shown ? button.dataset.hide : button.dataset.show) ?? '';
  };
  button.addEventListener('click', () => show(input.type === 'password'));
  // Sent as a password, so that browsers neither keep it among typed texts nor offer it elsewhere.
  input.form?.addEventListener('submit', () => show(false));
}

export {};
