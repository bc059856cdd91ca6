/** Presses the button of a form that only carries an answer on to an app. A script of its own, on that page alone. */
document.querySelector<HTMLButtonElement>('form[data-press] button')?.click();

export {};
