/** Prints the page. Without scripts the button stays hidden: the browser's menu does the same. */
for (const button of document.querySelectorAll<HTMLElement>('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

export {};
