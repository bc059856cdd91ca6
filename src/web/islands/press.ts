/** Presses the button of a form that only carries an answer on to an app. */
document.querySelector<HTMLButtonElement>('form[data-press] button')?.click();

export {};
