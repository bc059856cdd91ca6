/** Takes a person to the errors of the form they sent. */
document.querySelector<HTMLElement>('[data-focus]')?.focus();

export {};
